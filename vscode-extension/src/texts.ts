/** Answers of the server in words for people. Pure functions. */

import { l10n } from "vscode";

import type {
  CheckAnswer,
  DoctorReport,
  FileChange,
  FixAnswer,
  Hunk,
  RunSummary,
  RunView,
  UsageReport,
  Used,
} from "./answers";

export function fixed(answer: FixAnswer): string {
  if (!answer.solved) {
    const reason = answer.reason === "" ? answer.run.reason : answer.reason;
    return l10n.t("Not proven, nothing was changed: {0}", reason);
  }
  if (answer.fixes === 0) {
    return answer.reason === "" ? l10n.t("There is nothing to fix.") : answer.reason;
  }
  return answer.applied
    ? l10n.t("Proven at {0} and applied: {1}", answer.rung, answer.note)
    : l10n.t("Proven at {0} and proposed: {1}", answer.rung, answer.note);
}

export function checked(answer: CheckAnswer): string {
  return answer.ok
    ? l10n.t("All checks pass.")
    : l10n.t("The checks found problems: {0}", answer.problems.length);
}

/** Tokens and money; an unknown price is said, never shown as zero. */
export function cost(used: Pick<Used, "input_tokens" | "output_tokens" | "micros">): string {
  const tokens = l10n.t("{0} tokens", used.input_tokens + used.output_tokens);
  const money =
    used.micros === null ? l10n.t("price unknown") : `$${(used.micros / 1e6).toFixed(4)}`;
  return `${tokens}, ${money}`;
}

const ICONS: Readonly<Record<string, string>> = {
  queued: "clock",
  running: "sync~spin",
  waiting: "question",
  paused: "debug-pause",
  succeeded: "check",
  failed: "error",
  limited: "warning",
  cancelled: "circle-slash",
  undone: "discard",
};

const ACTIVE: ReadonlySet<string> = new Set(["queued", "running", "waiting", "paused"]);

export function isActive(run: RunSummary): boolean {
  return ACTIVE.has(run.state);
}

export function runItem(run: RunSummary): { label: string; description: string; detail: string } {
  const when = new Date(run.created * 1000).toLocaleString();
  return {
    label: `$(${ICONS[run.state] ?? "circle"}) ${run.title}`,
    description: run.state,
    detail: run.reason === "" ? when : `${when}: ${run.reason}`,
  };
}

/** A run as one readable page: what it was, what it cost, what it changed. */
export function runPage(view: RunView): string {
  const { summary } = view;
  const head = [
    `# ${summary.title}`,
    `# ${summary.id}  ${summary.state}${summary.reason === "" ? "" : `: ${summary.reason}`}`,
    `# ${cost(view.used)}`,
  ];
  const changes = view.changes.flatMap((change) => [
    "",
    `# ${change.title} (${change.state}, ${change.proven ? l10n.t("proven") : l10n.t("unverified")})`,
    ...change.files.flatMap(fileDiff),
  ]);
  return `${[...head, ...changes].join("\n")}\n`;
}

function fileDiff(file: FileChange): string[] {
  const target = file.new_path ?? file.path;
  return [
    `--- ${file.kind === "create" ? "/dev/null" : `a/${file.path}`}`,
    `+++ ${file.kind === "delete" ? "/dev/null" : `b/${target}`}`,
    ...file.hunks.flatMap(hunkDiff),
  ];
}

function hunkDiff(hunk: Hunk): string[] {
  const before = lines(hunk.before);
  const after = lines(hunk.after);
  return [
    `@@ -${hunk.before_line},${before.length} +${hunk.after_line},${after.length} @@ ${hunk.id} ${hunk.state}`,
    ...before.map((line) => `-${line}`),
    ...after.map((line) => `+${line}`),
  ];
}

function lines(text: string): string[] {
  return text === "" ? [] : text.replace(/\r?\n$/, "").split(/\r?\n/);
}

const MARKS = { ok: "✓", warning: "!", error: "✗" } as const;

export function doctorPage(report: DoctorReport): string {
  return report.findings
    .map(({ level, what, found, hint }) => {
      const line = `${MARKS[level]} ${what}: ${found}\n`;
      return hint === "" ? line : `${line}    ${hint}\n`;
    })
    .join("");
}

export function usagePage(report: UsageReport): string {
  if (report.sums.length === 0) {
    return `${l10n.t("No model was called yet.")}\n`;
  }
  const rows = report.sums.map(
    (sum) => `${sum.name}: ${l10n.t("{0} calls, {1} failed", sum.calls, sum.failed)}, ${cost(sum)}\n`,
  );
  return rows.join("");
}

/** What to show of a failed request: the server's sentence, without a trace. */
export function failure(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.split("\n", 1)[0] ?? "";
}
