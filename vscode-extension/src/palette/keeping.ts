/** Trust, usage, doctor, the state and the daemon. */

import * as vscode from "vscode";

import type { DoctorReport, UsageReport } from "../answers";
import { ask, request } from "../requests";
import { doctorPage, factsPage, usagePage } from "../texts";
import { here, say, sure, type Context, type Entries } from "./entry";

interface Consent {
  readonly kind: "commands" | "provider";
  readonly subject: string;
}

interface Backup {
  readonly path: string;
}

export const KEEPING: Entries = {
  "samokoder.manageTrust": { needs: "samokoder.trust", run: trust },
  "samokoder.runDoctor": {
    needs: "samokoder.doctor",
    run: async ({ server, pages }) => {
      const title = vscode.l10n.t("Samokoder: doctor");
      const root = await here();
      const report = root && (await request<DoctorReport>(server, title, "samokoder.doctor", root));
      if (report !== undefined) {
        await pages.show("doctor.md", doctorPage(report));
      }
    },
  },
  "samokoder.showUsage": {
    needs: "samokoder.usage",
    run: async ({ server, pages }) => {
      const title = vscode.l10n.t("Samokoder: usage");
      const groups = [
        { label: vscode.l10n.t("by model"), by: "model" },
        { label: vscode.l10n.t("by run"), by: "run" },
        { label: vscode.l10n.t("by agent"), by: "agent" },
        { label: vscode.l10n.t("by day"), by: "day" },
      ];
      const group = await vscode.window.showQuickPick(groups, { title });
      const root = group && (await here());
      if (root !== undefined) {
        const report = await ask<UsageReport>(server, "samokoder.usage", { by: group?.by, ...root });
        await pages.show("usage.md", usagePage(report));
      }
    },
  },
  "samokoder.collectState": {
    needs: "samokoder.state.gc",
    run: (context) => facts(context, vscode.l10n.t("Samokoder: tidy up the state"), "samokoder.state.gc"),
  },
  "samokoder.backupState": {
    needs: "samokoder.state.backup",
    run: (context) => facts(context, vscode.l10n.t("Samokoder: back up the state"), "samokoder.state.backup"),
  },
  "samokoder.verifyState": {
    needs: "samokoder.state.verify",
    run: (context) => facts(context, vscode.l10n.t("Samokoder: verify the state"), "samokoder.state.verify"),
  },
  "samokoder.restoreState": {
    needs: "samokoder.state.restore",
    run: async (context) => {
      const title = vscode.l10n.t("Samokoder: restore the state from which backup?");
      const { backups } = await ask<{ backups: readonly Backup[] }>(context.server, "samokoder.state.backup", {
        list: true,
      });
      const picked = await vscode.window.showQuickPick(backups.map(({ path }) => path), { title });
      const question = vscode.l10n.t("Put this backup in the place of the state? The replaced file is kept.");
      if (picked !== undefined && (await sure(question, vscode.l10n.t("Restore")))) {
        await facts(context, title, "samokoder.state.restore", { path: picked, yes: true });
      }
    },
  },
  "samokoder.purgeState": {
    needs: "samokoder.state.purge",
    run: async (context) => {
      const root = await here();
      const question = vscode.l10n.t("Remove everything Samokoder knows about this workspace, the history of its runs included?");
      if (root !== undefined && (await sure(question, vscode.l10n.t("Remove")))) {
        const title = vscode.l10n.t("Samokoder: forget this workspace");
        await facts(context, title, "samokoder.state.purge", { yes: true, ...root });
        await context.runs.load();
      }
    },
  },
  "samokoder.daemonStatus": {
    needs: "samokoder.daemon.status",
    run: (context) => facts(context, vscode.l10n.t("Samokoder: daemon"), "samokoder.daemon.status"),
  },
  "samokoder.stopDaemon": {
    needs: "samokoder.daemon.stop",
    run: async ({ server }) => {
      await ask(server, "samokoder.daemon.stop");
    },
  },
};

async function facts(context: Context, title: string, command: string, args: object = {}): Promise<void> {
  const answer = await request<object>(context.server, title, command, args);
  if (answer !== undefined) {
    await context.pages.show(`${command}.md`, factsPage(title, answer));
  }
}

/** What is allowed in a folder, to be granted and taken back. */
async function trust({ server }: Context): Promise<void> {
  const root = await here();
  if (root === undefined) {
    return;
  }
  const command = "samokoder.trust";
  const { consents } = await ask<{ consents: readonly Consent[] }>(server, command, { list: true, ...root });
  const held = consents.map((consent) => ({
    label: `$(trash) ${described(consent)}`,
    description: vscode.l10n.t("take back"),
    args: { kind: consent.kind, subject: consent.subject, revoke: true },
  }));
  const commands = { kind: "commands" as const, subject: "" };
  const grant = {
    label: `$(shield) ${described(commands)}`,
    description: vscode.l10n.t("allow"),
    args: { ...commands, revoke: false },
  };
  const items = consents.some(({ kind }) => kind === "commands") ? held : [grant, ...held];
  const title = vscode.l10n.t("What may Samokoder do in this workspace?");
  const picked = await vscode.window.showQuickPick(items, { title });
  if (picked !== undefined) {
    await ask(server, command, { ...picked.args, ...root });
    say(vscode.l10n.t("Noted."));
  }
}

function described({ kind, subject }: Consent): string {
  return kind === "commands"
    ? vscode.l10n.t("Run the project's own commands")
    : vscode.l10n.t("Send code to {0}", subject);
}
