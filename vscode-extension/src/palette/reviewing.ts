/** Reviews, their findings, and explanations. */

import * as vscode from "vscode";

import { ask, request } from "../requests";
import { explanationPage, findingPlace, reviewed, type Explanation, type Finding, type ReviewAnswer } from "../reviews";
import { activeFile, here, say, typed, type Context, type Entries } from "./entry";

const REVIEW = "samokoder.review";
const DISMISS = "samokoder.finding.dismiss";
const EXPLAIN = "samokoder.explain";

export const REVIEWING: Entries = {
  "samokoder.reviewChanges": {
    needs: REVIEW,
    run: async (context) => {
      const root = await here();
      const what = root && (await scope());
      if (what !== undefined) {
        await review(context, { ...what, ...root });
      }
    },
  },
  "samokoder.reviewFile": {
    needs: REVIEW,
    run: async (context) => {
      const editor = activeFile();
      if (editor !== undefined) {
        await review(context, { uri: editor.document.uri.toString() });
      }
    },
  },
  "samokoder.reviewSelection": {
    needs: REVIEW,
    run: async (context) => {
      const editor = activeFile();
      if (editor === undefined) {
        return;
      }
      const { start, end } = editor.selection;
      // A selection that ends before the first character of a line does not mean that line.
      const last = end.character === 0 && end.line > start.line ? end.line : end.line + 1;
      await review(context, { uri: editor.document.uri.toString(), line: start.line + 1, end_line: last });
    },
  },
  "samokoder.showFindings": {
    needs: "samokoder.finding.list",
    run: async ({ server }) => {
      const root = await here();
      const found = root && (await pickFinding(await ask<Finding[]>(server, "samokoder.finding.list", root)));
      if (found !== undefined) {
        await goTo(found, root?.root);
      }
    },
  },
  "samokoder.dismissFinding": {
    needs: DISMISS,
    run: async (context) => {
      const args = await offered(DISMISS);
      if (args !== undefined) {
        await dismiss(context, args);
        return;
      }
      const root = await here();
      const listed = root && (await ask<Finding[]>(context.server, "samokoder.finding.list", root));
      const found = listed && (await pickFinding(listed));
      if (found !== undefined) {
        await dismiss(context, { finding: found.fingerprint, ...root });
      }
    },
  },
  "samokoder.restoreFinding": {
    needs: DISMISS,
    run: async ({ server }) => {
      const root = await here();
      const listed =
        root && (await ask<Finding[]>(server, "samokoder.finding.list", { dismissed: true, ...root }));
      const found = listed && (await pickFinding(listed.filter(({ dismissed }) => dismissed !== "")));
      if (found !== undefined) {
        await ask(server, DISMISS, { finding: found.fingerprint, revoke: true, ...root });
      }
    },
  },
  "samokoder.exportFindings": {
    needs: "samokoder.finding.export",
    run: async ({ server }) => {
      const title = vscode.l10n.t("Samokoder: export the findings as");
      const formats = [
        { label: "SARIF 2.1.0", format: "sarif", language: "json" },
        { label: "JSON", format: "json", language: "json" },
        { label: "Markdown", format: "markdown", language: "markdown" },
      ];
      const picked = await vscode.window.showQuickPick(formats, { title });
      const root = picked && (await here());
      if (picked === undefined || root === undefined) {
        return;
      }
      const answer = await ask<unknown>(server, "samokoder.finding.export", { format: picked.format, ...root });
      const prose = (answer as { markdown?: unknown } | null)?.markdown;
      const content = typeof prose === "string" ? prose : `${JSON.stringify(answer, null, 2)}\n`;
      const document = await vscode.workspace.openTextDocument({ content, language: picked.language });
      await vscode.window.showTextDocument(document);
    },
  },
  "samokoder.explainHere": {
    needs: EXPLAIN,
    run: async (context) => {
      const args = (await offered(EXPLAIN)) ?? (await here());
      if (args !== undefined) {
        await explain(context, args);
      }
    },
  },
};

