import assert from "node:assert/strict";
import { test } from "node:test";

import type { FixAnswer, RunSummary, RunView } from "../src/answers";
import * as texts from "../src/texts";

const run: RunSummary = {
  id: "01run",
  kind: "fix",
  title: "Fix a.py",
  state: "succeeded",
  reason: "",
  created: 0,
};
const used = { calls: 1, input_tokens: 900, output_tokens: 100, micros: 0 };
const answer: FixAnswer = {
  run,
  used,
  solved: true,
  rung: "L0",
  note: "imports statistics",
  reason: "",
  applied: true,
  fixes: 1,
};

test("what came of a fix, without claiming more than was proven", () => {
  assert.equal(texts.fixed(answer), "Proven at L0 and applied: imports statistics");
  assert.equal(
    texts.fixed({ ...answer, applied: false }),
    "Proven at L0 and proposed: imports statistics",
  );
  assert.equal(
    texts.fixed({ ...answer, solved: false, reason: "no rung could" }),
    "Not proven, nothing was changed: no rung could",
  );
  assert.equal(
    texts.fixed({ ...answer, solved: false, run: { ...run, reason: "limit" } }),
    "Not proven, nothing was changed: limit",
  );
  assert.equal(texts.fixed({ ...answer, fixes: 0 }), "There is nothing to fix.");
});

test("an unknown price is never shown as zero", () => {
  assert.equal(texts.cost(used), "1000 tokens, $0.0000");
  assert.equal(texts.cost({ ...used, micros: 12_300 }), "1000 tokens, $0.0123");
  assert.equal(texts.cost({ ...used, micros: null }), "1000 tokens, price unknown");
});

test("a run is a page that reads as a diff", () => {
  const view: RunView = {
    summary: { ...run, reason: "done" },
    used,
    changes: [
      {
        title: "Import statistics",
        state: "applied",
        proven: true,
        files: [
          {
            path: "a.py",
            kind: "modify",
            new_path: null,
            hunks: [{ id: 7, state: "applied", before: "", after: "import b\r\n\n", before_line: 1, after_line: 1 }],
          },
          { path: "new.py", kind: "create", new_path: null, hunks: [] },
          { path: "old.py", kind: "delete", new_path: null, hunks: [] },
        ],
      },
    ],
  };
  assert.equal(
    texts.runPage(view),
    [
      "# Fix a.py",
      "# 01run  succeeded: done",
      "# 1000 tokens, $0.0000",
      "",
      "# Import statistics (applied, proven)",
      "--- a/a.py",
      "+++ b/a.py",
      "@@ -1,0 +1,2 @@ 7 applied",
      "+import b",
      "+",
      "--- /dev/null",
      "+++ b/new.py",
      "--- a/old.py",
      "+++ /dev/null",
      "",
    ].join("\n"),
  );
});

test("the item of a run", () => {
  const item = texts.runItem({ ...run, state: "limited", reason: "tokens" });
  assert.equal(item.label, "$(warning) Fix a.py");
  assert.match(item.detail, /: tokens$/);
  assert.equal(texts.runItem({ ...run, state: "unheard-of" }).label, "$(circle) Fix a.py");
});

test("reports", () => {
  const finding = { level: "error", what: "Python", found: "none", hint: "Install it." } as const;
  assert.equal(
    texts.doctorPage({ findings: [finding, { ...finding, level: "ok", hint: "" }] }),
    "✗ Python: none\n    Install it.\n✓ Python: none\n",
  );
  assert.equal(texts.usagePage({ by: "model", sums: [] }), "No model was called yet.\n");
  const sum = { name: "m", calls: 2, failed: 1, input_tokens: 1, output_tokens: 2, cached_tokens: 0, micros: null };
  assert.equal(
    texts.usagePage({ by: "model", sums: [sum] }),
    "m: 2 calls, 1 failed, 3 tokens, price unknown\n",
  );
});

test("a failure is one line", () => {
  assert.equal(texts.failure(new Error("No model.\n  at x")), "No model.");
  assert.equal(texts.failure("odd"), "odd");
});
