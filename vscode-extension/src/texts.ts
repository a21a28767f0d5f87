/** Answers of the server in words for people. Pure functions. */

import { l10n } from "vscode";

import type {
  Change,
  CheckAnswer,
  DoctorReport,
  FileChange,
  FixAnswer,
  Hunk,
  ModelStatus,
  RunView,
  UsageReport,
  Used,
} from "./answers";
import { allHunks, isProposed, ownChanges, word } from "./runs/states";
import * as spoken from "./spoken";

/** What came of a fix; `view` is its run, which knows what was changed. */
export function fixed(answer: FixAnswer, view?: RunView): string {
  if (answer.fixes === 0 && answer.applied) {
    return l10n.t("Applied with your consent, no check can prove it: {0}", answer.watched);
  }
  if (answer.fixes === 0 && answer.solved) {
    return answer.reason === "" ? l10n.t("There is nothing to fix.") : answer.reason;
  }
  if (answer.fixes === 0) {
    const reason = [answer.watched, answer.reason, answer.run.reason].find((one) => one !== "") ?? "";
    return l10n.t("Not proven, nothing was changed: {0}", reason);
  }
  const what = view === undefined ? answer.note : changed(view) || answer.note;
  const said = answer.applied
    ? l10n.t("Proven and applied ({0}): {1}", by(answer.rung), what)
    : waits(view)
      ? l10n.t("Proven and proposed ({0}): {1}", by(answer.rung), what)
      : l10n.t("Proven ({0}), decided by you: {1}", by(answer.rung), what);
  const left = answer.solved ? [] : [l10n.t("Problems left: {0}.", answer.left.length), answer.reason];
  return [said, ...left].filter((part) => part !== "").join(" ");
}

/** Whether something of a run still has to be decided; so it is as long as nothing is known of it. */
function waits(view: RunView | undefined): boolean {
  return view === undefined || allHunks(view).length === 0 || allHunks(view).some(isProposed);
}

/** Which of the ladder's rungs found a fix. */
function by(rungs: string): string {
  const words: Readonly<Record<string, string>> = {
    L0: l10n.t("by a rule"),
    L1: l10n.t("by trying small changes"),
    L2: l10n.t("by the model"),
    L3: l10n.t("by the model, seeing more"),
    L4: l10n.t("by the bug hunter"),
  };
  return rungs
    .split(", ")
    .map((rung) => words[rung] ?? rung)
    .join(", ");
}

/** What a run has changed: one short line in full, otherwise the files. */
function changed(view: RunView): string {
  const files = ownChanges(view).flatMap((change) => change.files);
  const [hunk, ...more] = files.flatMap((file) => file.hunks);
  const names = [...new Set(files.map((file) => file.new_path ?? file.path))].join(", ");
  const [before, after] = [lines(hunk?.before ?? ""), lines(hunk?.after ?? "")];
  return more.length === 0 && before.length === 1 && after.length === 1
    ? `${names}: ${before.join("").trim()} → ${after.join("").trim()}`
    : names;
}

export function checked(answer: CheckAnswer): string {
  return answer.ok
    ? l10n.t("All checks pass.")
    : l10n.t("The checks found problems: {0}", answer.problems.length);
}

export function cost(used: Pick<Used, "input_tokens" | "output_tokens" | "micros">): string {
  const tokens = l10n.t("{0} tokens", used.input_tokens + used.output_tokens);
  const money =
    used.micros === null ? l10n.t("price unknown") : `$${(used.micros / 1e6).toFixed(used.micros === 0 ? 0 : 4)}`;
  return `${tokens}, ${money}`;
}

/** A run as one readable page: what it was, what it cost, what it changed. */
export function runPage(view: RunView): string {
  const { summary } = view;
  const reason = summary.reason === "" ? "" : `: ${plain(summary.reason)}`;
  const questions = view.questions.map(
    ({ text, answer }) =>
      `- ${plain(spoken.question(text))} → ${plain(answer === null ? l10n.t("not answered yet") : spoken.option(answer))}`,
  );
  return [
    `# ${plain(summary.title)}`,
    `**${word(summary.state)}**${reason}`,
    `${cost(view.used)} · \`${summary.id}\``,
    ...(questions.length === 0 ? [] : [`## ${l10n.t("Questions")}`, questions.join("\n")]),
    ...view.changes.map(changeText),
  ].join("\n\n");
}

