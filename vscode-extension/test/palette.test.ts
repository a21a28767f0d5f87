import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { Keys, type Vault } from "../src/keys";
import type { Pages } from "../src/pages";
import { act, PALETTE } from "../src/palette/palette";
import type { ChangeDocuments } from "../src/runs/documents";
import type { Runs } from "../src/runs/store";
import { serving, type FakeServer } from "./server";
import { change, hunk, run, used, view } from "./view";
import { clear, screen, Uri, window, workspace } from "./vscode";

beforeEach(clear);

const fixed = { run: run(), used, solved: true, rung: "L0", note: "n", reason: "", applied: true, fixes: 1, left: [], watched: "" };

const shown: string[] = [];
const opened: unknown[] = [];
const pages = { show: (name: string) => Promise.resolve(shown.push(name)) } as unknown as Pages;
const documents = { openAll: (node: unknown) => Promise.resolve(opened.push(node)) } as unknown as ChangeDocuments;

const made = view({ changes: [change(1, [hunk(1, "applied")])] });

function context(fake: FakeServer, list = [made]): Parameters<typeof act>[0] {
  const runs = {
    load: () => Promise.resolve(),
    list: list.map(({ summary }) => summary),
    seen: (id: string) => list.find(({ summary }) => summary.id === id),
    view: (id: string) => Promise.resolve(list.find(({ summary }) => summary.id === id)),
  } as unknown as Runs;
  return { server: fake.server, pages, runs, documents, keys: new Keys({} as Vault) };
}

function open(scheme: string, file: string, selection = ""): void {
  const place = { line: 3, character: 0 };
  window.activeTextEditor = {
    document: { uri: new Uri(scheme, file), getText: () => selection },
    selection: { active: place, start: { line: 1, character: 2 }, end: place },
  };
}

async function invoke(id: string, fake: FakeServer, list?: Parameters<typeof context>[1]): Promise<void> {
  await PALETTE[id]?.run(context(fake, list));
  await new Promise(setImmediate);
}

test("fix this file names the file", async () => {
  const fake = serving({ "samokoder.fix": () => fixed });
  open("file", "/w/a.py");
  await invoke("samokoder.fixFile", fake);
  assert.deepEqual(fake.asked, [["samokoder.fix", { uri: "file:///w/a.py" }]]);
  assert.deepEqual(screen.toasts[0]?.buttons, ["Show", "Undo"]);
});

test("without a file there is nothing to ask the server", async () => {
  const fake = serving({});
  await invoke("samokoder.fixFile", fake);
  open("untitled", "a");
  await invoke("samokoder.reviewFile", fake);
  assert.deepEqual(fake.asked, []);
  assert.deepEqual(screen.toasts.map((toast) => toast.kind), ["warning", "warning"]);
});

test("of several folders the active file's is meant, else the user is asked", async () => {
  const fake = serving({ "samokoder.check": () => ({ ok: false, problems: [1, 2] }) });
  workspace.workspaceFolders = [
    { uri: Uri.file("/w"), name: "w" },
    { uri: Uri.file("/v"), name: "v" },
  ];
  open("file", "/w/a.py");
  await invoke("samokoder.checkWorkspace", fake);
  window.activeTextEditor = undefined;
  await invoke("samokoder.checkWorkspace", fake);
  assert.deepEqual(fake.asked, [
    ["samokoder.check", { root: "/w" }],
    ["samokoder.check", { root: "/v" }],
  ]);
  assert.equal(screen.toasts[0]?.text, "The checks found problems: 2");
  assert.deepEqual(screen.toasts[0].buttons, ["Show problems"]);
});

test("a failing command and a pasted error are typed; leaving the input does nothing", async () => {
  const fake = serving({ "samokoder.fix": () => ({ ...fixed, applied: false }) });
  screen.typed.push("pytest -q", undefined);
  await invoke("samokoder.fixCommand", fake);
  await invoke("samokoder.fixCommand", fake);
  open("file", "/w/a.py", "Traceback\nboom");
  screen.picks.push((items) => items[0]);
  await invoke("samokoder.fixText", fake);
  assert.deepEqual(fake.asked, [
    ["samokoder.fix", { check: "pytest -q", root: "/w" }],
    ["samokoder.fix", { text: "Traceback\nboom", root: "/w" }],
  ]);
  assert.deepEqual(screen.toasts[0]?.buttons, ["Show"], "what was not applied cannot be undone");
});

test("undo is one click after a fix, and so is the diff", async () => {
  const fake = serving({
    "samokoder.fix": () => fixed,
    "samokoder.run.undo": () => ({ run: run(), message: "Undone.", conflicts: [] }),
  });
  screen.press = "Undo";
  await act(context(fake), "samokoder.fix", {});
  await new Promise(setImmediate);
  assert.deepEqual(fake.asked[1], ["samokoder.run.undo", { run: "01run" }]);
  screen.press = "Show";
  await act(context(fake), "samokoder.fix", {});
  await new Promise(setImmediate);
  assert.deepEqual(opened, [{ type: "run", run: run() }]);
});

test("a conflict of an undo is a warning that names the files", async () => {
  const fake = serving({
    "samokoder.run.undo": () => ({ run: run(), message: "Not all.", conflicts: ["a.py"] }),
  });
  screen.picks.push((items) => items[0]);
  const applied = view({ changes: [change(1, [hunk(1, "applied")])] });
  await invoke("samokoder.undo", fake, [applied]);
  assert.deepEqual(screen.toasts[0], { kind: "warning", text: "Not all. a.py", buttons: [] });
});

