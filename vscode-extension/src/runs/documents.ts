/** A change's files before and after as read-only documents, for VS Code's own diff editor. */

import * as vscode from "vscode";

import type { FileTexts, Hunk } from "../answers";
import { ask, type Server } from "../requests";
import type { FileNode, HunkNode, Node } from "./nodes";
import { ownChanges } from "./states";
import type { Runs } from "./store";

export const SCHEME = "samokoder-change";

export interface Place {
  readonly run: string;
  readonly change: number;
  readonly side: "before" | "after";
  /** The file's name before the change. */
  readonly file: string;
}

/** The path ends with the file's name, so that VS Code knows its language. */
export function uriOf(place: Place, shown: string): vscode.Uri {
  const query = new URLSearchParams({ file: place.file }).toString();
  return vscode.Uri.from({
    scheme: SCHEME,
    path: `/${place.run}/${place.change}/${place.side}/${shown}`,
    query,
  });
}

export function placeOf(uri: vscode.Uri): Place | undefined {
  const [, run, change, side] = uri.path.split("/");
  const file = new URLSearchParams(uri.query).get("file");
  if (uri.scheme !== SCHEME || run === undefined || (side !== "before" && side !== "after") || file === null) {
    return undefined;
  }
  return { run, change: Number(change), side, file };
}

/** Lines of the side's text that a hunk stands in, counted from 0; an empty hunk stands before one. */
export function linesOf(hunk: Hunk, side: Place["side"]): { readonly first: number; readonly last: number } {
  const text = side === "before" ? hunk.before : hunk.after;
  const first = (side === "before" ? hunk.before_line : hunk.after_line) - 1;
  const count = text === "" ? 0 : text.replace(/\r?\n$/, "").split("\n").length;
  return { first, last: Math.max(first, first + count - 1) };
}

export class ChangeDocuments implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  private readonly registrations: vscode.Disposable[];
  readonly onDidChange = this.changed.event;

  constructor(
    private readonly runs: Runs,
    private readonly server: () => Promise<Server | undefined>,
  ) {
    this.registrations = [
      vscode.workspace.registerTextDocumentContentProvider(SCHEME, this),
      runs.onDidChange((id) => {
        this.refresh(id);
      }),
    ];
  }

  async provideTextDocumentContent(uri: vscode.Uri): Promise<string> {
    const place = placeOf(uri);
    const server = await this.server();
    if (place === undefined || server === undefined) {
      return "";
    }
    const { run, change, file } = place;
    const [texts] = await ask<FileTexts[]>(server, "samokoder.run.diff", { run, change, file: [file] });
    if (texts?.binary === true) {
      return vscode.l10n.t("This file is not text.");
    }
    return texts?.[place.side] ?? "";
  }

  /** Opens the diff of a file, at a hunk when one is meant. */
  async open(node: FileNode | HunkNode): Promise<void> {
    const { run, change, file } = node;
    const target = file.new_path ?? file.path;
    const common = { run: run.id, change: change.id, file: file.path };
    const before = uriOf({ ...common, side: "before" }, file.path);
    const after = uriOf({ ...common, side: "after" }, target);
    const at = node.type === "hunk" ? node.hunk : file.hunks[0];
    const line = at === undefined ? 0 : linesOf(at, "after").first;
    const title = `${target} · ${run.title}`;
    await vscode.commands.executeCommand("vscode.diff", before, after, title, {
      selection: new vscode.Range(line, 0, line, 0),
      preview: true,
    });
  }

  /** Opens every file of a run or a change in one editor. */
  async openAll(node: Node): Promise<void> {
    const view = this.runs.seen(node.run.id) ?? (await this.runs.view(node.run.id));
    const changes = node.type === "change" ? [node.change] : view === undefined ? [] : ownChanges(view);
    const files = changes.flatMap((change) =>
      change.files.map((file) => {
        const target = file.new_path ?? file.path;
        const common = { run: node.run.id, change: change.id, file: file.path };
        return [
          vscode.Uri.joinPath(vscode.Uri.file(node.run.root), target),
          uriOf({ ...common, side: "before" }, file.path),
          uriOf({ ...common, side: "after" }, target),
        ] as const;
      }),
    );
    if (files.length === 0) {
      void vscode.window.showInformationMessage(vscode.l10n.t("This run has changed nothing."));
      return;
    }
    await vscode.commands.executeCommand("vscode.changes", node.run.title, files);
  }

  /** The hunk at the cursor of a change's document, as a node. */
  at(editor: vscode.TextEditor | undefined): HunkNode | undefined {
    const place = editor === undefined ? undefined : placeOf(editor.document.uri);
    const found = place === undefined ? undefined : this.file(place);
    if (editor === undefined || place === undefined || found === undefined) {
      return undefined;
    }
    const line = editor.selection.active.line;
    const hunk = found.file.hunks.find((one) => {
      const { first, last } = linesOf(one, place.side);
      return first <= line && line <= last;
    });
    return hunk === undefined ? undefined : { ...found, type: "hunk", hunk };
  }

  /** The file a document shows one side of, as a node. */
  file(place: Place): FileNode | undefined {
    const run = this.runs.get(place.run) ?? this.runs.seen(place.run)?.summary;
    const change = this.runs.seen(place.run)?.changes.find(({ id }) => id === place.change);
    const file = change?.files.find((one) => one.path === place.file);
    if (run === undefined || change === undefined || file === undefined) {
      return undefined;
    }
    return { type: "file", run, change, file };
  }

  dispose(): void {
    this.changed.dispose();
    for (const registration of this.registrations) {
      registration.dispose();
    }
  }

  private refresh(id: string | undefined): void {
    for (const { uri } of vscode.workspace.textDocuments) {
      const place = placeOf(uri);
      // What was decided shows in the text only when it was rejected.
      if (place !== undefined && (id === undefined || place.run === id) && place.side === "after") {
        this.changed.fire(uri);
      }
    }
  }
}