function changeText(change: Change): string {
  const proof = change.proven ? l10n.t("proven") : l10n.t("unverified");
  const diff = change.files.flatMap(fileDiff).join("\n");
  return [
    `## ${plain(change.title)}`,
    `${word(change.state)}, ${proof}${change.reason === "" ? "" : `: ${plain(change.reason)}`}`,
    fenced(diff, "diff"),
  ].join("\n\n");
}

/** A block of code no text breaks out of: its fence is longer than any that stands in it. */
export function fenced(text: string, language = ""): string {
  const fence = "`".repeat(Math.max(3, ...[...text.matchAll(/`+/g)].map(([run]) => run.length + 1)));
  return `${fence}${language}\n${text}\n${fence}`;
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
    `@@ -${hunk.before_line},${before.length} +${hunk.after_line},${after.length} @@ ${word(hunk.state)}`,
    ...before.map((line) => `-${line}`),
    ...after.map((line) => `+${line}`),
  ];
}

function lines(text: string): string[] {
  return text === "" ? [] : text.replace(/\r?\n$/, "").split(/\r?\n/);
}

const MARKS = { ok: "✓", warning: "⚠", error: "✗" } as const;

export function doctorPage(report: DoctorReport): string {
  const levels = { ok: l10n.t("in order"), warning: l10n.t("to be looked at"), error: l10n.t("broken") };
  const rows = report.findings.map(({ level, what, found, hint }) =>
    cells([plain(`${MARKS[level]} ${levels[level]}`.replaceAll(" ", "\u00a0")), plain(what), plain(found), prose(spoken.hint(hint))]),
  );
  const head = [l10n.t("State"), l10n.t("What"), l10n.t("Found"), l10n.t("What to do")];
  return [`# ${l10n.t("Is everything in place?")}`, "", ...table(head), ...rows].join("\n");
}

export function usagePage(report: UsageReport): string {
  const title = `# ${l10n.t("What model calls have cost")}`;
  if (report.sums.length === 0) {
    return `${title}\n\n${l10n.t("No model was called yet.")}\n`;
  }
  const head = [report.by, l10n.t("calls"), l10n.t("failed"), l10n.t("tokens"), l10n.t("cost")];
  const rows = report.sums.map((sum) => {
    const name = report.by === "day" && sum.name !== "" ? new Date(Number(sum.name)).toLocaleDateString() : sum.name;
    const tokens = sum.input_tokens + sum.output_tokens;
    const money = sum.micros === null ? l10n.t("price unknown") : `$${(sum.micros / 1e6).toFixed(4)}`;
    return row([name, String(sum.calls), String(sum.failed), String(tokens), money]);
  });
  return [title, "", ...table(head), ...rows].join("\n");
}

export function modelsPage(status: ModelStatus): string {
  const head = [l10n.t("Role"), l10n.t("Model"), l10n.t("Why")];
  const rows = status.roles.map(({ role, model, reason, waiting }) => {
    const note = waiting === "" ? reason : `${reason} (${l10n.t("{0} waits for your consent", waiting)})`;
    return row([role, model === "" ? l10n.t("none") : model, note]);
  });
  return [`# ${l10n.t("Which model answers")}`, "", ...table(head), ...rows].join("\n");
}

/** An answer's facts, a line each. */
export function factsPage(title: string, answer: object): string {
  const rows = Object.entries(answer).map(([name, value]) =>
    row([name.replaceAll("_", " "), typeof value === "string" ? value : JSON.stringify(value)]),
  );
  return [`# ${plain(title)}`, "", ...table([l10n.t("What"), l10n.t("Found")]), ...rows].join("\n");
}

function table(head: readonly string[]): string[] {
  return [row(head), `|${" --- |".repeat(head.length)}`];
}

function row(texts: readonly string[]): string {
  return cells(texts.map(plain));
}

function cells(texts: readonly string[]): string {
  return `| ${texts.join(" | ")} |`;
}

/** Text that Markdown leaves as it is, except that `this` is code. */
export function prose(text: string): string {
  const parts = text.split("`");
  const whole = parts.length % 2 === 1;
  return whole ? parts.map((part, at) => (at % 2 === 0 ? plain(part) : code(part))).join("") : plain(text);
}

function code(text: string): string {
  return text.trim() === "" ? plain(`\`${text}\``) : `\`${text.replaceAll("|", "\\|").replaceAll("\n", " ")}\``;
}

/** Text that Markdown leaves as it is. */
export function plain(text: string): string {
  return text.replace(/[\\`*_{}[\]<>#|~]/g, "\\$&").replaceAll("\n", " ");
}
