import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { Keys } from "../src/keys";
import { bring } from "../src/runs/decisions";
import { linesOf, placeOf, uriOf } from "../src/runs/documents";
import { below, contextOf, nameOf, ofView, parentOf, selected, type Node } from "../src/runs/nodes";
import { stateOfTask, word } from "../src/runs/states";
import { Runs } from "../src/runs/store";
import { RunsTree } from "../src/runs/tree";
import type { Change, Task } from "../src/answers";
import { serving } from "./server";
import { change, hunk, run, used, view } from "./view";
import { clear, screen } from "./vscode";

beforeEach(clear);

const mixed = change(1, [hunk(1, "proposed"), hunk(2, "applied"), hunk(3, "rejected")]);
const full = view({
  summary: run({ state: "waiting" }),
  changes: [mixed, change(2, [hunk(4, "applied")], { undoes: 1 })],
  questions: [
    { key: "k", text: "Sure?", options: ["Yes", "No"], default: "No", answer: null },
    { key: "old", text: "Really?", options: [], default: "", answer: "Yes" },
  ],
});

test("runs → changes → files → hunks, each with what can be done and how the server names it", () => {
  const top: Node = { type: "run", run: full.summary };
  const [question, one, ...rest] = ofView(full);
  assert.equal(rest.length, 0, "what takes something back is not decided about");
  assert.equal(question?.type, "question");
  assert.ok(one?.type === "change");
  const [file] = below(one);
  assert.ok(file?.type === "file");
  const [proposed, applied, rejected] = below(file);
  assert.ok(proposed !== undefined && applied !== undefined && rejected !== undefined);
  assert.equal(contextOf(top, full), "run;active;proposed;applied");
  assert.equal(contextOf(top, undefined), "run;active");
  assert.equal(contextOf(file, full), "file;proposed;applied");
  assert.deepEqual([proposed, applied, rejected].map((node) => contextOf(node, full)), [
    "hunk;proposed",
    "hunk;applied",
    "hunk",
  ]);
  assert.deepEqual(selected(top), { run: "01run" });
  assert.deepEqual(selected(one), { run: "01run", change: 1 });
  assert.deepEqual(selected(file), { run: "01run", change: 1, hunk: [1, 2, 3] });
  assert.deepEqual(selected(applied), { run: "01run", change: 1, hunk: [2] });
  const above = [applied, file, one].map((node) => nameOf(parentOf(node) ?? node));
  assert.deepEqual(above, [file, one, top].map(nameOf));
});

test("a task without changes stands by itself; ticks in the plan are no tasks", () => {
  const task = (key: string, state: string): Task => ({ key, title: "Notes", state, reason: "" });
  const plan = (kind: string): Partial<Change> => ({
    files: [{ path: ".samokoder/plan.md", kind, new_path: null, hunks: [hunk(9, "applied")] }],
  });
  const worked = view({
    tasks: [task("T1", "done"), task("T2", "planned")],
    changes: [
      change(1, [], { title: "Plan: Quarters", ...plan("create") }),
      change(2, [hunk(1, "applied")], { title: "T1: Notes" }),
      change(3, [], { title: "Plan: progress", ...plan("modify") }),
    ],
  });
  const names = ofView(worked).map((node) => (node.type === "task" ? node.task.key : nameOf(node)));
  assert.deepEqual(names, ["01run/1", "01run/2", "T2"]);
});

test("a task waits for another task, a run for the user", () => {
  assert.equal(word(stateOfTask("waiting")), "waiting for another task");
  assert.equal(word("waiting"), "waiting for you");
  assert.equal(stateOfTask("done"), "done");
});

test("a document's address says which side of which file it is", () => {
  const place = { run: "01", change: 7, side: "after" as const, file: "dir/ä b?.py" };
  const uri = uriOf(place, "dir/new.py");
  assert.equal(uri.path, "/01/7/after/dir/new.py");
  assert.deepEqual(placeOf(uri), place);
  assert.deepEqual(linesOf(hunk(3, "", { after: "a\nb\n", after_line: 3 }), "after"), { first: 2, last: 3 });
  assert.deepEqual(linesOf(hunk(3, "", { after: "", after_line: 3 }), "after"), { first: 2, last: 2 });
});

