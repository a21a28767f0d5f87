// One VS Code for a file of scenarios; each gets the workspace and the model it needs.
import { after, before, test } from "node:test";
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import * as server from "./server.mjs";
import { Workbench } from "./workbench.mjs";

/** What the daemon is told beside the model; false: no settings file at all, as on a first day. */
export const stage = { settings: true, room: undefined, vscode: undefined, browser: undefined, window: undefined };

/** Opens the stage before the tests of a file and clears it away after them. */
export function staged(options = {}) {
  before(
    async () => {
      stage.settings = options.settings ?? true;
      stage.room = server.room({ "README.md": "# A project\n" });
      configure();
      stage.vscode = await server.start(stage.room, options);
      stage.browser = await server.browser();
      const opened = options.prepare?.(stage.room) ?? stage.room.work;
      stage.window = await Workbench.open(stage.browser, stage.vscode, opened, options);
    },
    { timeout: 300_000 },
  );
  after(
    async () => {
      await stage.browser?.close();
      await stage.vscode?.stop();
      if (stage.room) await server.leave(stage.room);
    },
    { timeout: 120_000 },
  );
}

/** The user's own settings file. */
export function configure(more = "", sandbox = "unconfined = true") {
  const { room } = stage;
  if (!stage.settings) return;
  const script = room.folder("script.json");
  const text = `[model]\ncoder = "scripted:${script}"\n[fix]\nrungs = ["L0", "L2"]\n[sandbox]\n${sandbox}\n`;
  writeFileSync(room.folder("samokoder/config/config.toml"), text + more);
}

/** The workspace with these files alone, the model with these rules. */
export function workspace(files, rules = []) {
  const { room } = stage;
  for (const name of readdirSync(room.work)) rmSync(path.join(room.work, name), { recursive: true, force: true });
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(room.work, name)), { recursive: true });
    writeFileSync(path.join(room.work, name), text);
  }
  writeFileSync(room.folder("script.json"), JSON.stringify({ rules }));
  configure();
}

export const onDisk = (name) => readFileSync(path.join(stage.room.work, name), "utf8");

export function scenario(name, body, seconds = 360) {
  test(name, { timeout: seconds * 1000 }, async () => {
    const { window } = stage;
    try {
      await body(window);
    } catch (error) {
      await window.shot(`FAIL-${name.replace(/\W+/g, "-")}`);
      throw error;
    }
  });
}
