/** What a generation answers, in words for people. Pure. */

import { l10n } from "vscode";

import type { RunSummary, Used } from "./answers";
import { cost } from "./texts";

export interface GenerateAnswer {
  readonly run: RunSummary;
  readonly used: Used;
  readonly complete: boolean;
  readonly title: string;
  readonly plan: string;
  readonly planned: number;
  readonly tasks: readonly { readonly id: string; readonly end: string }[];
  readonly changed: readonly string[];
  readonly left_out: readonly unknown[];
  readonly stopped: string;
  readonly offer: string;
}

export function generated(answer: GenerateAnswer): string {
  const parts = [answer.title === "" ? answer.run.title : answer.title];
  if (answer.tasks.length === 0 && answer.planned > 0) {
    parts.push(l10n.t("Tasks planned: {0}.", answer.planned));
  } else {
    const done = answer.tasks.filter(({ end }) => end === "done").length;
    parts.push(l10n.t("Tasks done: {0} of {1}.", done, Math.max(answer.planned, answer.tasks.length)));
  }
  const proposed = answer.tasks.filter(({ end }) => end === "proposed").length;
  if (proposed > 0) {
    parts.push(l10n.t("Waiting for you to accept: {0}.", proposed));
  }
  if (answer.left_out.length > 0) {
    parts.push(l10n.t("Hunks the reviewer left out: {0}.", answer.left_out.length));
  }
  if (answer.stopped !== "") {
    parts.push(l10n.t("Stopped: {0}", answer.stopped));
  }
  return `${parts.join(" · ")} (${cost(answer.used)})`;
}
