/** A server that answers from a table and remembers what it was asked. */

import type { Server } from "../src/requests";

type Progress = (value: unknown) => void;

interface Params {
  readonly command: string;
  readonly arguments: readonly unknown[];
  readonly workDoneToken: string;
}

export interface FakeServer {
  readonly asked: Params[];
  readonly cancelled: unknown[];
  /** Progress tokens that are listened to. */
  readonly listening: Map<unknown, Progress>;
  readonly server: Server;
}

type Answers = Readonly<Record<string, (report: Progress) => unknown>>;

export function serving(answers: Answers): FakeServer {
  const asked: Params[] = [];
  const cancelled: unknown[] = [];
  const listening = new Map<unknown, Progress>();
  const server = {
    onProgress: (_type: unknown, token: unknown, handler: Progress) => {
      listening.set(token, handler);
      return { dispose: () => listening.delete(token) };
    },
    sendNotification: (_type: unknown, params: { token: unknown }) => {
      cancelled.push(params.token);
      return Promise.resolve();
    },
    sendRequest: async (_type: unknown, params: Params) => {
      asked.push(params);
      const report = listening.get(params.workDoneToken);
      const answer = answers[params.command];
      if (answer === undefined || report === undefined) {
        throw new Error(`not expected: ${params.command}`);
      }
      return Promise.resolve(answer(report));
    },
  };
  return { asked, cancelled, listening, server: server as unknown as Server };
}