const answered = { run: run(), message: "Done.", conflicts: [] };

test("only runs for which it makes sense are offered", async () => {
  const fake = serving({ "samokoder.run.cancel": () => null, "samokoder.run.apply": () => answered });
  const active = view({ summary: run({ id: "02", state: "running" }) });
  const proposing = view({ summary: run({ id: "03" }), changes: [change(1, [hunk(1, "proposed")])] });
  const offered: number[] = [];
  for (const id of ["samokoder.cancelRun", "samokoder.accept", "samokoder.undo"]) {
    screen.picks.push((items) => {
      offered.push(items.length);
      return items[0];
    });
    await invoke(id, fake, [active, proposing]);
    screen.picks.length = 0;
  }
  assert.deepEqual(offered, [1, 1]);
  assert.deepEqual(fake.asked, [
    ["samokoder.run.cancel", { run: "02" }],
    ["samokoder.run.apply", { run: "03" }],
  ]);
  assert.equal(screen.toasts.at(-1)?.text, "There is no such run in this workspace.");
});

test("a run that came to a limit goes on with another one", async () => {
  const fake = serving({ "samokoder.run.resume": () => answered });
  const stopped = view({ summary: run({ id: "04", state: "limited", reason: "tokens" }) });
  const first = (items: readonly { label: string }[]): unknown => items[0];
  screen.picks.push(first, (items) => items[1], first, first, first, () => undefined);
  screen.typed.push("5000");
  for (let turn = 0; turn < 3; turn += 1) {
    await invoke("samokoder.resumeRun", fake, [stopped]);
  }
  assert.deepEqual(fake.asked, [
    ["samokoder.run.resume", { run: "04", tokens: 5000 }],
    ["samokoder.run.resume", { run: "04" }],
  ]);
});

test("a review of a selection, of a branch; nothing is asked when the user leaves", async () => {
  const fake = serving({
    "samokoder.review": () => ({ run: run(), files: 2, findings: [{}], notes: ["No model."] }),
  });
  open("file", "/w/a.py", "text");
  await invoke("samokoder.reviewSelection", fake);
  screen.picks.push((items) => items[1]);
  screen.typed.push("main");
  await invoke("samokoder.reviewChanges", fake);
  await invoke("samokoder.reviewChanges", fake);
  assert.deepEqual(fake.asked, [
    ["samokoder.review", { uri: "file:///w/a.py", line: 2, end_line: 3 }],
    ["samokoder.review", { diff: "main", root: "/w" }],
  ]);
  assert.equal(screen.toasts[0]?.text, "Findings: 1, files looked at: 2. No model.");
});

test("a code action's dismissal asks why", async () => {
  const fake = serving({ "samokoder.finding.dismiss": () => ({ message: "gone" }) });
  screen.typed.push("by design", undefined);
  await act(context(fake), "samokoder.finding.dismiss", { finding: "ab" });
  await act(context(fake), "samokoder.finding.dismiss", { finding: "ab" });
  assert.deepEqual(fake.asked, [["samokoder.finding.dismiss", { finding: "ab", reason: "by design" }]]);
});

test("a brief is typed, and says what it is about", async () => {
  const answer = { run: run(), used, tasks: [], planned: 3, changed: [], left_out: [], stopped: "", offer: "", title: "T" };
  const fake = serving({ "samokoder.generate": () => answer, "samokoder.new": () => ({ templates: [] }) });
  screen.typed.push("a clock");
  await invoke("samokoder.generateBrief", fake);
  open("file", "/w/a.py", "marked");
  screen.typed.push("a clock");
  screen.picks.push((items) => items[2]);
  await invoke("samokoder.generateBrief", fake);
  await invoke("samokoder.newProject", fake);
  assert.deepEqual(fake.asked, [
    ["samokoder.generate", { brief: "a clock", root: "/w" }],
    ["samokoder.generate", { brief: "a clock", root: "/w", uri: "file:///w/a.py", selection: "marked" }],
    ["samokoder.new", {}],
  ]);
  assert.match(screen.toasts[0]?.text ?? "", /^T · Tasks planned: 3\./);
});

test("what cannot be taken back is asked about first", async () => {
  const fake = serving({ "samokoder.state.purge": () => ({}) });
  await invoke("samokoder.purgeState", fake);
  assert.deepEqual(fake.asked, []);
  screen.press = "Remove";
  await invoke("samokoder.purgeState", fake);
  assert.deepEqual(fake.asked, [["samokoder.state.purge", { yes: true, root: "/w" }]]);
});

test("reports are pages", async () => {
  shown.length = 0;
  const fake = serving({
    "samokoder.doctor": () => ({ findings: [] }),
    "samokoder.usage": () => ({ by: "model", sums: [] }),
    "samokoder.model.status": () => ({ roles: [] }),
    "samokoder.daemon.status": () => ({ version: "1" }),
  });
  screen.picks.push((items) => items[0]);
  for (const id of ["samokoder.showUsage", "samokoder.runDoctor", "samokoder.showModels", "samokoder.daemonStatus"]) {
    await invoke(id, fake);
  }
  assert.deepEqual(shown, ["usage.md", "doctor.md", "models.md", "samokoder.daemon.status.md"]);
});
