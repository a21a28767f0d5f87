// A window that is not trusted runs nothing of ours; one that becomes trusted does.
import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { CALC, test } from "./programs.mjs";
import { scenario, stage, staged, workspace } from "./scenario.mjs";
import * as server from "./server.mjs";
import { eventually } from "./workbench.mjs";

const files = { "calc.py": CALC, "test_calc.py": test("calc", ["double", 4, 8]) };
staged({ trust: true, prepare: () => workspace(files) });

scenario("untrusted: no command, no process, no state; trusted: it starts", async (window) => {
  await window.page.getByText("Restricted Mode").first().waitFor();
  await window.open("calc.py");
  // By then the other extensions are up.
  await window.command("Developer: Show Running Extensions");
  await window.page.locator(".runtime-extensions-editor .monaco-list-row").first().waitFor();
  // The list of extensions stands above the window and may take the key.
  await eventually(async () => {
    await window.press("Escape");
    await window.press("F1");
    await window.page.locator(".quick-input-widget input.input").waitFor({ timeout: 5000 });
  }, 60);
  await window.type(">Samokoder: ", { enter: false });
  await window.option("No matching commands").waitFor();
  await window.shot("untrusted");
  await window.press("Escape");
  assert.deepEqual(server.processes(stage.room), []);
  assert.deepEqual(readdirSync(stage.room.env.SAMOKODER_STATE_DIR), []);
  await window.command("Workspaces: Manage Workspace Trust");
  await window.page.locator(".workspace-trust-editor").getByRole("button", { name: "Trust", exact: true }).click();
  await window.statusItem("Samokoder").filter({ has: window.page.locator(".codicon-check") }).waitFor();
  assert.notDeepEqual(server.processes(stage.room), []);
  assert.ok(existsSync(stage.room.env.SAMOKODER_STATE_DIR));
  await window.shot("trusted");
});
