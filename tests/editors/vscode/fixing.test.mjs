// Fixing, checking, cancelling, undoing, deciding hunk by hunk, coming back after a reload.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { configure, onDisk, scenario, stage, staged, workspace } from "./scenario.mjs";
import { BOTH, CALC, FIX, test, TWO, waiting } from "./programs.mjs";
import { eventually } from "./workbench.mjs";

staged();
const calc = { "calc.py": CALC, "test_calc.py": test("calc", ["double", 4, 8]) };
const two = { "calc.py": TWO, "test_calc.py": test("calc", ["double", 4, 8], ["triple", 2, 6]) };

scenario("from the palette to a proven fix, and back by one click", async (window) => {
  workspace(calc, [{ answer: FIX, delay: 1 }]);
  await window.open("calc.py");
  await window.command("Samokoder: Fix This File");
  await window.button(window.toast("wants to run the checks"), "Always in this workspace");
  await window.toast("Samokoder: fix this file").waitFor();
  await window.shot("fix-progress");
  const done = window.toast("Proven and applied (by the model)");
  await done.waitFor();
  await window.line("y = x * 2").waitFor();
  assert.equal(onDisk("calc.py"), CALC, "saving is the user's");
  assert.match(await done.textContent(), /calc\.py: y = x \*\* 3 → y = x \* 2/);
  await window.shot("fix-proven");
  await window.button(done, "Undo");
  await window.line("y = x ** 3").waitFor();
  await window.save("calc.py");
  assert.equal(onDisk("calc.py"), CALC);
  await window.clear();
});

scenario("a squiggle, its quick fix, the proven edit", async (window) => {
  workspace(calc, [{ answer: FIX }]);
  await window.open("test_calc.py");
  await window.command("Samokoder: Run the Project's Checks");
  await window.squiggle("error").first().waitFor();
  await window.toast("The checks found problems: 1").waitFor();
  await window.quiet();
  await window.command("View: Focus Problems");
  await window.shot("check-problems");
  await window.press("Control+j");
  await window.tab("test_calc.py").click();
  await window.goto(8, 10);
  await window.quickFix("Fix with Samokoder", { shot: "quick-fix" });
  await window.toast("Proven and applied (by the model)").waitFor();
  await eventually(() => assert.match(onDisk("calc.py"), /y = x \* 2\n/));
  await window.clear();
});

scenario("cancelling by the toast leaves everything as it was", async (window) => {
  workspace(calc, [{ answer: FIX, delay: 90 }]);
  await window.command("Samokoder: Show Runs");
  await window.command("Samokoder: Fix Everything");
  const toast = window.toast("Samokoder: fix everything");
  await toast.waitFor();
  await window.runRow("running").waitFor();
  await eventually(async () => assert.match(await toast.textContent(), /:.*: ./), 30);
  await window.shot("running");
  await window.button(toast, "Cancel");
  await window.newest("cancelled").waitFor();
  await toast.waitFor({ state: "detached" });
  assert.equal(onDisk("calc.py"), CALC);
});

scenario("proposed changes are looked at, accepted and rejected hunk by hunk", async (window) => {
  workspace(two, [{ answer: BOTH }]);
  configure('[run]\napply = "ask"\n');
  await window.command("Samokoder: Show Runs");
  await window.command("Samokoder: Fix Everything");
  await window.toast("Apply “").waitFor();
  await window.row("Line 2: y = x * 2").waitFor();
  await window.shot("runs-proposed");
  await window.row("Line 2: y = x * 2").click();
  await window.page.locator(".editor.modified .view-line", { hasText: "y = x * 2" }).waitFor();
  await window.shot("diff-hunk");
  await window.button(window.row("Line 2: y = x * 2"), "Reject");
  await window.row("Line 2: y = x * 2").filter({ hasText: "rejected" }).waitFor();
  await window.button(window.row("Line 11: return x * 3"), "Accept");
  await eventually(() => assert.equal(onDisk("calc.py"), TWO.replace("x * 4", "x * 3")));
  await window.row("return x * 3").filter({ hasText: "applied" }).waitFor();
  await window.shot("runs-decided");
  await window.button(window.row("return x * 3").filter({ hasText: "applied" }), "Undo");
  await eventually(() => assert.equal(onDisk("calc.py"), TWO));
  await window.clear();
});

scenario("a window that is reloaded finds its run again", async (window) => {
  const gate = stage.room.folder("gate");
  workspace({ ...calc, "test_calc.py": waiting(gate, "calc", ["double", 4, 8]) }, [{ answer: FIX }]);
  configure("", 'mode = "off"\nunconfined = true');
  await window.command("Samokoder: Show Runs");
  await window.command("Samokoder: Fix Everything");
  await window.newest("running").waitFor();
  await window.reload();
  await window.newest("running").waitFor();
  await window.statusItem("Fix work").waitFor();
  await window.shot("reattached");
  writeFileSync(gate, "");
  await window.newest("succeeded").waitFor();
  await eventually(() => assert.match(onDisk("calc.py"), /y = x \* 2\n/));
});
