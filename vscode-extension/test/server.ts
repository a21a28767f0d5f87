/** A server that answers from a table and remembers what it was asked. */

import { Disposable } from "vscode";

import type { Progress, Server } from "../src/requests";

type Report = (value: Progress) => void;

export interface FakeServer {
  readonly asked: [string, object][];
  readonly cancelled: string[];
  readonly tokens: (string | undefined)[];
  /** Progress tokens that are listened to. */
  readonly listening: Map<string, Report>;
  readonly server: Server;
}

type Answers = Readonly<Record<string, (report: Report, args: object) => unknown>>;

export function serving(answers: Answers): FakeServer {
  const fake: Omit<FakeServer, "server"> = { asked: [], cancelled: [], tokens: [], listening: new Map() };
  const server: Server = {
    has: (command) => command in answers,
    onProgress: (token, listener) => {
      fake.listening.set(token, listener);
      return new Disposable(() => fake.listening.delete(token));
    },
    cancel: (token) => {
      fake.cancelled.push(token);
    },
    execute: async (command, args, token) => {
      fake.asked.push([command, args]);
      fake.tokens.push(token);
      const answer = answers[command];
      if (answer === undefined) {
        throw new Error(`not expected: ${command}`);
      }
      const report = token === undefined ? undefined : fake.listening.get(token);
      return Promise.resolve(answer(report ?? ((): undefined => undefined), args));
    },
  };
  return { ...fake, server };
}
