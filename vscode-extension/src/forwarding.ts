/** Tells the server what all servers say of the open documents, so that it can watch its fixes. */

import * as vscode from "vscode";

import type { Server } from "./requests";

const COMMAND = "samokoder.diagnostics";
/** Milliseconds in which several changes are told once. */
const GATHER = 200;

export class Forwarding implements vscode.Disposable {
  private readonly changed = new Map<string, vscode.Uri>();
  private timer: NodeJS.Timeout | undefined;
  private readonly registrations: vscode.Disposable[];

  constructor(private readonly source: { readonly server: Server | undefined }) {
    this.registrations = [
      vscode.languages.onDidChangeDiagnostics(({ uris }) => {
        this.later(uris);
      }),
      vscode.workspace.onDidOpenTextDocument(({ uri }) => {
        this.later([uri]);
      }),
    ];
  }

  /** Everything anew, for a server that has just started. */
  all(): void {
    this.later(vscode.workspace.textDocuments.map(({ uri }) => uri));
  }

  dispose(): void {
    clearTimeout(this.timer);
    for (const registration of this.registrations) {
      registration.dispose();
    }
  }

  private later(uris: readonly vscode.Uri[]): void {
    for (const uri of uris.filter(({ scheme }) => scheme === "file")) {
      this.changed.set(uri.toString(), uri);
    }
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      void this.tell();
    }, GATHER);
  }

  private async tell(): Promise<void> {
    const uris = [...this.changed.values()];
    this.changed.clear();
    const { server } = this.source;
    const open = new Set(vscode.workspace.textDocuments.map(({ uri }) => uri.toString()));
    for (const uri of uris.filter((one) => open.has(one.toString()))) {
      if (server?.has(COMMAND) !== true) {
        return;
      }
      try {
        const diagnostics = vscode.languages.getDiagnostics(uri).map(said);
        await server.execute(COMMAND, { uri: uri.toString(), diagnostics });
      } catch {
        // The server went away; the next one is told everything.
        return;
      }
    }
  }
}

/** A diagnostic as the server takes it: lines from 1, severity as in the protocol. */
export function said(diagnostic: vscode.Diagnostic): object {
  const { code } = diagnostic;
  const value = typeof code === "object" ? code.value : code;
  return {
    message: diagnostic.message,
    source: diagnostic.source ?? "",
    code: value === undefined ? "" : String(value),
    line: diagnostic.range.start.line + 1,
    severity: diagnostic.severity + 1,
  };
}
