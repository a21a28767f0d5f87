// A real VS Code: code-server with the packed extension, in folders of its own, without any network.
import { execFileSync, spawn } from "node:child_process";
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";

export const PROJECT = path.resolve(import.meta.dirname, "../../..");
/** Where scripts/vscode-e2e has installed code-server, playwright-core and Node.js. */
export const TOOLS = process.env.VSCODE_E2E_TOOLS ?? path.join(PROJECT, "build/vscode");
export const SHOTS = process.env.VSCODE_E2E_SHOTS ?? path.join(PROJECT, "build/vscode-shots");
export const VSIX = path.join(PROJECT, "vscode-extension/samokoder.vsix");
export const SAMOKODER = path.join(PROJECT, ".venv/bin/samokoder");
const ENTRY = path.join(TOOLS, "node_modules/code-server/out/node/entry.js");
const { chromium } = createRequire(path.join(TOOLS, "package.json"))("playwright-core");
mkdirSync(SHOTS, { recursive: true });

const SETTINGS = {
  "telemetry.telemetryLevel": "off",
  "update.mode": "none",
  "extensions.autoUpdate": false,
  "extensions.autoCheckUpdates": false,
  "extensions.ignoreRecommendations": true,
  "workbench.enableExperiments": false,
  "workbench.startupEditor": "none",
  "workbench.tips.enabled": false,
  "workbench.reduceMotion": "on",
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  "chat.disableAIFeatures": true,
  "git.enabled": false,
  "editor.minimap.enabled": false,
  "files.autoSave": "off",
  "window.confirmBeforeClose": "never",
  "window.restoreWindows": "none",
};

const freePort = () =>
  new Promise((done) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => done(port));
    });
  });

/** The folders of a test and the environment in which everything in it runs. */
export function room(files) {
  const root = mkdtempSync(path.join(tmpdir(), "samokoder-vscode-"));
  const folder = (name) => path.join(root, name);
  for (const name of ["data/User", "data/Machine", "extensions", "work", "tmp", "home"]) {
    mkdirSync(folder(name), { recursive: true });
  }
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(folder(`work/${name}`)), { recursive: true });
    writeFileSync(folder(`work/${name}`), text);
  }
  const env = { ...process.env, HOME: folder("home"), TMPDIR: folder("tmp") };
  for (const name of ["CONFIG", "DATA", "CACHE", "STATE"]) env[`XDG_${name}_HOME`] = folder(`home/${name}`);
  for (const name of ["STATE", "CONFIG", "CACHE", "RUNTIME"]) {
    const own = folder(`samokoder/${name.toLowerCase()}`);
    mkdirSync(own, { recursive: true, mode: 0o700 });
    env[`SAMOKODER_${name}_DIR`] = own;
  }
  delete env.XDG_RUNTIME_DIR;
  delete env.VSCODE_IPC_HOOK_CLI;
  return { root, work: folder("work"), env, folder };
}

