// A review's findings: squiggle, Problems panel, explanation, dismissal, a fix that is applied.
import assert from "node:assert/strict";
import { onDisk, scenario, stage, staged, workspace } from "./scenario.mjs";
import { WEB } from "./programs.mjs";
import * as server from "./server.mjs";

staged();
const LOOSE = "def same(one, other=[]):\n    other.append(one)\n    return one is 'x'\n";

scenario("a proven finding is red, stands in the Problems panel, and can be dismissed", async (window) => {
  workspace({ "web.py": WEB }, [{ answer: '{"findings": []}' }]);
  server.shell(stage.room, "trust");
  await window.open("web.py");
  await window.command("Samokoder: Review This File");
  await window.toast("Findings: 1").waitFor();
  await window.squiggle("error").first().waitFor();
  await window.button(window.toast("Findings: 1"), "Show problems");
  await window.page.locator(".markers-panel .monaco-list-row", { hasText: "Ln 8" }).first().waitFor();
  await window.shot("review-problems");
  await window.press("Control+j");
  await window.tab("web.py").click();
  await window.goto(8, 30);
  await window.quickFix("Explain", { shot: "review-actions" });
  await window.page.locator(".tabs-container .tab", { hasText: "explanation.md" }).waitFor();
  await window.webview("reaches subprocess.call").waitFor();
  await window.shot("explanation");
  await window.tab("web.py").click();
  await window.goto(8, 30);
  await window.quickFix("Dismiss");
  await window.type("the name is checked before");
  await window.squiggle("error").first().waitFor({ state: "detached" });
  const listed = server.shell(stage.room, "finding", "list", "--dismissed", "--json");
  assert.deepEqual(listed.map(({ dismissed }) => dismissed), ["the name is checked before"]);
  await window.clear();
});

scenario("a finding's fix is applied with proof", async (window) => {
  workspace({ "loose.py": LOOSE }, [{ answer: '{"findings": []}' }]);
  await window.open("loose.py");
  await window.command("Samokoder: Review This File");
  await window.toast("Findings:").waitFor();
  await window.shot("review-loose");
  await window.quiet();
  await window.goto(3, 14);
  await window.quickFix("Apply fix");
  await window.line("one == 'x'").waitFor();
  await window.save("loose.py");
  assert.match(onDisk("loose.py"), /one == 'x'/);
  await window.clear();
});
