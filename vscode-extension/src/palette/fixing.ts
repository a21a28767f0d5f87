/** Fixing and checking. */

import * as vscode from "vscode";

import type { CheckAnswer, FixAnswer } from "../answers";
import { request } from "../requests";
import { undo } from "../runs/decisions";
import { checked, fixed } from "../texts";
import { activeFile, here, typed, type Context, type Entries } from "./entry";

const FIX = "samokoder.fix";

export const FIXING: Entries = {
  "samokoder.fixFile": {
    needs: FIX,
    run: async (context) => {
      const editor = activeFile();
      if (editor !== undefined) {
        const title = vscode.l10n.t("Samokoder: fix this file");
        await fix(context, title, { uri: editor.document.uri.toString() });
      }
    },
  },
  "samokoder.fixAll": {
    needs: FIX,
    run: async (context) => {
      const root = await here();
      if (root !== undefined) {
        await fix(context, vscode.l10n.t("Samokoder: fix everything"), { all: true, ...root });
      }
    },
  },
  "samokoder.fixCommand": {
    needs: FIX,
    run: async (context) => {
      const title = vscode.l10n.t("Samokoder: fix a failing command");
      const root = await here();
      const check = root && (await typed(title, vscode.l10n.t("The command that fails, for example: pytest -q")));
      if (check !== undefined) {
        await fix(context, title, { check, ...root });
      }
    },
  },
  "samokoder.fixText": {
    needs: FIX,
    run: async (context) => {
      const title = vscode.l10n.t("Samokoder: fix a pasted error");
      const root = await here();
      const text = root && (await errorText(title));
      if (text !== undefined) {
        await fix(context, title, { text, ...root });
      }
    },
  },
  "samokoder.checkWorkspace": {
    needs: "samokoder.check",
    run: async ({ server }) => {
      const root = await here();
      if (root === undefined) {
        return;
      }
      const title = vscode.l10n.t("Samokoder: check");
      const answer = await request<CheckAnswer>(server, title, "samokoder.check", root);
      if (answer === undefined) {
        return;
      }
      const problems = vscode.l10n.t("Show problems");
      const buttons = answer.problems.length > 0 ? [problems] : [];
      void vscode.window.showInformationMessage(checked(answer), ...buttons).then((pressed) => {
        if (pressed === problems) {
          void vscode.commands.executeCommand("workbench.actions.view.problems");
        }
      });
    },
  },
};

/** Asks for a fix and shows what came of it, with the next steps as buttons. */
export async function fix(context: Context, title: string, args: object, command = FIX): Promise<void> {
  const answer = await request<FixAnswer>(context.server, title, command, args);
  if (answer === undefined) {
    return;
  }
  const show = vscode.l10n.t("Show");
  const back = vscode.l10n.t("Undo");
  const view = await context.runs.view(answer.run.id);
  const shown = view !== undefined && view.changes.length > 0 ? [show] : [];
  const buttons = answer.applied ? [...shown, back] : shown;
  // Not awaited: the toast stays as long as the user likes, the command is over.
  void vscode.window.showInformationMessage(fixed(answer, view), ...buttons).then(async (pressed) => {
    if (pressed === show) {
      await context.documents.openAll({ type: "run", run: answer.run });
    } else if (pressed === back) {
      await undo(context.server, { type: "run", run: answer.run });
    }
  });
}

/** The error: what is selected, what is in the clipboard, or what the user types. */
async function errorText(title: string): Promise<string | undefined> {
  const editor = vscode.window.activeTextEditor;
  const selection = editor?.document.getText(editor.selection) ?? "";
  const clipboard = await vscode.env.clipboard.readText();
  const items = [
    { label: vscode.l10n.t("What is selected"), text: selection },
    { label: vscode.l10n.t("What is in the clipboard"), text: clipboard },
  ]
    .filter(({ text }) => text.trim() !== "")
    .map((item) => ({ ...item, detail: item.text.trim().split("\n").at(-1)?.slice(0, 120) ?? "" }));
  const type = { label: vscode.l10n.t("Type it…"), text: "", detail: "" };
  const picked = await vscode.window.showQuickPick([...items, type], { title });
  if (picked?.text !== "") {
    return picked?.text;
  }
  return typed(title, vscode.l10n.t("The error message or the stack trace"));
}
