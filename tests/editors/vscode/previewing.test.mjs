// The project in a container, its page in the editor. Run below `scripts/engine run`.
import { configure, stage, staged, workspace } from "./scenario.mjs";
import { execFileSync } from "node:child_process";
import path from "node:path";
import { test } from "node:test";
import * as server from "./server.mjs";

const engine = process.env.DOCKER_HOST && !process.env.SAMOKODER_NO_ENGINE;
const image = "samokoder-test/python:1";
if (engine) staged();

test("a preview starts, its page opens in the editor, and it stops", { timeout: 360_000, skip: !engine && "no container engine: run by scripts/engine" }, async () => {
  const { window, room } = stage;
  try {
    execFileSync(path.join(server.PROJECT, "scripts/engine"), ["images"], { stdio: "inherit" });
    workspace({ "index.html": "<!doctype html><title>Clock</title><h1>It runs: voilà</h1>\n" });
    configure(`[preview]\nimage = "${image}"\nstart = "python3 -m http.server 8000"\nport = 8000\n`);
    server.shell(room, "trust");
    await window.command("Samokoder: Start a Preview");
    const frame = window.page.frameLocator("iframe.webview").frameLocator("iframe").frameLocator("iframe");
    await frame.getByText("It runs: voilà").waitFor({ timeout: 90_000 });
    await window.shot("preview");
    await window.command("Samokoder: Show the Preview's Log");
    await window.line("GET / HTTP").first().waitFor();
    await window.command("Samokoder: Show Previews");
    await window.webview("image: samokoder-test").waitFor();
    await window.shot("previews");
    await window.command("Samokoder: Stop the Preview");
    await window.toast("The preview is stopped.").waitFor();
  } catch (error) {
    await window.shot("FAIL-preview");
    throw error;
  }
});
