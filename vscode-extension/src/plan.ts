/** The plan document: approval above its first line while a run waits for it. */

import * as vscode from "vscode";

import type { Question, RunSummary } from "./answers";
import { isActive, PLAN } from "./runs/states";
import type { Runs } from "./runs/store";
import * as spoken from "./spoken";

const APPROVE = "approve/";

export function isAboutPlan(question: Question): boolean {
  return question.key.startsWith(APPROVE);
}

export async function openPlan(root: string): Promise<void> {
  const uri = vscode.Uri.joinPath(vscode.Uri.file(root), PLAN);
  try {
    await vscode.window.showTextDocument(uri, { preview: false });
  } catch {
    // It was deleted meanwhile; the question says enough by itself.
    return;
  }
}

export class PlanLenses implements vscode.CodeLensProvider, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  private readonly subscription: vscode.Disposable;
  readonly onDidChangeCodeLenses = this.changed.event;

  constructor(private readonly runs: Runs) {
    this.subscription = runs.onDidChange(() => {
      this.changed.fire();
    });
  }

  provideCodeLenses(document: vscode.TextDocument): vscode.CodeLens[] {
    const folder = vscode.workspace.getWorkspaceFolder(document.uri);
    if (folder === undefined) {
      return [];
    }
    const root = folder.uri.fsPath;
    const mine = this.runs.active.filter((run) => run.root === root && run.kind === "generate");
    const commands = mine.length === 0 ? [work(root)] : mine.flatMap((run) => this.of(run));
    const top = new vscode.Range(0, 0, 0, 0);
    return commands.map((command) => new vscode.CodeLens(top, command));
  }

  dispose(): void {
    this.subscription.dispose();
    this.changed.dispose();
  }

  private of(run: RunSummary): vscode.Command[] {
    const open = (this.runs.seen(run.id)?.questions ?? []).filter(
      (question) => question.answer === null && isAboutPlan(question) && isActive(run),
    );
    const answers = open.flatMap((question) =>
      question.options.map((option, at) => ({
        command: "samokoder.answer",
        title: `$(${at === 0 ? "check" : "circle-slash"}) ${spoken.option(option)}`,
        arguments: [{ type: "question", run, question }, option],
      })),
    );
    if (answers.length > 0) {
      return answers;
    }
    const progress = this.runs.progress(run.id);
    const title = `$(sync~spin) ${progress === "" ? vscode.l10n.t("Samokoder is working on this plan") : progress}`;
    return [
      { command: "samokoder.showRuns", title },
      {
        command: "samokoder.cancelRun",
        title: `$(debug-stop) ${vscode.l10n.t("Cancel")}`,
        arguments: [{ type: "run", run }],
      },
    ];
  }
}

function work(root: string): vscode.Command {
  return {
    command: "samokoder.workOnPlan",
    title: `$(play) ${vscode.l10n.t("Work on this plan")}`,
    arguments: [root],
  };
}
