// Two folders in one window: each command means one of them, the runs of both are listed.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { CALC, FIX, test } from "./programs.mjs";
import { scenario, stage, staged, workspace } from "./scenario.mjs";
import * as server from "./server.mjs";

const files = { "calc.py": CALC, "test_calc.py": test("calc", ["double", 4, 8]) };

staged({
  prepare: (room) => {
    workspace(files, [{ answer: FIX }]);
    const other = room.folder("other");
    mkdirSync(other);
    for (const [name, text] of Object.entries(files)) writeFileSync(path.join(other, name), text);
    const file = room.folder("two.code-workspace");
    writeFileSync(file, JSON.stringify({ folders: [{ path: "work" }, { path: "other" }] }));
    return file;
  },
});

scenario("a command asks which folder is meant, and touches only that", async (window) => {
  const { room } = stage;
  for (const folder of ["work", "other"]) server.shell(room, "trust", room.folder(folder));
  await window.command("Samokoder: Show Runs");
  await window.command("Samokoder: Run the Project's Checks");
  await window.option("work").first().click();
  await window.toast("The checks found problems: 1").waitFor();
  await window.quiet();
  await window.command("Samokoder: Fix Everything");
  await window.option("other").first().waitFor();
  await window.shot("which-folder");
  await window.option("other").first().click();
  await window.toast("Proven and applied (by the model)").waitFor();
  const text = (folder) => readFileSync(room.folder(`${folder}/calc.py`), "utf8");
  assert.match(text("other"), /y = x \* 2\n/);
  assert.equal(text("work"), CALC);
  await window.newest("Fix other").filter({ hasText: "other · succeeded" }).waitFor();
  await window.runRow("Check work").filter({ hasText: "work · ended: failing: unittest" }).waitFor();
  await window.shot("folders");
});
