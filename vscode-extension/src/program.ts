/** Getting the server's program: setting, PATH, or an environment of the extension's own. */

import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { homedir } from "node:os";
import * as vscode from "vscode";

import { find } from "./executable";
import { isNewer } from "./versions";

export type Found =
  | { readonly command: string; readonly env: Readonly<Record<string, string>> }
  | { readonly problem: string };

/** An environment of the extension's own, made from the wheel in its package. */
export interface Managed {
  /** The program; undefined when there is none yet. */
  find(): Promise<string | undefined>;
  /** Makes it (again), with progress. Fails with a sentence for people. */
  make(): Promise<string>;
}

export class Program {
  private managedIsUsed = false;

  constructor(
    private readonly managed: Managed,
    private readonly version: string,
    private readonly agreed: Pick<vscode.Memento, "get" | "update">,
  ) {}

  async find(installing: () => void): Promise<Found> {
    const configuration = vscode.workspace.getConfiguration("samokoder");
    const setting = configuration.get<string>("path", "");
    const env = configuration.get<Record<string, string>>("env", {});
    const command = await find(setting, {
      platform: process.platform,
      env: process.env,
      home: homedir(),
      runs: isRunnable,
    });
    this.managedIsUsed = false;
    if (command !== undefined) {
      return { command, env };
    }
    if (setting.trim() !== "") {
      return {
        problem: vscode.l10n.t("The program {0} was not found. Correct samokoder.path, or empty it.", setting),
      };
    }
    this.managedIsUsed = true;
    const made = await this.managed.find();
    if (made !== undefined) {
      return { command: made, env };
    }
    if (!this.agreed.get<boolean>("samokoder.install", false)) {
      return { problem: vscode.l10n.t("Samokoder is not installed here yet.") };
    }
    installing();
    return this.made(env);
  }

  /** Makes the environment of the extension's own anew; it is used where nothing else is found. */
  async repair(): Promise<boolean> {
    const found = await this.made({});
    if ("problem" in found) {
      void vscode.window.showErrorMessage(found.problem);
      return false;
    }
    await this.agreed.update("samokoder.install", true);
    return true;
  }

  /** The handshake: a server of another version than this extension's is said, with a way out. */
  async greet(version: string): Promise<void> {
    const [major, minor] = this.version.split(".");
    const [theirMajor, theirMinor] = version.split(".");
    if (version === "" || (major === theirMajor && minor === theirMinor)) {
      return;
    }
    if (this.managedIsUsed && isNewer(this.version, version)) {
      // The environment is ours and the wheel beside us is newer.
      if (await this.repair()) {
        await vscode.commands.executeCommand("samokoder.restart");
      }
      return;
    }
    const settings = vscode.l10n.t("Open settings");
    const text = vscode.l10n.t(
      "Samokoder {0} serves, this extension is made for {1}. Some things may not work.",
      version,
      this.version,
    );
    void vscode.window.showWarningMessage(text, settings).then((pressed) => {
      if (pressed === settings) {
        void vscode.commands.executeCommand("workbench.action.openSettings", "samokoder.path");
      }
    });
  }

  private async made(env: Readonly<Record<string, string>>): Promise<Found> {
    try {
      return { command: await this.managed.make(), env };
    } catch (error) {
      return { problem: error instanceof Error ? error.message : String(error) };
    }
  }
}

async function isRunnable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
