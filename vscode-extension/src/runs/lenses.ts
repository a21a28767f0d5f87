/** Accept, reject and undo above each hunk of a change's document. */

import * as vscode from "vscode";

import { linesOf, placeOf, type ChangeDocuments } from "./documents";
import { isApplied, isProposed, word } from "./states";
import type { Runs } from "./store";
import type { HunkNode } from "./nodes";

export class HunkLenses implements vscode.CodeLensProvider, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  private readonly subscription: vscode.Disposable;
  readonly onDidChangeCodeLenses = this.changed.event;

  constructor(
    private readonly documents: ChangeDocuments,
    runs: Runs,
  ) {
    this.subscription = runs.onDidChange(() => {
      this.changed.fire();
    });
  }

  provideCodeLenses(document: vscode.TextDocument): vscode.CodeLens[] {
    const place = placeOf(document.uri);
    const found = place === undefined ? undefined : this.documents.file(place);
    if (place === undefined || found === undefined) {
      return [];
    }
    return found.file.hunks.flatMap((hunk) => {
      const { first } = linesOf(hunk, place.side);
      const line = Math.min(first, Math.max(0, document.lineCount - 1));
      const range = new vscode.Range(line, 0, line, 0);
      return lenses({ ...found, type: "hunk", hunk }).map((command) => new vscode.CodeLens(range, command));
    });
  }

  dispose(): void {
    this.subscription.dispose();
    this.changed.dispose();
  }
}

function lenses(node: HunkNode): vscode.Command[] {
  const { l10n } = vscode;
  if (isProposed(node.hunk)) {
    return [
      { command: "samokoder.accept", title: `$(check) ${l10n.t("Accept")}`, arguments: [node] },
      { command: "samokoder.reject", title: `$(x) ${l10n.t("Reject")}`, arguments: [node] },
    ];
  }
  if (isApplied(node.hunk)) {
    return [{ command: "samokoder.undo", title: `$(discard) ${l10n.t("Undo")}`, arguments: [node] }];
  }
  return [{ command: "", title: word(node.hunk.state) }];
}