export async function review({ server }: Context, args: object): Promise<void> {
  const title = vscode.l10n.t("Samokoder: review");
  const answer = await request<ReviewAnswer>(server, title, REVIEW, args);
  if (answer === undefined) {
    return;
  }
  const problems = vscode.l10n.t("Show problems");
  const buttons = answer.findings.length > 0 ? [problems] : [];
  void vscode.window.showInformationMessage(reviewed(answer), ...buttons).then((pressed) => {
    if (pressed === problems) {
      void vscode.commands.executeCommand("workbench.actions.view.problems");
    }
  });
}

export async function dismiss({ server }: Context, args: object): Promise<void> {
  const reason = await vscode.window.showInputBox({
    title: vscode.l10n.t("Samokoder: dismiss the finding"),
    prompt: vscode.l10n.t("Why it is none (may be left empty)"),
  });
  if (reason !== undefined) {
    await ask(server, DISMISS, { ...args, reason });
    const said = vscode.l10n.t("The finding is dismissed. It can be shown again by a command.");
    vscode.window.setStatusBarMessage(`$(check) ${said}`, 5000);
  }
}

export async function explain({ server, pages }: Context, args: object): Promise<void> {
  const title = vscode.l10n.t("Samokoder: explain");
  const answer = await request<Explanation>(server, title, EXPLAIN, args);
  if (answer !== undefined) {
    await pages.show("explanation.md", explanationPage(answer));
  }
}

/** What is to be reviewed. */
async function scope(): Promise<object | undefined> {
  const title = vscode.l10n.t("Samokoder: review what?");
  const items = [
    { label: vscode.l10n.t("Uncommitted changes"), args: () => Promise.resolve({}) },
    {
      label: vscode.l10n.t("What changed since a branch or commit…"),
      args: async () => wrapped("diff", await typed(title, vscode.l10n.t("The branch or commit"), "main")),
    },
    {
      label: vscode.l10n.t("One commit…"),
      args: async () => wrapped("commit", await typed(title, vscode.l10n.t("The commit"), "HEAD")),
    },
    { label: vscode.l10n.t("The whole workspace as it stands"), args: () => Promise.resolve({ all: true }) },
  ];
  return (await vscode.window.showQuickPick(items, { title }))?.args();
}

function wrapped(name: string, value: string | undefined): object | undefined {
  return value === undefined ? undefined : { [name]: value };
}

/** The arguments with which the server itself offers a command at the cursor. */
async function offered(command: string): Promise<object | undefined> {
  const editor = vscode.window.activeTextEditor;
  if (editor === undefined) {
    return undefined;
  }
  const actions = await vscode.commands.executeCommand<(vscode.CodeAction | vscode.Command)[]>(
    "vscode.executeCodeActionProvider",
    editor.document.uri,
    editor.selection,
  );
  const mine = actions.flatMap((action) => {
    const inner = typeof action.command === "string" ? (action as vscode.Command) : action.command;
    const args: unknown = inner?.arguments?.[0];
    return inner?.command === command ? [{ label: action.title, args: args as object }] : [];
  });
  if (mine.length < 2) {
    return mine[0]?.args;
  }
  return (await vscode.window.showQuickPick(mine))?.args;
}

async function pickFinding(found: readonly Finding[]): Promise<Finding | undefined> {
  if (found.length === 0) {
    say(vscode.l10n.t("There are no findings."));
    return undefined;
  }
  const items = found.map((finding) => ({
    label: finding.message,
    description: `${finding.path}:${finding.line}`,
    detail: [finding.severity, finding.rule, finding.dismissed].filter((part) => part !== "").join(" · "),
    finding,
  }));
  const title = vscode.l10n.t("Samokoder: findings");
  const options = { title, matchOnDescription: true, matchOnDetail: true };
  return (await vscode.window.showQuickPick(items, options))?.finding;
}

async function goTo(finding: Finding, root: string | undefined): Promise<void> {
  const folder = root ?? vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? "";
  const { line, column } = findingPlace(finding);
  const uri = vscode.Uri.joinPath(vscode.Uri.file(folder), finding.path);
  const selection = new vscode.Range(line, column, line, column);
  await vscode.window.showTextDocument(uri, { selection });
}
