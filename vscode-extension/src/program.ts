/** Getting the server's program: setting, PATH, or an environment of the extension's own. */

import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { homedir } from "node:os";
import * as vscode from "vscode";

import { find } from "./executable";

export type Found =
  | { readonly command: string; readonly env: Readonly<Record<string, string>> }
  | { readonly problem: string; readonly way: Way };

/** What helps: another setting, an environment of the extension's own, or making it once more. */
export type Way = "settings" | "install" | "repair";

/** An environment of the extension's own, made from the wheel in its package. */
export interface Managed {
  /** The program; undefined when there is none yet. */
  find(): Promise<string | undefined>;
  /** Makes it (again), with progress. Fails with a sentence for people. */
  make(): Promise<string>;
}

export class Program {
  /** Whether the program found last is the extension's own, or would be. */
  private managedIsUsed = false;

  constructor(
    private readonly managed: Managed,
    private readonly version: string,
    private readonly agreed: Pick<vscode.Memento, "get" | "update">,
  ) {}

  get isOwn(): boolean {
    return this.managedIsUsed;
  }

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
        way: "settings",
      };
    }
    this.managedIsUsed = true;
    const made = await this.managed.find();
    if (made !== undefined) {
      return { command: made, env };
    }
    if (!this.agreed.get<boolean>("samokoder.install", false)) {
      return { problem: vscode.l10n.t("Samokoder is not installed here yet."), way: "install" };
    }
    installing();
    return this.made(env);
  }

  /**
   * Makes the environment of the extension's own anew; it is used where nothing else is found.
   * Why it could not be made; empty when it was.
   */
  async repair(): Promise<string> {
    const found = await this.made({});
    if ("problem" in found) {
      return found.problem;
    }
    await this.agreed.update("samokoder.install", true);
    return "";
  }

  /** The handshake: a server of another version than this extension's is said, with a way out. */
  greet(version: string): void {
    const [major, minor] = this.version.split(".");
    const [theirMajor, theirMinor] = version.split(".");
    if (version === "" || (major === theirMajor && minor === theirMinor)) {
      return;
    }
    const settings = vscode.l10n.t("Open settings");
    const again = vscode.l10n.t("Try again");
    const text = vscode.l10n.t(
      "Samokoder {0} serves, this extension is made for {1}. Some things may not work.",
      version,
      this.version,
    );
    // Ours is of our version: what serves is a daemon of before, which goes when its work is done.
    const way = this.managedIsUsed ? again : settings;
    void vscode.window.showWarningMessage(text, way).then(async (pressed) => {
      if (pressed === settings) {
        await vscode.commands.executeCommand("workbench.action.openSettings", "samokoder.path");
      } else if (pressed === again) {
        await vscode.commands.executeCommand("samokoder.restart");
      }
    });
  }

  private async made(env: Readonly<Record<string, string>>): Promise<Found> {
    try {
      return { command: await this.managed.make(), env };
    } catch (error) {
      return { problem: error instanceof Error ? error.message : String(error), way: "repair" };
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
