// A run of another client: watched, approved and undone here. Keys: in no file.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { test as check } from "node:test";
import { CALC, FIX, test } from "./programs.mjs";
import { configure, onDisk, scenario, stage, staged, workspace } from "./scenario.mjs";
import * as server from "./server.mjs";
import { eventually } from "./workbench.mjs";

staged();
const calc = { "calc.py": CALC, "test_calc.py": test("calc", ["double", 4, 8]) };
const NVIM = path.join(server.PROJECT, ".venv/bin/nvim");

scenario("a run of a shell that could not ask is watched, approved and undone", async (window) => {
  workspace(calc, [{ answer: FIX, delay: 3 }]);
  configure('[run]\napply = "ask"\n');
  server.shell(stage.room, "trust");
  await window.command("Samokoder: Show Runs");
  const { room } = stage;
  const child = spawn(server.SAMOKODER, ["fix", "calc.py", "--json"], { cwd: room.work, env: room.env, stdio: "ignore" });
  const ended = new Promise((done) => child.once("exit", done));
  await window.runRow("Fix calc.py").first().waitFor();
  assert.equal(await ended, 1, "something is left: an answer");
  await approvedAndUndone(window);
});

check("a run of Neovim is watched, approved and undone", { timeout: 360_000, skip: !existsSync(NVIM) && "no Neovim here" }, async () => {
  const { window, room } = stage;
  workspace(calc, [{ answer: FIX, delay: 3 }]);
  configure('[run]\napply = "ask"\n');
  const argv = ["--headless", "-u", "NONE", "-i", "NONE", "-n", "-l", path.join(import.meta.dirname, "order.lua")];
  const child = spawn(NVIM, [...argv, room.work, server.SAMOKODER], { cwd: room.work, env: room.env, stdio: "inherit" });
  assert.equal(await new Promise((done) => child.once("exit", done)), 0);
  await window.runRow("running").or(window.runRow("waiting")).first().waitFor();
  await approvedAndUndone(window);
});

async function approvedAndUndone(window) {
  const question = window.toast("Apply “");
  await question.waitFor();
  await window.shot("other-client");
  assert.equal(onDisk("calc.py"), CALC);
  await window.button(question, "Apply");
  await eventually(() => assert.match(onDisk("calc.py"), /y = x \* 2\n/));
  const run = window.runRow("succeeded").first();
  await run.waitFor();
  await window.button(run, "Undo Changes");
  await eventually(() => assert.equal(onDisk("calc.py"), CALC));
  await window.runRow("undone").first().waitFor();
}

scenario("a key is in the server's memory and in no readable file", async (window) => {
  const key = "sk-not-a-real-key-7f3a91";
  await window.command("Samokoder: Set a Model Provider's Key");
  await window.option("Mistral").first().click();
  await window.type(key);
  await window.toast("is set").waitFor();
  assert.deepEqual(holding(stage.room.root, key), []);
});

/** Files below a folder in which a text stands. */
function holding(folder, text) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .filter((file) => readFileSync(file).includes(text));
}