/** Starts VS Code on a room. `settings` go where a remote window reads them from. */
export async function start(room, { settings = {}, vsix = VSIX, path: program = SAMOKODER, locale, trust = false, environment = {} } = {}) {
  const { folder } = room;
  const env = { ...room.env, ...environment };
  if (locale) languagePack(room, locale);
  // The window opens as it is; what is not trusted is restricted from the start.
  const asks = { "security.workspace.trust.startupPrompt": "never", "security.workspace.trust.banner": "always" };
  writeFileSync(folder("data/User/settings.json"), JSON.stringify({ ...SETTINGS, ...asks }));
  // Settings of scope machine count only from here: the window is a remote one.
  const machine = { "samokoder.path": program, ...settings };
  writeFileSync(folder("data/Machine/settings.json"), JSON.stringify(machine, null, 2));
  writeFileSync(folder("config.yaml"), "auth: none\n");
  const node = [ENTRY, "--config", folder("config.yaml")];
  node.push("--user-data-dir", folder("data"), "--extensions-dir", folder("extensions"));
  if (vsix) execFileSync(process.execPath, [...node, "--install-extension", vsix], { env, stdio: "pipe" });
  const port = await freePort();
  const log = openSync(path.join(SHOTS, "code-server.log"), "w");
  const argv = [...node, "--bind-addr", `127.0.0.1:${port}`, "--auth", "none", "--disable-telemetry"];
  argv.push("--disable-update-check", "--disable-getting-started-override", "--ignore-last-opened");
  if (!trust) argv.push("--disable-workspace-trust");
  if (locale) argv.push("--locale", locale);
  const child = spawn(process.execPath, argv, { env, stdio: ["ignore", log, log] });
  closeSync(log);
  const url = `http://127.0.0.1:${port}`;
  for (let turn = 0; ; turn += 1) {
    try {
      if ((await fetch(`${url}/healthz`)).ok) break;
    } catch {
      // not yet
    }
    if (turn > 600 || child.exitCode !== null) throw new Error(`code-server did not start, see ${SHOTS}/code-server.log`);
    await new Promise((done) => setTimeout(done, 100));
  }
  return {
    url,
    child,
    stop: async () => {
      const gone = new Promise((done) => child.once("exit", done));
      child.kill("SIGTERM");
      await gone;
    },
  };
}

/** VS Code takes a display language only where a pack for it is installed; an empty one will do. */
function languagePack(room, locale) {
  const folder = room.folder(`extensions/test.language-${locale}-0.0.1`);
  mkdirSync(folder, { recursive: true });
  const translations = [{ id: "vscode", path: "./main.json" }];
  const manifest = {
    name: `language-${locale}`,
    publisher: "test",
    version: "0.0.1",
    engines: { vscode: "^1.91.0" },
    contributes: { localizations: [{ languageId: locale, languageName: locale, translations }] },
  };
  writeFileSync(path.join(folder, "package.json"), JSON.stringify(manifest));
  const main = path.join(folder, "main.json");
  writeFileSync(main, JSON.stringify({ version: "1.0.0", contents: {} }));
  // What VS Code notes when a pack is installed.
  const extension = { extensionIdentifier: { id: `test.language-${locale}` }, version: "0.0.1" };
  const known = { [locale]: { hash: locale, extensions: [extension], translations: { vscode: main }, label: locale } };
  writeFileSync(room.folder("data/languagepacks.json"), JSON.stringify(known));
}

/** Runs the shell's twin in the same room: another client of the same daemon's state. */
export function shell(room, ...args) {
  const done = execFileSync(SAMOKODER, args, { env: room.env, cwd: room.work, encoding: "utf8", stdio: "pipe" });
  return args.includes("--json") ? JSON.parse(done) : done;
}

/** Ends the daemon and removes the folders. */
export async function leave(room) {
  try {
    shell(room, "daemon", "stop");
  } catch {
    // there was none
  }
  const file = path.join(room.env.SAMOKODER_RUNTIME_DIR, "daemon.pid");
  for (let turn = 0; turn < 50 && alive(file); turn += 1) await new Promise((done) => setTimeout(done, 100));
  if (!process.env.KEEP) rmSync(room.root, { recursive: true, force: true, maxRetries: 20, retryDelay: 300 });
  else console.log(`kept ${room.root}`);
}

/** Command lines of the processes of a room that have something to do with Samokoder. */
export function processes(room) {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const environ = readFileSync(`/proc/${name}/environ`, "utf8");
        const line = readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " ");
        return environ.includes(room.root) && /samokoder(\.server)?[ /.\w]* (lsp|daemon)/.test(line) ? [line] : [];
      } catch {
        return []; // gone, or somebody else's
      }
    });
}

function alive(file) {
  try {
    process.kill(Number(readFileSync(file, "utf8")), 0);
    return true;
  } catch {
    return false;
  }
}

export function browser() {
  const quiet = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"];
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    headless: true,
    args: ["--no-sandbox", ...quiet, "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"],
  });
}
