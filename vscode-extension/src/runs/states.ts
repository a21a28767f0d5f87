/** States of runs and changes: their words, their icons, what can be done in them. Pure. */

import { l10n } from "vscode";

import type { Change, Hunk, RunSummary, RunView, Used } from "../answers";

/** Where the server keeps the plan of a workspace. */
export const PLAN = ".samokoder/plan.md";

const ACTIVE: ReadonlySet<string> = new Set(["queued", "running", "waiting", "paused"]);
const RESUMABLE: ReadonlySet<string> = new Set(["paused", "limited", "failed"]);
const PROPOSED: ReadonlySet<string> = new Set(["proposed", "conflict", "rolled_back"]);

interface Look {
  readonly icon: string;
  readonly colour?: string;
}

const LOOKS: Readonly<Record<string, Look>> = {
  queued: { icon: "clock" },
  running: { icon: "sync~spin" },
  waiting: { icon: "question", colour: "charts.yellow" },
  paused: { icon: "debug-pause", colour: "charts.yellow" },
  succeeded: { icon: "pass", colour: "testing.iconPassed" },
  failed: { icon: "error", colour: "testing.iconFailed" },
  limited: { icon: "warning", colour: "charts.yellow" },
  cancelled: { icon: "circle-slash" },
  undone: { icon: "discard" },
  planned: { icon: "circle-outline" },
  held: { icon: "clock" },
  ended: { icon: "checklist" },
  done: { icon: "pass", colour: "testing.iconPassed" },
  deleted: { icon: "circle-slash" },
  proposed: { icon: "git-pull-request", colour: "charts.blue" },
  applying: { icon: "sync~spin" },
  applied: { icon: "pass", colour: "testing.iconPassed" },
  conflict: { icon: "warning", colour: "charts.yellow" },
  rejected: { icon: "circle-slash" },
  rolled_back: { icon: "discard" },
};

export function look(state: string): Look {
  return LOOKS[state] ?? { icon: "circle-outline" };
}

export function word(state: string): string {
  const words: Readonly<Record<string, string>> = {
    queued: l10n.t("queued"),
    running: l10n.t("running"),
    waiting: l10n.t("waiting for you"),
    paused: l10n.t("paused"),
    succeeded: l10n.t("succeeded"),
    failed: l10n.t("failed"),
    limited: l10n.t("stopped at a limit"),
    cancelled: l10n.t("cancelled"),
    undone: l10n.t("undone"),
    planned: l10n.t("planned"),
    held: l10n.t("waiting for another task"),
    ended: l10n.t("ended"),
    done: l10n.t("done"),
    deleted: l10n.t("taken out of the plan"),
    proposed: l10n.t("proposed"),
    applying: l10n.t("being applied"),
    applied: l10n.t("applied"),
    conflict: l10n.t("in conflict with later edits"),
    rejected: l10n.t("rejected"),
    rolled_back: l10n.t("rolled back"),
  };
  return words[state] ?? state;
}

/** A task waits for other tasks, never for the user. */
export function stateOfTask(state: string): string {
  return state === "waiting" ? "held" : state;
}

/** A run that only looks has come to its end, which says nothing good of what it saw. */
export function stateOf(run: RunSummary): string {
  return run.state === "succeeded" && ["check", "review", "explain"].includes(run.kind) ? "ended" : run.state;
}

export function isActive(run: RunSummary): boolean {
  return ACTIVE.has(run.state);
}

export function isResumable(run: RunSummary): boolean {
  return RESUMABLE.has(run.state);
}

export function isProposed(hunk: Hunk): boolean {
  return PROPOSED.has(hunk.state);
}

export function isApplied(hunk: Hunk): boolean {
  return hunk.state === "applied";
}

export function hunksOf(change: Change): readonly Hunk[] {
  return change.files.flatMap((file) => file.hunks);
}

/** What can be done with some hunks, as words for `when` clauses. */
export function can(hunks: readonly Hunk[]): string {
  const proposed = hunks.some(isProposed) ? ";proposed" : "";
  return hunks.some(isApplied) ? `${proposed};applied` : proposed;
}

/** A change that takes another back is history, not something to decide about. */
export function ownChanges(view: RunView): readonly Change[] {
  return view.changes.filter((change) => change.undoes === null);
}

/** A tick in the plan is no task; it is undone with its run. */
export function isTick(change: Change): boolean {
  const plan = change.files.every((file) => file.path === PLAN && file.kind === "modify");
  return plan && !hunksOf(change).some(isProposed);
}

export function allHunks(view: RunView): readonly Hunk[] {
  return ownChanges(view).flatMap(hunksOf);
}

/** The cost with one more call, as its event tells it. */
export function sum(used: Used | undefined, facts: Readonly<Record<string, unknown>>): Used {
  const tokens = typeof facts["tokens"] === "number" ? facts["tokens"] : 0;
  const micros = typeof facts["micros"] === "number" ? facts["micros"] : null;
  const before = used ?? { calls: 0, input_tokens: 0, output_tokens: 0, micros: 0 };
  return {
    calls: before.calls + 1,
    input_tokens: before.input_tokens + tokens,
    output_tokens: before.output_tokens,
    micros: before.micros === null || micros === null ? null : before.micros + micros,
  };
}
