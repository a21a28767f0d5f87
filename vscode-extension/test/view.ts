/** A run as the server shows it, for tests. */

import type { Change, Hunk, RunSummary, RunView } from "../src/answers";

export const used = { calls: 1, input_tokens: 900, output_tokens: 100, micros: 0 };

export function run(more: Partial<RunSummary> = {}): RunSummary {
  return {
    id: "01run",
    kind: "fix",
    title: "Fix a.py",
    root: "/w",
    state: "succeeded",
    reason: "",
    created: 0,
    ...more,
  };
}

export function hunk(id: number, state: string, more: Partial<Hunk> = {}): Hunk {
  return { id, state, before: "x\n", after: "y\n", before_line: id, after_line: id, ...more };
}

export function change(id: number, hunks: readonly Hunk[], more: Partial<Change> = {}): Change {
  return {
    id,
    key: `k${id}`,
    undoes: null,
    reason: "",
    title: `Change ${id}`,
    state: hunks[0]?.state ?? "proposed",
    proven: true,
    files: [{ path: "a.py", kind: "modify", new_path: null, hunks }],
    ...more,
  };
}

export function view(more: Partial<RunView> = {}): RunView {
  return { summary: run(), used, changes: [], questions: [], steps: [], interrupted: false, ...more };
}
