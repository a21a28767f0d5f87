/** What a command of the palette is given, and what it is. */

import * as vscode from "vscode";

import type { Keys } from "../keys";
import type { Pages } from "../pages";
import type { Server } from "../requests";
import type { ChangeDocuments } from "../runs/documents";
import type { Runs } from "../runs/store";

export interface Context {
  readonly server: Server;
  readonly pages: Pages;
  readonly runs: Runs;
  readonly documents: ChangeDocuments;
  readonly keys: Keys;
}

/** `needs` is the server's command behind it; servers that lack it do not show it. */
export interface Entry {
  readonly needs: string;
  readonly run: (context: Context, argument?: unknown, more?: unknown) => Promise<void>;
}

export type Entries = Readonly<Record<string, Entry>>;

/** The folder that is meant: the active file's, the only one, or the one the user picks. */
export async function here(): Promise<{ root?: string } | undefined> {
  const uri = vscode.window.activeTextEditor?.document.uri;
  const active = uri === undefined ? undefined : vscode.workspace.getWorkspaceFolder(uri);
  const folders = vscode.workspace.workspaceFolders ?? [];
  if (active !== undefined || folders.length < 2) {
    const folder = active ?? folders[0];
    return folder === undefined ? {} : { root: folder.uri.fsPath };
  }
  const picked = await vscode.window.showWorkspaceFolderPick();
  return picked === undefined ? undefined : { root: picked.uri.fsPath };
}

/** The active file; undefined when there is none (the user has been told). */
export function activeFile(): vscode.TextEditor | undefined {
  const editor = vscode.window.activeTextEditor;
  if (editor?.document.uri.scheme === "file") {
    return editor;
  }
  void vscode.window.showWarningMessage(vscode.l10n.t("Open the file that is meant first."));
  return undefined;
}

/** A line of text from the user; undefined when there is none. */
export async function typed(title: string, prompt: string, value = ""): Promise<string | undefined> {
  const text = await vscode.window.showInputBox({ title, prompt, value, ignoreFocusOut: true });
  return text === undefined || text.trim() === "" ? undefined : text.trim();
}

/** Whether the user really means it. */
export async function sure(question: string, yes: string): Promise<boolean> {
  return (await vscode.window.showWarningMessage(question, { modal: true }, yes)) === yes;
}

export function say(text: string): void {
  void vscode.window.showInformationMessage(text);
}
