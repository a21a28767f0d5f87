// Nothing is installed: the extension says so, makes its own environment and works with it.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import path from "node:path";
import { scenario, stage, staged, workspace } from "./scenario.mjs";
import { CALC } from "./programs.mjs";
import { TOOLS } from "./server.mjs";

const WHEELS = path.join(TOOLS, "wheels");
// Only what was downloaded before: the test itself asks no network.
staged({
  path: "",
  environment: { PATH: "/usr/bin:/bin", PIP_NO_INDEX: "1", PIP_FIND_LINKS: WHEELS, UV_NO_INDEX: "1", UV_FIND_LINKS: WHEELS },
});

scenario("not installed, installed by one click, doctor shows that all is in place", async (window) => {
  assert.ok(existsSync(WHEELS), "scripts/vscode-e2e brings the wheels");
  workspace({ "calc.py": CALC });
  await window.toast("Samokoder is not installed here yet.").waitFor({ timeout: 60_000 });
  await window.page.locator(".activitybar .action-item a[aria-label^=\"Samokoder\"]").first().click();
  await window.page.getByRole("button", { name: "Install Samokoder" }).first().waitFor();
  await window.shot("not-installed");
  await window.button(window.toast("Samokoder is not installed here yet."), "Install Samokoder");
  await window.toast("Installing Samokoder").waitFor();
  await window.shot("installing");
  await window.statusItem("Samokoder").filter({ has: window.page.locator(".codicon-check") }).waitFor({ timeout: 300_000 });
  const program = path.join(stage.room.root, "data/User/globalStorage/samokoder.samokoder/environment/bin/samokoder");
  assert.ok(existsSync(program));
  await window.command("Samokoder: Is Everything in Place?");
  await window.page.locator(".webview").first().waitFor({ timeout: 60_000 });
  await window.page.waitForTimeout(2500);
  await window.shot("doctor");
}, 500);
