/** The palette's commands. Their ids differ from the server's, which the client library registers. */

import * as vscode from "vscode";

import type { CheckAnswer, DoctorReport, FixAnswer, UsageReport } from "./answers";
import type { Pages } from "./pages";
import { request, type Server } from "./requests";
import { showRun, showRuns, undoRun } from "./runs";
import { checked, doctorPage, fixed, usagePage } from "./texts";

type Handler = (server: Server, pages: Pages) => Promise<void>;

export const COMMANDS: Readonly<Record<string, Handler>> = {
  "samokoder.fixFile": async (server, pages) => {
    const document = vscode.window.activeTextEditor?.document;
    if (document?.uri.scheme !== "file") {
      void vscode.window.showWarningMessage(vscode.l10n.t("Open the file that should be fixed first."));
      return;
    }
    const title = vscode.l10n.t("Samokoder: fix this file");
    await fix(server, pages, title, { uri: document.uri.toString() });
  },
  "samokoder.fixAll": async (server, pages) => {
    await fix(server, pages, vscode.l10n.t("Samokoder: fix everything"), { all: true, ...here() });
  },
  "samokoder.checkWorkspace": async (server) => {
    const title = vscode.l10n.t("Samokoder: check");
    const answer = await request<CheckAnswer>(server, title, "samokoder.check", here());
    if (answer !== undefined) {
      void vscode.window.showInformationMessage(checked(answer));
    }
  },
  "samokoder.showRuns": showRuns,
  "samokoder.pullModel": async (server) => {
    const title = vscode.l10n.t("Samokoder: pull the embedded model");
    if ((await request(server, title, "samokoder.model.pull")) !== undefined) {
      void vscode.window.showInformationMessage(vscode.l10n.t("The embedded model is ready."));
    }
  },
  "samokoder.runDoctor": async (server, pages) => {
    const title = vscode.l10n.t("Samokoder: doctor");
    const report = await request<DoctorReport>(server, title, "samokoder.doctor", here());
    if (report !== undefined) {
      await pages.show("doctor.txt", doctorPage(report));
    }
  },
  "samokoder.showUsage": async (server, pages) => {
    const title = vscode.l10n.t("Samokoder: usage");
    const report = await request<UsageReport>(server, title, "samokoder.usage", here());
    if (report !== undefined) {
      await pages.show("usage.txt", usagePage(report));
    }
  },
};

/** Asks for a fix and shows what came of it, with the next steps as buttons. */
export async function fix(
  server: Server,
  pages: Pages,
  title: string,
  args: Readonly<Record<string, unknown>>,
): Promise<void> {
  const answer = await request<FixAnswer>(server, title, "samokoder.fix", args);
  if (answer === undefined) {
    return;
  }
  const show = vscode.l10n.t("Show");
  const undo = vscode.l10n.t("Undo");
  const buttons = answer.applied ? [show, undo] : [show];
  // Not awaited: the toast stays as long as the user likes, the command is over.
  void vscode.window.showInformationMessage(fixed(answer), ...buttons).then(async (pressed) => {
    if (pressed === show) {
      await showRun(server, pages, answer.run);
    } else if (pressed === undo) {
      await undoRun(server, answer.run);
    }
  });
}

/** The folder of the active file, so that the right workspace of several is meant. */
function here(): { root?: string } {
  const uri = vscode.window.activeTextEditor?.document.uri;
  const folder = uri === undefined ? undefined : vscode.workspace.getWorkspaceFolder(uri);
  return folder === undefined ? {} : { root: folder.uri.fsPath };
}
