import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { COMMANDS, fix } from "../src/commands";
import type { Pages } from "../src/pages";
import { actOn } from "../src/runs";
import { serving, type FakeServer } from "./server";
import { clear, screen, window } from "./vscode";

beforeEach(clear);

const run = { id: "01run", kind: "fix", title: "Fix", state: "succeeded", reason: "", created: 0 };
const used = { calls: 0, input_tokens: 0, output_tokens: 0, micros: 0 };
const fixed = { run, used, solved: true, rung: "L0", note: "n", reason: "", applied: true, fixes: 1 };

const shown: string[] = [];
const pages = {
  show: (name: string) => {
    shown.push(name);
    return Promise.resolve();
  },
} as unknown as Pages;

function open(scheme: string, file: string): void {
  window.activeTextEditor = { document: { uri: { scheme, fsPath: file, toString: () => `${scheme}://${file}` } } };
}

async function invoke(id: string, fake: FakeServer): Promise<void> {
  await COMMANDS[id]?.(fake.server, pages);
  await new Promise(setImmediate);
}

function asked(fake: FakeServer): unknown[] {
  return fake.asked.map((params) => [params.command, ...params.arguments]);
}

test("fix this file names the file", async () => {
  const fake = serving({ "samokoder.fix": () => fixed });
  open("file", "/w/a.py");
  await invoke("samokoder.fixFile", fake);
  assert.deepEqual(asked(fake), [["samokoder.fix", { uri: "file:///w/a.py" }]]);
  assert.deepEqual(screen.toasts[0]?.buttons, ["Show", "Undo"]);
});

test("without a file there is nothing to ask the server", async () => {
  const fake = serving({});
  await invoke("samokoder.fixFile", fake);
  open("untitled", "a");
  await invoke("samokoder.fixFile", fake);
  assert.deepEqual(fake.asked, []);
  assert.deepEqual(screen.toasts.map((toast) => toast.kind), ["warning", "warning"]);
});

test("the workspace of the active file is meant; without one the server decides", async () => {
  const fake = serving({
    "samokoder.fix": () => ({ ...fixed, applied: false, solved: false }),
    "samokoder.check": () => ({ run, ok: false, problems: [1, 2] }),
  });
  await invoke("samokoder.checkWorkspace", fake);
  open("file", "/w/a.py");
  await invoke("samokoder.fixAll", fake);
  assert.deepEqual(asked(fake), [
    ["samokoder.check", {}],
    ["samokoder.fix", { all: true, root: "/w" }],
  ]);
  assert.equal(screen.toasts[0]?.text, "The checks found problems: 2");
  assert.deepEqual(screen.toasts[1]?.buttons, ["Show"], "what was not applied cannot be undone");
});

test("undo is one click after a fix", async () => {
  const fake = serving({
    "samokoder.fix": () => fixed,
    "samokoder.run.undo": () => ({ run, message: "Undone.", conflicts: [] }),
  });
  screen.press = "Undo";
  await fix(fake.server, pages, "t", {});
  await new Promise(setImmediate);
  assert.deepEqual(asked(fake)[1], ["samokoder.run.undo", { run: "01run" }]);
  assert.equal(screen.toasts[1]?.text, "Undone.");
});

test("a conflict of an undo is a warning that names the files", async () => {
  const fake = serving({
    "samokoder.run.undo": () => ({ run, message: "Not all.", conflicts: ["a.py"] }),
  });
  screen.picks.push((items) => items.find((item) => item.label === "Undo"));
  await actOn(fake.server, pages, run);
  assert.deepEqual(screen.toasts[0], { kind: "warning", text: "Not all. a.py", buttons: [] });
});

test("runs: pick one, then what to do; an active one can be cancelled, not undone", async () => {
  const offered: string[][] = [];
  const fake = serving({
    "samokoder.run.list": () => [{ ...run, state: "running" }],
    "samokoder.run.cancel": () => ({ run, message: "Cancelled.", conflicts: [] }),
  });
  screen.picks.push(
    (items) => items[0],
    (items) => {
      offered.push(items.map((item) => item.label));
      return items.find((item) => item.label === "Cancel");
    },
  );
  await invoke("samokoder.showRuns", fake);
  assert.deepEqual(offered, [["Show", "Cancel"]]);
  assert.deepEqual(asked(fake)[1], ["samokoder.run.cancel", { run: "01run" }]);
});

test("leaving the list does nothing", async () => {
  const fake = serving({ "samokoder.run.list": () => [run] });
  await invoke("samokoder.showRuns", fake);
  assert.equal(fake.asked.length, 1);
});

test("reports are pages, a pulled model is said", async () => {
  const fake = serving({
    "samokoder.doctor": () => ({ findings: [] }),
    "samokoder.usage": () => ({ by: "model", sums: [] }),
    "samokoder.model.pull": () => ({}),
  });
  for (const id of ["samokoder.runDoctor", "samokoder.showUsage", "samokoder.pullModel"]) {
    await invoke(id, fake);
  }
  assert.deepEqual(shown.slice(-2), ["doctor.txt", "usage.txt"]);
  assert.equal(screen.toasts[0]?.text, "The embedded model is ready.");
});
