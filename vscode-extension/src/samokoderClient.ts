/** The language client on a child of ours: its commands, its events. */

import type { LogOutputChannel } from "vscode";
import {
  ExecuteCommandRequest,
  LanguageClient,
  ShowMessageRequest,
  State,
  WorkDoneProgress,
  WorkDoneProgressCancelNotification,
} from "vscode-languageclient/node";

import type { RunEvent } from "./answers";
import type { Launch } from "./launch";
import type { Server } from "./requests";
import { scrubbed } from "./scrubbed";

export type ServerState = "starting" | "running" | "stopped";

export interface Wishes {
  readonly launch: Launch;
  readonly output: LogOutputChannel;
  /** Texts that must never be written to the output. */
  readonly secrets: () => readonly string[];
  readonly onState: (state: ServerState) => void;
  readonly onEvent: (event: RunEvent) => void;
  /** The server asks before it acts; null: nobody answered. */
  readonly onQuestion: <T extends { readonly title: string }>(text: string, answers: readonly T[]) => Promise<T | null>;
  /** A code action's command arrives here; the answer is nobody's. */
  readonly onCommand: (command: string, args: object) => Promise<void>;
}

export interface Client extends Server {
  /** The version the server says it is. */
  readonly version: string;
  start(): Promise<void>;
  stop(): Promise<void>;
}

const STATES: Partial<Record<State, ServerState>> = { [State.Starting]: "starting", [State.Running]: "running" };

export function client(wishes: Wishes): Client {
  const traced = scrubbed(wishes.output, wishes.secrets);
  const inner = new LanguageClient(
    "samokoder",
    "Samokoder",
    () => wishes.launch.child(),
    {
      documentSelector: [{ scheme: "file" }],
      outputChannel: wishes.output,
      traceOutputChannel: traced,
      initializationOptions: { events: true },
      middleware: {
        executeCommand: (id, args: readonly unknown[]) =>
          wishes.onCommand(id, args[0] ?? {}),
      },
    },
  );
  inner.onDidChangeState(({ newState }) => {
    wishes.onState(STATES[newState] ?? "stopped");
  });
  inner.onNotification("samokoder/event", wishes.onEvent);
  inner.onRequest(ShowMessageRequest.type, ({ message, actions }) => wishes.onQuestion(message, actions ?? []));
  return {
    get version() {
      return inner.initializeResult?.serverInfo?.version ?? "";
    },
    start: () => inner.start(),
    stop: () =>
      inner.dispose().finally(() => {
        wishes.launch.end();
      }),
    has: (command) =>
      inner.initializeResult?.capabilities.executeCommandProvider?.commands.includes(command) ?? false,
    execute: (command, args, token) =>
      inner.sendRequest(ExecuteCommandRequest.type, {
        command,
        arguments: [args],
        ...(token !== undefined && { workDoneToken: token }),
      }),
    onProgress: (token, listener) => inner.onProgress(WorkDoneProgress.type, token, listener),
    cancel: (token) => {
      void inner.sendNotification(WorkDoneProgressCancelNotification.type, { token });
    },
  };
}

