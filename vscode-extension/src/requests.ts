/** One request to the server, with a progress toast whose Cancel button really cancels. */

import * as vscode from "vscode";
import type { BaseLanguageClient } from "vscode-languageclient";
import {
  ExecuteCommandRequest,
  WorkDoneProgress,
  WorkDoneProgressCancelNotification,
} from "vscode-languageserver-protocol";

import { failure } from "./texts";

/** What is needed of a language client. */
export type Server = Pick<BaseLanguageClient, "onProgress" | "sendNotification" | "sendRequest">;

/** JSON-RPC: the request was cancelled. */
const CANCELLED = -32800;

let counter = 0;

/**
 * Runs one server command; undefined when it was cancelled or failed (the user has been told).
 * The token is ours, because the client library shows the server's own only in the status bar
 * and without Cancel.
 */
export async function request<T>(
  server: Server,
  title: string,
  command: string,
  ...args: readonly unknown[]
): Promise<T | undefined> {
  counter += 1;
  const token = `samokoder-${process.pid}-${counter}`;
  try {
    return await vscode.window.withProgress(
      { location: vscode.ProgressLocation.Notification, title, cancellable: true },
      async (progress, cancellation) => {
        let percent = 0;
        const reports = server.onProgress(WorkDoneProgress.type, token, (value) => {
          if (value.kind === "end") {
            return;
          }
          const now = value.percentage ?? percent;
          progress.report({ increment: now - percent, ...(value.message && { message: value.message }) });
          percent = now;
        });
        const button = cancellation.onCancellationRequested(() => {
          void server.sendNotification(WorkDoneProgressCancelNotification.type, { token });
        });
        try {
          return (await server.sendRequest(ExecuteCommandRequest.type, {
            command,
            arguments: [...args],
            workDoneToken: token,
          })) as T;
        } finally {
          reports.dispose();
          button.dispose();
        }
      },
    );
  } catch (error) {
    if ((error as { code?: unknown }).code !== CANCELLED) {
      void vscode.window.showErrorMessage(failure(error));
    }
    return undefined;
  }
}
