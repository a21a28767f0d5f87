/** Models: which one answers, keys, the embedded one's weights. */

import * as vscode from "vscode";

import type { ModelStatus } from "../answers";
import { ask, request, type Server } from "../requests";
import { modelsPage } from "../texts";
import { here, say, sure, type Entries } from "./entry";

interface Weights {
  readonly name: string;
  readonly title: string;
  readonly size: number;
  readonly licence: string;
  readonly installed: boolean;
  readonly default: boolean;
}

interface Done {
  readonly message: string;
}

export const MODELS: Entries = {
  "samokoder.showModels": {
    needs: "samokoder.model.status",
    run: async ({ server, pages }) => {
      const root = await here();
      if (root !== undefined) {
        const status = await ask<ModelStatus>(server, "samokoder.model.status", root);
        await pages.show("models.md", modelsPage(status));
      }
    },
  },
  "samokoder.pullModel": {
    needs: "samokoder.model.pull",
    run: async ({ server }) => {
      const title = vscode.l10n.t("Samokoder: pull the embedded model");
      const model = await pick(server, title, () => true);
      // Picking it was the agreement; its size and licence stood beside it.
      await done(server, title, "samokoder.model.pull", model && { name: model.name, yes: true });
    },
  },
  "samokoder.useModel": {
    needs: "samokoder.model.use",
    run: async ({ server }) => {
      const title = vscode.l10n.t("Samokoder: use which weights?");
      const model = await pick(server, title, ({ installed }) => installed);
      await done(server, title, "samokoder.model.use", model && { name: model.name });
    },
  },
  "samokoder.removeModel": {
    needs: "samokoder.model.remove",
    run: async ({ server }) => {
      const title = vscode.l10n.t("Samokoder: remove which weights?");
      const model = await pick(server, title, ({ installed }) => installed);
      const yes = vscode.l10n.t("Remove");
      if (model !== undefined && (await sure(vscode.l10n.t("Remove {0}?", model.title), yes))) {
        await done(server, title, "samokoder.model.remove", { name: model.name });
      }
    },
  },
  "samokoder.setKey": {
    needs: "samokoder.model.key",
    run: ({ server, keys }) => keys.set(server),
  },
  "samokoder.forgetKey": {
    needs: "samokoder.model.key",
    run: ({ server, keys }) => keys.forget(server),
  },
};

async function pick(
  server: Server,
  title: string,
  wanted: (model: Weights) => boolean,
): Promise<Weights | undefined> {
  const { models } = await ask<{ models: readonly Weights[] }>(server, "samokoder.model.list");
  const items = models.filter(wanted).map((model) => ({
    label: model.title,
    description: `${(model.size / 1e9).toFixed(2)} GB, ${model.licence}`,
    detail: model.installed ? vscode.l10n.t("here") : vscode.l10n.t("not here yet"),
    model,
  }));
  if (items.length === 0) {
    say(vscode.l10n.t("No weights are here yet."));
    return undefined;
  }
  return (await vscode.window.showQuickPick(items, { title }))?.model;
}

async function done(server: Server, title: string, command: string, args: object | undefined): Promise<void> {
  const answer = args && (await request<Done>(server, title, command, args));
  if (answer !== undefined) {
    say(answer.message);
  }
}
