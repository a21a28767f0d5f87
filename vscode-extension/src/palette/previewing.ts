/** Previews: the project running in a container, its page in the editor. */

import * as vscode from "vscode";

import { previewPage, type Preview } from "../previews";
import { ask, request } from "../requests";
import { here, say, type Context, type Entries } from "./entry";

interface Lines {
  readonly preview: string;
  readonly lines: readonly { readonly text: string; readonly service: string }[];
}

const STATUS = "samokoder.preview.status";

export const PREVIEWING: Entries = {
  "samokoder.startPreview": {
    needs: "samokoder.preview.start",
    run: async (context) => {
      const root = await here();
      if (root !== undefined) {
        await startPreview(context, root);
      }
    },
  },
  "samokoder.openPreview": {
    needs: STATUS,
    run: async (context) => {
      const preview = await pick(context);
      if (preview !== undefined) {
        await open(preview);
      }
    },
  },
  "samokoder.stopPreview": {
    needs: "samokoder.preview.stop",
    run: async (context) => {
      const preview = await pick(context);
      if (preview !== undefined) {
        await ask(context.server, "samokoder.preview.stop", { preview: preview.id });
        say(vscode.l10n.t("The preview is stopped."));
      }
    },
  },
  "samokoder.showPreviews": {
    needs: STATUS,
    run: async ({ server, pages }) => {
      const root = await here();
      if (root !== undefined) {
        const { previews } = await ask<{ previews: readonly Preview[] }>(server, STATUS, root);
        await pages.show("previews.md", previewPage(previews));
      }
    },
  },
  "samokoder.showPreviewLogs": {
    needs: "samokoder.preview.logs",
    run: async ({ server, pages }) => {
      const root = await here();
      if (root !== undefined) {
        const { preview, lines } = await ask<Lines>(server, "samokoder.preview.logs", root);
        const text = lines.map((line) => (line.service === "" ? line.text : `${line.service} | ${line.text}`));
        await pages.show(`preview-${preview}.log`, `${text.join("\n")}\n`);
      }
    },
  },
};

export async function startPreview({ server }: Context, root: object): Promise<void> {
  const title = vscode.l10n.t("Samokoder: preview");
  const preview = await request<Preview>(server, title, "samokoder.preview.start", { open: false, ...root });
  if (preview === undefined) {
    return;
  }
  if (preview.url === "") {
    say(preview.reason === "" ? preview.title : `${preview.title}: ${preview.reason}`);
    return;
  }
  await open(preview);
}

/** In the editor's own simple browser; forwarded when the window is a remote one. */
async function open(preview: Preview): Promise<void> {
  const address = await vscode.env.asExternalUri(vscode.Uri.parse(preview.url, true));
  await vscode.commands.executeCommand("simpleBrowser.show", address.toString(true));
}

async function pick({ server }: Context): Promise<Preview | undefined> {
  const root = await here();
  if (root === undefined) {
    return undefined;
  }
  const { previews } = await ask<{ previews: readonly Preview[] }>(server, STATUS, root);
  if (previews.length < 2) {
    if (previews.length === 0) {
      say(vscode.l10n.t("No preview is live here."));
    }
    return previews[0];
  }
  const items = previews.map((preview) => ({ label: preview.title, description: preview.url, preview }));
  return (await vscode.window.showQuickPick(items, { title: vscode.l10n.t("Which preview?") }))?.preview;
}
