// Without a mouse and without a picture: what a screen reader is told, and what keys alone reach.
import assert from "node:assert/strict";
import { BOTH, test, TWO } from "./programs.mjs";
import { configure, onDisk, scenario, stage, staged, workspace } from "./scenario.mjs";
import * as server from "./server.mjs";
import { eventually } from "./workbench.mjs";

staged();
/** The name of what has the keyboard. */
const focused = (window) => window.page.evaluate(() => document.activeElement?.getAttribute("aria-label"));
const two = { "calc.py": TWO, "test_calc.py": test("calc", ["double", 4, 8], ["triple", 2, 6]) };

scenario("tree, question and status bar have roles and names; keys decide", async (window) => {
  workspace(two, [{ answer: BOTH }]);
  configure('[run]\napply = "ask"\n');
  server.shell(stage.room, "trust");
  await window.command("Samokoder: Show Runs");
  await window.command("Samokoder: Fix Everything");
  const question = window.toast("Apply “");
  await question.waitFor();
  await window.row("Line 11: return x * 3").waitFor();

  const tree = await window.page.getByRole("tree", { name: "Runs" }).ariaSnapshot();
  for (const said of [
    'treeitem "Fix work, waiting for you" [expanded] [level=1]',
    'treeitem "Apply “y = x ** 3” to calc.py?, answer" [level=2]',
    'treeitem "y = x ** 3, proposed, proven" [expanded] [level=2]',
    'treeitem "calc.py, proposed" [expanded] [level=3]',
    'treeitem "Line 2: y = x * 2, proposed" [level=4]',
  ]) assert.ok(tree.includes(said), `${said}\n${tree}`);
  const asked = await question.ariaSnapshot();
  assert.match(asked, /Fix work: Apply “y = x \*\* 3” to calc\.py\?/);
  for (const name of ["Apply", "Leave it"]) assert.ok(asked.includes(`button "${name}"`), asked);
  const status = window.page.getByRole("button", { name: /^Samokoder, Samokoder is running, Fix work: waiting for you/ });
  assert.equal(await status.count(), 1);

  // Down to the first hunk: its diff is opened by Enter, the hunk accepted in it.
  await window.command("Samokoder: Show Runs");
  await eventually(async () => assert.equal(await focused(window), "Runs"));
  await window.press("Home");
  for (let turn = 0; turn < 4; turn += 1) await window.press("ArrowDown");
  await window.press("Enter");
  await window.page.locator(".editor.modified .view-line", { hasText: "y = x * 2" }).waitFor();
  await window.command("View: Focus First Editor Group");
  await window.press("Control+Enter");
  await window.row("Line 2: y = x * 2").filter({ hasText: "applied" }).waitFor();
  await window.goto(11);
  await window.press("Control+Backspace");
  await window.row("Line 11: return x * 3").filter({ hasText: "rejected" }).waitFor();
  await eventually(() => assert.equal(onDisk("calc.py"), TWO.replace("x ** 3", "x * 2")));
  await window.shot("keyboard");
});
