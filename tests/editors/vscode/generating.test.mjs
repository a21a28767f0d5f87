// From a brief to files: the plan is edited and approved, a hunk is rejected, the rest is there.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import path from "node:path";
import { configure, onDisk, scenario, stage, staged, workspace } from "./scenario.mjs";
import { NOTES, QUARTERS } from "./programs.mjs";
import * as server from "./server.mjs";
import { eventually } from "./workbench.mjs";

staged();

scenario("brief, plan, approval above the plan, runs tree, a hunk rejected", async (window) => {
  workspace({ "notes.md": NOTES }, QUARTERS);
  configure('[generate]\nreview = "never"\ndocumentation = false\n[run]\napply = "ask"\n');
  server.shell(stage.room, "trust");
  await window.command("Samokoder: Show Runs");
  await window.command("Samokoder: Generate from a Brief");
  await window.type("A module that quarters numbers");
  await answerUntil(window, async () => (await window.line("Go ahead").count()) + (await window.lens("Go ahead").count()));
  await window.shot("plan");
});

async function answerUntil(window, done) {
  await eventually(async () => {
    for (const toast of await window.toast("Apply “").all()) {
      await window.button(toast, "Apply");
    }
    if (!(await done())) throw new Error("not yet");
  }, 90);
}
