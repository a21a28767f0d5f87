/** Starts `samokoder lsp` and puts its commands into the palette. All logic is the server's. */

import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { homedir } from "node:os";
import * as vscode from "vscode";
import { LanguageClient, State } from "vscode-languageclient/node";

import { COMMANDS, fix } from "./commands";
import { find } from "./executable";
import { Pages } from "./pages";
import { request } from "./requests";
import { Status, type Condition } from "./status";
import { failure } from "./texts";

class Extension implements vscode.Disposable {
  private client: LanguageClient | undefined;
  private readonly output = vscode.window.createOutputChannel("Samokoder", { log: true });
  private readonly status = new Status();
  private readonly pages = new Pages();
  /** Starts and stops come one after the other. */
  private turn: Promise<void> = Promise.resolve();

  registrations(): vscode.Disposable[] {
    const { registerCommand } = vscode.commands;
    return [
      ...Object.entries(COMMANDS).map(([id, handler]) =>
        registerCommand(id, async () => {
          if (this.client?.isRunning() === true) {
            await handler(this.client, this.pages);
          } else {
            this.complain(vscode.l10n.t("Samokoder is not running"));
          }
        }),
      ),
      registerCommand("samokoder.restart", () => this.restart()),
      registerCommand("samokoder.showOutput", () => {
        this.output.show();
      }),
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration("samokoder.path")) {
          void this.restart();
        }
      }),
    ];
  }

  restart(): Promise<void> {
    this.turn = this.turn.then(async () => {
      await this.stop();
      await this.start();
    });
    return this.turn;
  }

  async stop(): Promise<void> {
    const { client } = this;
    this.client = undefined;
    try {
      await client?.dispose();
    } catch (error) {
      // It was starting or had died; either way it is gone.
      this.output.info(failure(error));
    }
  }

  dispose(): void {
    this.status.dispose();
    this.pages.dispose();
    this.output.dispose();
  }

  private async start(): Promise<void> {
    this.status.show("starting");
    const setting = vscode.workspace.getConfiguration("samokoder").get<string>("path", "");
    const command = await find(setting, {
      platform: process.platform,
      env: process.env,
      home: homedir(),
      runs: isRunnable,
    });
    if (command === undefined) {
      const wanted = setting === "" ? "samokoder" : setting;
      this.complain(
        vscode.l10n.t("The program {0} was not found. Install Samokoder or set samokoder.path.", wanted),
      );
      return;
    }
    this.output.info(`${command} lsp`);
    const client = new LanguageClient(
      "samokoder",
      "Samokoder",
      { command, args: ["lsp"] },
      {
        documentSelector: [{ scheme: "file" }],
        outputChannel: this.output,
        middleware: {
          // Code actions arrive here: give them the same cancellable progress as the palette.
          executeCommand: async (id, args: readonly unknown[]) => {
            const title = vscode.l10n.t("Samokoder is working");
            if (id === "samokoder.fix") {
              await fix(client, this.pages, title, (args[0] ?? {}) as Record<string, unknown>);
              return undefined;
            }
            return request(client, title, id, ...args);
          },
        },
      },
    );
    client.onDidChangeState(({ newState }) => {
      if (client === this.client) {
        this.status.show(condition(newState));
      }
    });
    this.client = client;
    try {
      await client.start();
    } catch (error) {
      this.complain(failure(error));
    }
  }

  private complain(why: string): void {
    this.status.show("stopped", why);
    const settings = vscode.l10n.t("Open settings");
    const output = vscode.l10n.t("Show output");
    void vscode.window.showErrorMessage(why, settings, output).then((pressed) => {
      if (pressed === settings) {
        void vscode.commands.executeCommand("workbench.action.openSettings", "samokoder.path");
      } else if (pressed === output) {
        this.output.show();
      }
    });
  }
}

function condition(state: State): Condition {
  if (state === State.Running) {
    return "running";
  }
  return state === State.Starting ? "starting" : "stopped";
}

async function isRunnable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

let extension: Extension | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  extension = new Extension();
  context.subscriptions.push(extension, ...extension.registrations());
  await extension.restart();
}

export async function deactivate(): Promise<void> {
  await extension?.stop();
}
