/** The item in the status bar: whether the server runs; a click opens the output. */

import * as vscode from "vscode";

export type Condition = "starting" | "running" | "stopped";

export class Status implements vscode.Disposable {
  private readonly item = vscode.window.createStatusBarItem(
    "samokoder.status",
    vscode.StatusBarAlignment.Right,
  );

  constructor() {
    this.item.name = "Samokoder";
    this.item.command = "samokoder.showOutput";
    this.show("starting");
    this.item.show();
  }

  /** Also decides which palette commands can be used. */
  show(condition: Condition, why = ""): void {
    const icon = { starting: "sync~spin", running: "check", stopped: "error" }[condition];
    const said = {
      starting: vscode.l10n.t("Samokoder is starting"),
      running: vscode.l10n.t("Samokoder is running"),
      stopped: vscode.l10n.t("Samokoder is not running"),
    }[condition];
    this.item.text = `$(${icon}) Samokoder`;
    this.item.tooltip = why === "" ? said : `${said}: ${why}`;
    void vscode.commands.executeCommand("setContext", "samokoder.running", condition === "running");
  }

  dispose(): void {
    this.item.dispose();
  }
}
