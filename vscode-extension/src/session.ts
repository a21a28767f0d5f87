/** The connection to the server over its whole life: found, started, watched, started again. */

import * as vscode from "vscode";

import type { RunEvent } from "./answers";
import type { Client, ServerState } from "./samokoderClient";
import { failure } from "./failures";
import type { Keys } from "./keys";
import { Launch } from "./launch";
import { pick } from "./spoken";
import type { Program, Way } from "./program";
import type { Server } from "./requests";

export type Condition = ServerState | "installing" | "missing";

export interface Connection {
  /** The server; undefined when it cannot be had (the user has been told). */
  ready(): Promise<Server | undefined>;
}

export class Session implements Connection, vscode.Disposable {
  private readonly states = new vscode.EventEmitter<Condition>();
  private readonly events = new vscode.EventEmitter<RunEvent>();
  private client: Client | undefined;
  /** Starts and stops come one after the other. */
  private turn: Promise<void> = Promise.resolve();
  private condition: Condition = "stopped";
  private reason = "";

  readonly onDidChange = this.states.event;
  readonly onEvent = this.events.event;
  /** Runs a code action's command as the palette would. */
  onCommand: (command: string, args: object) => Promise<void> = () => Promise.resolve();

  constructor(
    private readonly output: vscode.LogOutputChannel,
    private readonly program: Program,
    private readonly keys: Keys,
  ) {}

  get server(): Server | undefined {
    return this.condition === "running" ? this.client : undefined;
  }

  /** Why it does not run; empty when it does. */
  get why(): string {
    return this.reason;
  }

  get version(): string {
    return this.client?.version ?? "";
  }

  async ready(): Promise<Server | undefined> {
    await this.turn;
    if (this.server === undefined) {
      this.complain();
    }
    return this.server;
  }

  /** Starts it, but lets the activation of this extension end first. */
  start(): void {
    this.turn = new Promise((resolve) => setImmediate(resolve));
    void this.restart();
  }

  restart(): Promise<void> {
    this.turn = this.turn.then(async () => {
      await this.end();
      try {
        await this.begin();
      } catch (error) {
        this.set("stopped", failure(error));
        this.complain();
      }
    });
    return this.turn;
  }

  /** Makes the environment of the extension's own (anew) and starts from it. */
  async install(): Promise<void> {
    const made = this.turn.then(async () => {
      if (this.program.isOwn || this.server === undefined) {
        await this.end();
        this.set("installing");
      }
      const problem = await this.program.repair();
      if (problem !== "" && this.condition === "installing") {
        this.set("missing", problem);
      }
      if (problem !== "") {
        this.complain(problem, "repair");
      }
      return problem === "";
    });
    this.turn = made.then(() => undefined);
    if (await made) {
      await this.restart();
    }
  }

  stop(): Promise<void> {
    this.turn = this.turn.then(() => this.end());
    return this.turn;
  }

  dispose(): void {
    this.states.dispose();
    this.events.dispose();
  }

  private async begin(): Promise<void> {
    this.set("starting");
    const found = await this.program.find(() => {
      this.set("installing");
    });
    if ("problem" in found) {
      this.set("missing", found.problem);
      this.complain(found.problem, found.way);
      return;
    }
    this.output.info(`${found.command} lsp`);
    const launch = new Launch(found.command, found.env, vscode.workspace.workspaceFolders?.[0]?.uri.fsPath);
    // Loaded here and not at activation: most of this extension's code is the language client.
    const { client } = await import("./samokoderClient");
    const mine: Client = client({
      launch,
      output: this.output,
      secrets: () => this.keys.secrets,
      onState: (state) => {
        if (mine === this.client && state !== "running") {
          this.set(state);
        } else if (mine === this.client) {
          void this.running(mine);
        }
      },
      onEvent: (event) => {
        this.events.fire(event);
      },
      onQuestion: pick,
      onCommand: (command, args) => this.onCommand(command, args),
    });
    this.client = mine;
    await mine.start();
    this.output.info(`samokoder ${mine.version}`);
    this.program.greet(mine.version);
  }

  private async running(client: Client): Promise<void> {
    try {
      await this.keys.hand(client);
    } catch (error) {
      this.output.warn(failure(error));
    }
    if (client === this.client) {
      this.set("running");
    }
  }

  private async end(): Promise<void> {
    const { client } = this;
    this.client = undefined;
    try {
      await client?.stop();
    } catch (error) {
      // It was starting or had died; either way it is gone.
      this.output.info(failure(error));
    }
    this.set("stopped");
  }

  private set(condition: Condition, reason = ""): void {
    this.condition = condition;
    this.reason = reason;
    this.states.fire(condition);
  }

  private complain(why = this.reason, way?: Way): void {
    const { l10n, window } = vscode;
    const what = why === "" ? l10n.t("Samokoder is not running") : why;
    const install = l10n.t("Install Samokoder");
    const settings = l10n.t("Open settings");
    const again = l10n.t("Try again");
    const output = l10n.t("Show output");
    const kind = way ?? (this.condition === "missing" ? "install" : "restart");
    const show = kind === "install" ? window.showInformationMessage : window.showErrorMessage;
    void show(what, { install, settings, repair: again, restart: again }[kind], output).then(async (pressed) => {
      if (pressed === output) {
        this.output.show();
      } else if (pressed === settings) {
        await vscode.commands.executeCommand("workbench.action.openSettings", "samokoder.path");
      } else if (pressed === install || (pressed === again && kind === "repair")) {
        await vscode.commands.executeCommand("samokoder.repair");
      } else if (pressed === again) {
        await this.restart();
      }
    });
  }
}
