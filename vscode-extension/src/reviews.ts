/** What reviews and explanations answer, in words for people. Pure. */

import { l10n } from "vscode";

import type { RunSummary } from "./answers";
import { fenced, plain, prose } from "./texts";

export interface Finding {
  readonly fingerprint: string;
  readonly path: string;
  /** Counted from 1. */
  readonly line: number;
  readonly column: number;
  readonly severity: string;
  readonly message: string;
  readonly rule: string;
  readonly dismissed: string;
}

export interface ReviewAnswer {
  readonly run: RunSummary;
  readonly files: number;
  readonly findings: readonly Finding[];
  readonly notes: readonly string[];
}

export interface Explanation {
  readonly facts: string;
  readonly text: string;
  readonly model: string;
}

export function reviewed(answer: ReviewAnswer): string {
  if (answer.run.state !== "succeeded") {
    return l10n.t("The review did not come to its end: {0}", answer.run.reason);
  }
  const count = answer.findings.length;
  const said =
    count === 0
      ? l10n.t("Nothing was found in {0} files.", answer.files)
      : l10n.t("Findings: {0}, files looked at: {1}.", count, answer.files);
  return [said, ...answer.notes].join(" ");
}

/** Counted from 0, as VS Code does. */
export function findingPlace({ line, column }: Finding): { line: number; column: number } {
  return { line: Math.max(0, line - 1), column: Math.max(0, column - 1) };
}

export function explanationPage({ facts, text, model }: Explanation): string {
  const [prosaic = "", ...quoted] = facts.split("\nThe code:\n");
  const lines = prosaic.split("\n");
  const known = lines.flatMap((line, at) => {
    const shown = NUMBERED.test(line) ? prose(line).trimStart() : line === "" ? "" : `${prose(line)}  `;
    // A list ends with an empty line, or it takes in what follows.
    return NUMBERED.test(lines[at - 1] ?? "") && !NUMBERED.test(line) ? ["", shown] : [shown];
  });
  const said = text === "" ? [] : [text, "", `*${plain(model)}*`, "", "---", ""];
  const code = quoted.length === 0 ? [] : ["", fenced(quoted.join("\nThe code:\n"))];
  return [`# ${l10n.t("Explanation")}`, "", ...said, ...known, ...code].join("\n");
}

const NUMBERED = /^ *\d+\. /;
