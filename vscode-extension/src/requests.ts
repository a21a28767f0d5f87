/** One request to the server, with progress whose Cancel button really cancels. */

import * as vscode from "vscode";

import { failure, isCancelled } from "./failures";

export interface Progress {
  readonly kind: "begin" | "report" | "end";
  readonly message?: string;
  readonly percentage?: number;
}

/** What is needed of the language client. */
export interface Server {
  /** Runs one command of the server; fails with what the server said. */
  execute(command: string, args: object, token?: string): Promise<unknown>;
  onProgress(token: string, listener: (value: Progress) => void): vscode.Disposable;
  /** Cancels the work that reports on this token. */
  cancel(token: string): void;
  /** Whether the server has this command. */
  has(command: string): boolean;
}

let counter = 0;

/** The answer to a short question, without any sign of it; fails with what the server said. */
export async function ask<T>(server: Server, command: string, args: object = {}): Promise<T> {
  return (await server.execute(command, args)) as T;
}

/**
 * Runs one server command; undefined when it was cancelled or failed (the user has been told).
 * The token is ours, because the client library shows the server's own only in the status bar
 * and without Cancel.
 */
export async function request<T>(
  server: Server,
  title: string,
  command: string,
  args: object = {},
): Promise<T | undefined> {
  counter += 1;
  const token = `samokoder-${process.pid}-${counter}`;
  try {
    return await vscode.window.withProgress(
      { location: vscode.ProgressLocation.Notification, title, cancellable: true },
      async (progress, cancellation) => {
        let percent = 0;
        const reports = server.onProgress(token, (value) => {
          if (value.kind === "end") {
            return;
          }
          const now = value.percentage ?? percent;
          progress.report({ increment: now - percent, ...(value.message && { message: value.message }) });
          percent = now;
        });
        const button = cancellation.onCancellationRequested(() => {
          server.cancel(token);
        });
        try {
          return (await server.execute(command, args, token)) as T;
        } finally {
          reports.dispose();
          button.dispose();
        }
      },
    );
  } catch (error) {
    complain(error);
    return undefined;
  }
}

/** Says what went wrong, unless somebody wanted it to end. */
export function complain(error: unknown): void {
  if (!isCancelled(error)) {
    void vscode.window.showErrorMessage(failure(error));
  }
}
