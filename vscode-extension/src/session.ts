/** The connection to the server over its whole life: found, started, watched, started again. */

import * as vscode from "vscode";

import type { RunEvent } from "./answers";
import type { Client, ServerState } from "./samokoderClient";
import { failure } from "./failures";
import type { Keys } from "./keys";
import type { Program } from "./program";
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

  get state(): Condition {
    return this.condition;
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
      this.complain();
      return;
    }
    this.output.info(`${found.command} lsp`);
    // Loaded here and not at activation: most of this extension's code is the language client.
    const { client } = await import("./samokoderClient");
    const mine: Client = client({
      program: found.command,
      env: found.env,
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
      onCommand: (command, args) => this.onCommand(command, args),
    });
    this.client = mine;
    await mine.start();
    void this.program.greet(mine.version);
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

  private complain(): void {
    const what = this.reason === "" ? vscode.l10n.t("Samokoder is not running") : this.reason;
    const install = vscode.l10n.t("Install Samokoder");
    const again = vscode.l10n.t("Try again");
    const output = vscode.l10n.t("Show output");
    const first = this.condition === "missing" ? install : again;
    const { showErrorMessage, showInformationMessage } = vscode.window;
    const show = this.condition === "missing" ? showInformationMessage : showErrorMessage;
    void show(what, first, output).then(async (pressed) => {
      if (pressed === install) {
        await vscode.commands.executeCommand("samokoder.repair");
      } else if (pressed === again) {
        await this.restart();
      } else if (pressed === output) {
        this.output.show();
      }
    });
  }
}
