// From a brief to files: the plan is approved, a hunk is rejected, the rest is on the disk.
import assert from "node:assert/strict";
import { configure, onDisk, scenario, stage, staged, workspace } from "./scenario.mjs";
import { NOTES, QUARTERS } from "./programs.mjs";
import * as server from "./server.mjs";
import { eventually } from "./workbench.mjs";

staged();

scenario("brief, plan, approval above the plan, runs tree, a hunk rejected, files", async (window) => {
  workspace({ "notes.md": NOTES }, QUARTERS);
  configure('[generate]\nreview = "never"\ndocumentation = false\n[run]\napply = "ask"\n');
  server.shell(stage.room, "trust");
  await window.command("Samokoder: Show Runs");
  await window.command("Samokoder: Generate from a Brief");
  await window.type("A module that quarters numbers");
  const go = window.lens("Go ahead");
  await agreeUntil(window, () => go.count());
  await window.tab("plan.md").waitFor();
  await window.quiet();
  await window.shot("plan");
  await go.click();
  const first = window.row("first: quarters");
  await agreeUntil(window, () => first.count(), /Notes/);
  await window.quiet();
  await window.button(first.first(), "Reject");
  await first.filter({ hasText: "rejected" }).first().waitFor();
  await window.button(window.row("fifth: tested").first(), "Accept");
  await window.row("fifth: tested").filter({ hasText: "applied" }).first().waitFor();
  await window.shot("generated");
  await eventually(() => assert.equal(onDisk("notes.md"), NOTES.replace("fifth", "fifth: tested")));
  assert.match(onDisk("quarter.py"), /return x \/ 4/);
  assert.match(onDisk("test_quarter.py"), /quarter\(8\), 2/);
});

/** Says Apply to what the run asks on its way, except about one thing. */
async function agreeUntil(window, done, but = /^$/) {
  await eventually(async () => {
    if (await done()) return;
    for (const toast of await window.toast("Apply “").all()) {
      const text = await toast.textContent({ timeout: 1000 }).catch(() => "");
      if (text && !but.test(text)) {
        await toast.getByRole("button", { name: "Apply", exact: true }).click({ timeout: 2000 }).catch(() => undefined);
      }
    }
    throw new Error("not yet");
  }, 100);
}
