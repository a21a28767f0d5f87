import assert from "node:assert/strict";
import { test } from "node:test";

import type { Diagnostic } from "vscode";

import type { FixAnswer } from "../src/answers";
import { failure } from "../src/failures";
import { said } from "../src/forwarding";
import { generated } from "../src/generations";
import { previewPage } from "../src/previews";
import { explanationPage, findingPlace, reviewed } from "../src/reviews";
import { scrub } from "../src/scrubbed";
import { hint, learn, question } from "../src/spoken";
import { named } from "../src/status";
import * as texts from "../src/texts";
import { isAtLeast, isNewer } from "../src/versions";
import { change, hunk, run, used, view } from "./view";

const answer: FixAnswer = {
  run: run(),
  used,
  solved: true,
  rung: "L0",
  note: "imports statistics",
  reason: "",
  applied: true,
  fixes: 1,
  left: [],
  watched: "",
};

test("what came of a fix, without claiming more than was proven", () => {
  assert.equal(texts.fixed(answer), "Proven and applied (by a rule): imports statistics");
  const model = { ...answer, applied: false, rung: "L1, L2" };
  assert.equal(texts.fixed(model), "Proven and proposed (by trying small changes, by the model): imports statistics");
  const some = { ...answer, solved: false, left: [1, 2], reason: "no rung could" };
  const said = "Proven and applied (by a rule): imports statistics Problems left: 2. no rung could";
  assert.equal(texts.fixed(some), said, "what was applied is not denied");
  const open = { ...answer, solved: false, applied: false, fixes: 0 };
  assert.equal(texts.fixed({ ...open, reason: "no rung could" }), "Not proven, nothing was changed: no rung could");
  assert.equal(texts.fixed({ ...open, run: run({ reason: "limit" }) }), "Not proven, nothing was changed: limit");
  const watched = { ...open, applied: true, watched: "mypy is content" };
  assert.equal(texts.fixed(watched), "Applied with your consent, no check can prove it: mypy is content");
  assert.equal(texts.fixed({ ...answer, applied: false, fixes: 0 }), "There is nothing to fix.");
});

test("a fix of one line is shown in full, a larger one by its files", () => {
  const short = view({ changes: [change(1, [hunk(1, "applied", { before: "  x ** 3\n", after: "  x * 2\n" })])] });
  assert.equal(texts.fixed(answer, short), "Proven and applied (by a rule): a.py: x ** 3 → x * 2");
  const long = view({ changes: [change(1, [hunk(1, "applied"), hunk(2, "applied")])] });
  assert.equal(texts.fixed(answer, long), "Proven and applied (by a rule): a.py");
  const decided = view({ changes: [change(1, [hunk(1, "applied"), hunk(2, "rejected")])] });
  assert.equal(texts.fixed({ ...answer, applied: false }, decided), "Proven (by a rule), decided by you: a.py");
  assert.equal(texts.fixed(answer, view()), "Proven and applied (by a rule): imports statistics");
});

test("what the server always asks in the same words is asked in the display's", () => {
  const kept = [
    "Samokoder wants to run the checks of work (tests, linters). They are programs of this project. Allow it?",
    "Samokoder wants to run work in a container for a preview. They are programs of this project. Allow it?",
    "Apply “y = x” to a.py, b.py?",
    "The plan is in .samokoder/plan.md (edit it there):\nT1: a\nT2: b\nIt takes no model call. Go ahead?",
    "Something nobody knows?",
  ];
  assert.deepEqual(kept.map(question), kept, "without a translation the words stay");
});

test("a model's name without its provider and folders", () => {
  assert.equal(named("openai:org/qwen-3b"), "qwen-3b");
  assert.equal(named("scripted:/x/script.json"), "script.json");
  assert.equal(named("a".repeat(40)), `${"a".repeat(27)}…`);
});

test("a hint names the palette's command, not the shell's", () => {
  learn(new Map([["samokoder.model.pull", "Pull the Embedded Model…"], ["samokoder.trust", "What May Samokoder Do Here?"]]));
  const said = failure(Object.assign(new Error("None."), { data: { hint: "Run `samokoder model pull`, or wait." } }));
  assert.equal(said, "None. Run “Samokoder: Pull the Embedded Model…”, or wait.");
  assert.equal(hint("`samokoder trust --yes` or `samokoder nothing`"), "“Samokoder: What May Samokoder Do Here?” or `samokoder nothing`");
  learn(new Map());
});

test("an unknown price is never shown as zero", () => {
  assert.equal(texts.cost(used), "1000 tokens, $0");
  assert.equal(texts.cost({ ...used, micros: 12_300 }), "1000 tokens, $0.0123");
  assert.equal(texts.cost({ ...used, micros: null }), "1000 tokens, price unknown");
});

