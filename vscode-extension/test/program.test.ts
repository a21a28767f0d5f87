import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { Program, type Managed } from "../src/program";
import { clear, screen, workspace } from "./vscode";

beforeEach(clear);

function program(managed: Partial<Managed>, agreed = false): Program {
  const none: Managed = { find: () => Promise.resolve(undefined), make: () => Promise.reject(new Error("no Python")) };
  const memory = { get: <T>(_: string, usual?: T) => (agreed || usual) as T, update: () => Promise.resolve() };
  // No PATH, no home: nothing is found but what is managed.
  process.env["PATH"] = "";
  process.env["HOME"] = "/nowhere";
  return new Program({ ...none, ...managed }, "1.4.0", memory);
}

const ours = { find: () => Promise.resolve("/managed/samokoder") };

test("nothing is installed unasked; what was agreed to once is renewed by itself", async () => {
  const installing: string[] = [];
  const find = (one: Program): Promise<unknown> => one.find(() => installing.push("installing"));
  const first = await find(program({}));
  assert.deepEqual(first, { problem: "Samokoder is not installed here yet.", way: "install" });
  assert.deepEqual(installing, []);
  const made = { make: () => Promise.resolve("/managed/samokoder") };
  assert.deepEqual(await find(program(made, true)), { command: "/managed/samokoder", env: {} });
  assert.deepEqual(await find(program({}, true)), { problem: "no Python", way: "repair" });
  assert.deepEqual(installing, ["installing", "installing"]);
});

test("a setting that names nothing is to be corrected, not replaced", async () => {
  workspace.settings = { path: "/nowhere/at/all" };
  const found = await program(ours).find(() => undefined);
  assert.ok("problem" in found && found.way === "settings" && found.problem.includes("/nowhere/at/all"));
});

test("a server of the same minor version is not talked about", async () => {
  const one = program(ours);
  await one.find(() => undefined);
  one.greet("1.4.9");
  one.greet("");
  assert.deepEqual(screen.toasts, []);
});

test("another version is said, with the way out that helps", async () => {
  const managed = program(ours);
  await managed.find(() => undefined);
  managed.greet("1.3.0");
  const elsewhere = program({});
  elsewhere.greet("2.0.0");
  assert.deepEqual(screen.toasts.map(({ buttons }) => buttons), [["Try again"], ["Open settings"]]);
  assert.match(screen.toasts[0]?.text ?? "", /^Samokoder 1\.3\.0 serves, this extension is made for 1\.4\.0\./);
});
