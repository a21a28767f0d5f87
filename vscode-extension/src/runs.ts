/** The list of runs and what can be done with one. */

import * as vscode from "vscode";

import type { RunAnswer, RunSummary, RunView } from "./answers";
import type { Pages } from "./pages";
import { request, type Server } from "./requests";
import { isActive, runItem, runPage } from "./texts";

interface RunItem extends vscode.QuickPickItem {
  readonly run: RunSummary;
}

interface Choice extends vscode.QuickPickItem {
  readonly command: string;
}

export async function showRuns(server: Server, pages: Pages): Promise<void> {
  const title = vscode.l10n.t("Samokoder: runs");
  const runs = await request<RunSummary[]>(server, title, "samokoder.run.list");
  if (runs === undefined) {
    return;
  }
  if (runs.length === 0) {
    void vscode.window.showInformationMessage(vscode.l10n.t("There is no run in this workspace yet."));
    return;
  }
  const items = runs.map((run): RunItem => ({ ...runItem(run), run }));
  const picked = await vscode.window.showQuickPick(items, { title, matchOnDetail: true });
  if (picked !== undefined) {
    await actOn(server, pages, picked.run);
  }
}

/** Lets the user choose what to do with one run, and does it. */
export async function actOn(server: Server, pages: Pages, run: RunSummary): Promise<void> {
  const choice = await vscode.window.showQuickPick(choices(run), { title: run.title });
  if (choice?.command === "samokoder.run.show") {
    await showRun(server, pages, run);
  } else if (choice !== undefined) {
    const answer = await request<RunAnswer>(server, choice.label, choice.command, { run: run.id });
    report(answer);
  }
}

export async function showRun(server: Server, pages: Pages, run: RunSummary): Promise<void> {
  const view = await request<RunView>(server, run.title, "samokoder.run.show", { run: run.id });
  if (view !== undefined) {
    await pages.show(`${run.id}.diff`, runPage(view));
  }
}

export async function undoRun(server: Server, run: RunSummary): Promise<void> {
  const title = vscode.l10n.t("Undo");
  report(await request<RunAnswer>(server, title, "samokoder.run.undo", { run: run.id }));
}

function choices(run: RunSummary): Choice[] {
  const show = { label: vscode.l10n.t("Show"), command: "samokoder.run.show" };
  const cancel = { label: vscode.l10n.t("Cancel"), command: "samokoder.run.cancel" };
  const undo = { label: vscode.l10n.t("Undo"), command: "samokoder.run.undo" };
  return isActive(run) ? [show, cancel] : [show, undo];
}

function report(answer: RunAnswer | undefined): void {
  if (answer === undefined) {
    return;
  }
  if (answer.conflicts.length > 0) {
    void vscode.window.showWarningMessage(`${answer.message} ${answer.conflicts.join(", ")}`);
  } else {
    void vscode.window.showInformationMessage(answer.message);
  }
}
