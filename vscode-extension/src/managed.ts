/** A Python environment of the extension's own, made from the wheel in the extension's package. */

import { execFile, type ChildProcess } from "node:child_process";
import { access, mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import * as path from "node:path";
import * as vscode from "vscode";

import type { Managed } from "./program";
import { isAtLeast } from "./versions";

const PYTHON = "3.11";
const WINDOWS = process.platform === "win32";
const BIN = WINDOWS ? "Scripts" : "bin";
const EXE = WINDOWS ? ".exe" : "";
/** Names under which Pythons are known, the best first. */
const PYTHONS = WINDOWS ? ["py", "python"] : ["python3.13", "python3.12", "python3.11", "python3", "python"];

export class ManagedEnvironment implements Managed {
  /** `storage` is where the environment is made, `wheels` holds the wheel and the lock file. */
  constructor(
    private readonly storage: string,
    private readonly wheels: string,
    private readonly output: vscode.LogOutputChannel,
  ) {}

  async find(): Promise<string | undefined> {
    const program = this.program;
    try {
      const stamp = await readFile(path.join(this.folder, "made-from"), "utf8");
      await access(program);
      return stamp === (await this.wheel()) ? program : undefined;
    } catch {
      return undefined;
    }
  }

  async make(): Promise<string> {
    return vscode.window.withProgress(
      {
        location: vscode.ProgressLocation.Notification,
        title: vscode.l10n.t("Installing Samokoder"),
        cancellable: true,
      },
      async (progress, cancellation) => {
        const say = (message: string): void => {
          this.output.info(message);
          progress.report({ message });
        };
        const steps = new Steps(this.output, cancellation);
        const wheel = await this.wheel();
        if (wheel === undefined) {
          throw new Error(vscode.l10n.t("This package of the extension holds no wheel. Set samokoder.path."));
        }
        await mkdir(this.storage, { recursive: true });
        // A daemon must not lose the files it runs from; its runs are taken up by the next one.
        await steps.output(this.program, ["daemon", "stop"]);
        await rm(this.folder, { recursive: true, force: true });
        try {
          await this.fill(steps, say, path.join(this.wheels, wheel));
          say(vscode.l10n.t("looking whether it runs"));
          await steps.run(this.program, ["--version"]);
          await writeFile(path.join(this.folder, "made-from"), wheel);
        } catch (error) {
          // A half-made environment must not be found.
          await rm(this.folder, { recursive: true, force: true });
          throw error;
        }
        return this.program;
      },
    );
  }

  private get folder(): string {
    return path.join(this.storage, "environment");
  }

  private get program(): string {
    return path.join(this.folder, BIN, `samokoder${EXE}`);
  }

  private async wheel(): Promise<string | undefined> {
    try {
      return (await readdir(this.wheels)).find((name) => name.endsWith(".whl"));
    } catch {
      return undefined;
    }
  }

  private async fill(steps: Steps, say: (message: string) => void, wheel: string): Promise<void> {
    const lock = path.join(this.wheels, "requirements.lock");
    const python = path.join(this.folder, BIN, `python${EXE}`);
    const hashed = ["--require-hashes", "-r", lock];
    if (await steps.works("uv", ["--version"])) {
      say(vscode.l10n.t("making an environment with uv"));
      await steps.run("uv", ["venv", "--quiet", "--python", `>=${PYTHON}`, this.folder]);
      say(vscode.l10n.t("getting what it needs"));
      await steps.run("uv", ["pip", "install", "--quiet", "--python", python, ...hashed]);
      say(vscode.l10n.t("installing"));
      await steps.run("uv", ["pip", "install", "--quiet", "--python", python, "--no-deps", wheel]);
      return;
    }
    const base = await this.python(steps);
    say(vscode.l10n.t("making an environment with {0}", base));
    await steps.run(base, ["-m", "venv", this.folder]);
    const pip = ["-m", "pip", "--disable-pip-version-check", "install", "--quiet"];
    say(vscode.l10n.t("getting what it needs"));
    await steps.run(python, [...pip, ...hashed]);
    say(vscode.l10n.t("installing"));
    await steps.run(python, [...pip, "--no-deps", wheel]);
  }

  private async python(steps: Steps): Promise<string> {
    for (const name of PYTHONS) {
      const version = await steps.output(name, ["-c", "import platform, venv, ensurepip; print(platform.python_version())"]);
      if (version !== undefined && isAtLeast(version.trim(), PYTHON)) {
        return name;
      }
    }
    throw new Error(
      vscode.l10n.t(
        "No Python {0} or newer with venv was found (on Debian: python3-venv). Install one, or uv.",
        PYTHON,
      ),
    );
  }
}

/** Programs run one after the other, their words in the output, until somebody cancels. */
class Steps {
  private current: ChildProcess | undefined;
  private cancelled = false;

  constructor(
    private readonly log: vscode.LogOutputChannel,
    cancellation: vscode.CancellationToken,
  ) {
    cancellation.onCancellationRequested(() => {
      this.cancelled = true;
      this.current?.kill();
    });
  }

  async works(program: string, args: readonly string[]): Promise<boolean> {
    return (await this.output(program, args)) !== undefined;
  }

  async output(program: string, args: readonly string[]): Promise<string | undefined> {
    try {
      return await this.run(program, args);
    } catch (error) {
      if (this.cancelled) {
        throw error;
      }
      return undefined;
    }
  }

  run(program: string, args: readonly string[]): Promise<string> {
    if (this.cancelled) {
      return Promise.reject(new Error(vscode.l10n.t("The installation was cancelled.")));
    }
    this.log.info([program, ...args].join(" "));
    return new Promise((resolve, reject) => {
      this.current = execFile(program, [...args], { maxBuffer: 1 << 24 }, (error, stdout, stderr) => {
        if (stderr !== "") {
          this.log.info(stderr.trimEnd());
        }
        if (error === null) {
          resolve(stdout);
        } else if (this.cancelled) {
          reject(new Error(vscode.l10n.t("The installation was cancelled.")));
        } else {
          const last = stderr.trimEnd().split("\n").at(-1) ?? "";
          const why = last === "" ? error.message.split("\n", 1)[0] : last;
          reject(new Error(vscode.l10n.t("{0} failed: {1}", path.basename(program), why ?? "")));
        }
      });
    });
  }
}