test("events keep the list up to date; what it cost adds up; an unknown run is looked for", async () => {
  let state = "running";
  const fake = serving({
    "samokoder.run.list": () => [run({ state })],
    "samokoder.run.show": () => view({ summary: run({ state }), used }),
  });
  const runs = new Runs({ server: fake.server, folders: () => ["/w"] });
  const brought: string[] = [];
  runs.onQuestion(({ key }) => brought.push(key));
  runs.heard({ number: 1, run: "01run", kind: "state", facts: { state: "running", reason: "" } });
  await new Promise((done) => setTimeout(done, 300));
  assert.equal(runs.active.length, 1);
  assert.equal(runs.cost("01run")?.input_tokens, 900);
  runs.heard({ number: 2, run: "01run", kind: "progress", facts: { message: "L2", percent: null } });
  runs.heard({ number: 3, run: "01run", kind: "model", facts: { tokens: 50, micros: 7 } });
  assert.equal(runs.progress("01run"), "L2");
  assert.deepEqual(runs.cost("01run"), { calls: 2, input_tokens: 950, output_tokens: 100, micros: 7 });
  runs.heard({ number: 4, run: "01run", kind: "question", facts: { key: "apply" } });
  assert.deepEqual(brought, ["apply"]);
  state = "succeeded";
  runs.heard({ number: 5, run: "01run", kind: "state", facts: { state, reason: "" } });
  assert.equal(runs.active.length, 0);
  runs.dispose();
});

test("a question that was open before is brought; answering sends the option", async () => {
  const fake = serving({
    "samokoder.run.list": () => [full.summary],
    "samokoder.run.show": () => ({ ...full, interrupted: true }),
    "samokoder.run.answer": () => null,
    "samokoder.run.resume": () => null,
  });
  const runs = new Runs({ server: fake.server, folders: () => ["/w"] });
  const brought: string[] = [];
  runs.onQuestion(({ key }) => brought.push(key));
  await runs.load();
  assert.deepEqual(brought, ["k"]);
  screen.press = "Yes";
  const [question] = full.questions;
  assert.ok(question !== undefined);
  await bring(fake.server, full.summary, question);
  const answered = ["samokoder.run.answer", { run: "01run", question: "k", answer: "Yes" }];
  assert.deepEqual(fake.asked.slice(-3)[0], answered);
  assert.deepEqual(fake.asked.at(-1), ["samokoder.run.resume", { run: "01run", wait: false }]);
  assert.equal(screen.toasts[0]?.text, "Fix a.py: Sure?");
  runs.dispose();
});

test("every item of the tree can be read aloud, and is known again by the same object", async () => {
  const fake = serving({ "samokoder.run.list": () => [full.summary], "samokoder.run.show": () => full });
  const runs = new Runs({ server: fake.server, folders: () => ["/w"] });
  await runs.load();
  const tree = new RunsTree(runs);
  const walk = async (nodes: readonly Node[]): Promise<string[]> => {
    const said: string[] = [];
    for (const node of nodes) {
      said.push(tree.getTreeItem(node).accessibilityInformation?.label ?? "");
      said.push(...(await walk(await tree.getChildren(node))));
    }
    return said;
  };
  const top = await tree.getChildren();
  runs.heard({ number: 1, run: "01run", kind: "progress", facts: { message: "not while it waits" } });
  assert.deepEqual(await walk(top), [
    "Fix a.py, waiting for you",
    "Sure?, answer",
    "Change 1, proposed, proven",
    "a.py, proposed",
    "Line 1: y, proposed",
    "Line 2: y, applied",
    "Line 3: y, rejected",
  ]);
  assert.equal((await tree.getChildren())[0], top[0]);
  runs.dispose();
});

test("keys go to the secret storage and the server's memory, and back again at the next start", async () => {
  const secrets = new Map<string, string>();
  const names = new Map<string, unknown>();
  const keys = new Keys({
    secrets: {
      get: (name) => Promise.resolve(secrets.get(name)),
      store: (name, value) => Promise.resolve(void secrets.set(name, value)),
      delete: (name) => Promise.resolve(void secrets.delete(name)),
    },
    globalState: {
      get: <T>(name: string, usual?: T) => (names.get(name) ?? usual) as T,
      update: (name, value) => Promise.resolve(void names.set(name, value)),
    },
  });
  const known = [{ provider: "openai", title: "OpenAI", where: "" }];
  const fake = serving({ "samokoder.model.key": () => ({ keys: known }) });
  screen.picks.push((items) => items[0], (items) => items[0]);
  screen.typed.push(" hidden ");
  await keys.set(fake.server);
  assert.deepEqual(fake.asked.at(-1), ["samokoder.model.key", { provider: "openai", key: "hidden" }]);
  assert.deepEqual([...secrets.values()], ["hidden"]);
  assert.ok(!JSON.stringify([...names]).includes("hidden"));
  assert.deepEqual(keys.secrets, ["hidden"]);
  await keys.hand(fake.server);
  assert.deepEqual(fake.asked.at(-1), ["samokoder.model.key", { provider: "openai", key: "hidden" }]);
  await keys.forget(fake.server);
  assert.deepEqual(fake.asked.at(-1), ["samokoder.model.key", { provider: "openai", forget: true }]);
  assert.equal(secrets.size, 0);
});
