/** The palette's commands. Their ids differ from the server's, which the client library registers. */

import * as vscode from "vscode";

import { request } from "../requests";
import type { Context, Entries } from "./entry";
import { fix, FIXING } from "./fixing";
import { GENERATING } from "./generating";
import { KEEPING } from "./keeping";
import { MODELS } from "./models";
import { PREVIEWING } from "./previewing";
import { dismiss, explain, review, REVIEWING } from "./reviewing";
import { RUNNING } from "./running";

export const PALETTE: Entries = {
  ...FIXING,
  ...REVIEWING,
  ...GENERATING,
  ...PREVIEWING,
  ...RUNNING,
  ...MODELS,
  ...KEEPING,
};

type Action = (context: Context, args: object) => Promise<void>;

const ACTIONS: Readonly<Record<string, Action>> = {
  "samokoder.fix": (context, args) => fix(context, working(), args),
  "samokoder.review": review,
  "samokoder.explain": explain,
  "samokoder.finding.dismiss": dismiss,
};

/** Does what a code action of the server stands for, as the palette would. */
export async function act(context: Context, command: string, args: object): Promise<void> {
  const action = ACTIONS[command];
  if (action === undefined) {
    await request(context.server, working(), command, args);
  } else {
    await action(context, args);
  }
}

function working(): string {
  return vscode.l10n.t("Samokoder is working");
}

/** Commands that work without a server. */
export const OWN = ["samokoder.restart", "samokoder.repair", "samokoder.showOutput", "samokoder.openWalkthrough"];

/** The server's commands and what the first of the palette's commands for each is called. */
export function called(commands: readonly { readonly command: string; readonly title: string }[]): Map<string, string> {
  const titles = new Map(commands.map(({ command, title }) => [command, title]));
  const named = Object.entries(PALETTE).map(([id, { needs }]) => [needs, titles.get(id) ?? id] as const);
  return new Map(named.reverse());
}

/** The context key that is set while the server lacks one of its commands. */
export function lacks(command: string): string {
  return `samokoder.lacks.${command.replace("samokoder.", "")}`;
}
