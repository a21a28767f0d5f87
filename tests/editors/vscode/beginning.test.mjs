// A first day: nothing is installed, nothing is set. From there to a first proven fix.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import path from "node:path";
import { onDisk, scenario, stage, staged, workspace } from "./scenario.mjs";
import { test } from "./programs.mjs";
import { TOOLS } from "./server.mjs";
import { eventually } from "./workbench.mjs";

const WHEELS = path.join(TOOLS, "wheels");
const MEAN = "def average(values):\n    return statistics.mean(values)\n";
// Only what was downloaded before: the test itself asks no network.
staged({
  path: "",
  settings: false,
  environment: { PATH: "/usr/bin:/bin", PIP_NO_INDEX: "1", PIP_FIND_LINKS: WHEELS, UV_NO_INDEX: "1", UV_FIND_LINKS: WHEELS },
});

scenario("not installed, installed by one click, doctor shows that all is in place", async (window) => {
  assert.ok(existsSync(WHEELS), "scripts/vscode-e2e brings the wheels");
  workspace({ "mean.py": MEAN, "test_mean.py": test("mean", ["average", "[1, 3]", 2]) });
  const missing = window.toast("Samokoder is not installed here yet.");
  await missing.waitFor();
  await window.page.locator(".activitybar .action-item a[aria-label^=\"Samokoder\"]").first().click();
  await window.page.getByRole("button", { name: "Install Samokoder" }).first().waitFor();
  await window.shot("not-installed");
  await window.button(missing, "Install Samokoder");
  await window.toast("Installing Samokoder").waitFor();
  await window.page.getByText("Samokoder is being installed.").waitFor();
  await window.shot("installing");
  await window.statusItem("Samokoder").filter({ has: window.page.locator(".codicon-check") }).waitFor({ timeout: 600_000 });
  const program = path.join(stage.room.root, "data/User/globalStorage/samokoder.samokoder/environment/bin/samokoder");
  assert.ok(existsSync(program));
  await window.shot("installed");
  await window.command("Samokoder: Is Everything in Place?");
  await window.webview("What to do").waitFor();
  await window.shot("doctor");
}, 900);

scenario("the walkthrough, the first question, the first fix, without any model", async (window) => {
  await window.command("Samokoder: Get Started");
  await window.page.locator(".gettingStartedContainer").getByText("Run your checks").first().waitFor();
  await window.page.locator(".getting-started-step.installed, .getting-started-step .codicon-getting-started-step-checked").first().waitFor();
  await window.shot("walkthrough");
  await window.clear();
  await window.command("Samokoder: Show Runs");
  await window.page.getByRole("button", { name: "Run the Project's Checks" }).first().click();
  const consent = window.toast("wants to run the checks of work");
  await consent.waitFor();
  await window.shot("consent");
  await window.button(consent, "Always in this workspace");
  await window.button(window.toast("The checks found problems"), "Show problems");
  await window.shot("first-problems");
  await window.command("Samokoder: Fix Everything");
  const done = window.toast("Proven and applied (by a rule)");
  await done.waitFor({ timeout: 90_000 });
  await window.shot("first-fix");
  await eventually(() => assert.match(onDisk("mean.py"), /^import statistics\n/));
  await window.button(done, "Undo");
  await eventually(() => assert.equal(onDisk("mean.py"), MEAN));
});