test("a run is a page with its diff; no text of a repository breaks out of its fence", () => {
  const page = texts.runPage(
    view({
      summary: run({ title: "Fix [a](b)", reason: "done" }),
      changes: [change(1, [hunk(1, "applied", { before: "", after: "````\r\nb\n" })])],
    }),
  );
  assert.match(page, /^# Fix \\\[a\\\]\(b\)\n\n\*\*succeeded\*\*: done\n/);
  assert.ok(page.endsWith("`````diff\n--- a/a.py\n+++ b/a.py\n@@ -1,0 +1,2 @@ applied\n+````\n+b\n`````"), page);
});

test("reports are tables that no text breaks", () => {
  const finding = { level: "error", what: "Python", found: "a|b", hint: "Install it." } as const;
  const rows = texts.doctorPage({ findings: [finding] }).split("\n");
  assert.equal(rows.at(-1), "| ✗\u00a0broken | Python | a\\|b | Install it. |");
  assert.equal(texts.prose("a*b `x | y*` c`"), "a\\*b \\`x \\| y\\*\\` c\\`", "not balanced: no code");
  assert.equal(texts.prose("a*b `x | y*`"), "a\\*b `x \\| y*`");
  assert.match(texts.usagePage({ by: "model", sums: [] }), /No model was called yet\./);
  const sum = { name: "m", calls: 2, failed: 1, input_tokens: 1, output_tokens: 2, cached_tokens: 0, micros: null };
  assert.match(texts.usagePage({ by: "model", sums: [sum] }), /\| m \| 2 \| 1 \| 3 \| price unknown \|$/);
  const role = { role: "coder", model: "", reason: "no key", waiting: "openai" };
  assert.match(texts.modelsPage({ roles: [role] }), /\| coder \| none \| no key \(openai waits for your consent\) \|$/);
  assert.match(texts.factsPage("T", { loop_lag: 1, pid: "2" }), /\| loop lag \| 1 \|\n\| pid \| 2 \|$/);
});

test("reviews say what was looked at, and when they did not end", () => {
  const done = { run: run(), files: 3, findings: [], notes: [] };
  assert.equal(reviewed(done), "Nothing was found in 3 files.");
  const cut = { ...done, run: run({ state: "limited", reason: "tokens" }) };
  assert.equal(reviewed(cut), "The review did not come to its end: tokens");
  const place = { fingerprint: "", path: "", severity: "", message: "", rule: "", dismissed: "" };
  assert.deepEqual(findingPlace({ ...place, line: 3, column: 1 }), { line: 2, column: 0 });
  assert.ok(explanationPage({ facts: "a\n\nb*", text: "", model: "" }).endsWith("a  \n\nb\\*  "));
  const facts = "It is proven.\n  1. a.py:1 `x`\n  2. a.py:2 y\nSee also b\nThe code:\ncall(`x`)\n```";
  const shown = explanationPage({ facts, text: "", model: "" });
  const code = "\n\n````\ncall(`x`)\n```\n````";
  assert.ok(shown.endsWith(`It is proven.  \n1. a.py:1 \`x\`\n2. a.py:2 y\n\nSee also b  ${code}`), shown);
});

test("a generation counts what is done, proposed and left out", () => {
  const tasks = [
    { id: "T1", end: "done" },
    { id: "T2", end: "proposed" },
  ];
  const given = { run: run(), used, complete: false, title: "Clock", plan: "", planned: 3, tasks, changed: [] };
  assert.equal(
    generated({ ...given, left_out: [1], stopped: "tokens", offer: "" }),
    "Clock · Tasks done: 1 of 3. · Waiting for you to accept: 1. · Hunks the reviewer left out: 1." +
      " · Stopped: tokens (1000 tokens, $0)",
  );
});

test("previews are a page", () => {
  assert.match(previewPage([]), /No preview is live here\./);
  const one = { id: "1", title: "app", phase: "running", url: "http://127.0.0.1:1/", reason: "", image: "", command: "" };
  const page = previewPage([{ ...one, environment: ["KEY"], egress: [], deadline: 0 }]);
  assert.match(page, /## app \(running\)\n- \[http:\/\/127\.0\.0\.1:1\/\]\(http:\/\/127\.0\.0\.1:1\/\)/);
  assert.match(page, /variables granted: KEY\n- hosts it may reach: none$/);
});

test("a failure is one line", () => {
  assert.equal(failure(new Error("No model.\n  at x")), "No model.");
  assert.equal(failure("odd"), "odd");
});

test("a key never reaches the output, also where JSON has escaped it", () => {
  assert.equal(scrub('key: a"b, {"key": "a\\"b"}', ['a"b', ""]), 'key: …, {"key": "…"}');
});

test("a diagnostic as the server takes it", () => {
  const range = { start: { line: 4 } };
  const given = { message: "m", source: "pyright", code: { value: 7 }, severity: 1, range };
  assert.deepEqual(said(given as unknown as Diagnostic), {
    message: "m",
    source: "pyright",
    code: "7",
    line: 5,
    severity: 2,
  });
});

test("versions are numbers", () => {
  assert.ok(isNewer("1.10.0", "1.9"));
  assert.ok(!isNewer("1.9", "1.9.0"));
  assert.ok(isAtLeast("3.11.2+", "3.11"));
  assert.ok(!isAtLeast("3.9.18", "3.11"));
});
