/** The item in the status bar: whether the server runs, what it does, what that has cost. */

import * as vscode from "vscode";

import type { RunSummary } from "./answers";
import type { Condition } from "./session";
import type { Runs } from "./runs/store";
import { word } from "./runs/states";
import { cost } from "./texts";

/** Characters of a task's and of a model's name that fit. */
const SHORT = 28;

export class Status implements vscode.Disposable {
  private readonly item = vscode.window.createStatusBarItem(
    "samokoder.status",
    vscode.StatusBarAlignment.Right,
    100,
  );
  private condition: Condition = "stopped";
  private why = "";
  private model = "";

  constructor(private readonly runs: Runs) {
    this.item.name = "Samokoder";
    runs.onDidChange(() => {
      this.draw();
    });
    this.draw();
    this.item.show();
  }

  show(condition: Condition, why = ""): void {
    this.condition = condition;
    this.why = why;
    this.draw();
  }

  /** The model that would answer now; empty when there is none. */
  set answering(model: string) {
    this.model = model;
    this.draw();
  }

  dispose(): void {
    this.item.dispose();
  }

  private draw(): void {
    const waiting = this.runs.active.find(({ state }) => state === "waiting");
    const run = waiting ?? this.runs.active[0];
    const busy = this.condition === "running" && run !== undefined;
    const idle = this.condition === "running" && this.model !== "" ? ` · ${named(this.model)}` : "";
    this.item.text = busy ? this.task(run) : `$(${ICONS[this.condition]}) Samokoder${idle}`;
    this.item.backgroundColor =
      this.condition === "missing" || waiting !== undefined
        ? new vscode.ThemeColor("statusBarItem.warningBackground")
        : undefined;
    this.item.command = this.condition === "running" ? "samokoder.showRuns" : "samokoder.restart";
    const lines = [this.said(), ...(busy ? this.details(run) : [])];
    if (this.condition === "running" && this.model !== "") {
      lines.push(vscode.l10n.t("Model: {0}", this.model));
    }
    const tooltip = new vscode.MarkdownString();
    for (const line of lines) {
      tooltip.appendText(line).appendMarkdown("\n\n");
    }
    this.item.tooltip = tooltip;
    this.item.accessibilityInformation = { label: ["Samokoder", ...lines].join(", "), role: "button" };
  }

  private said(): string {
    const said = {
      starting: vscode.l10n.t("Samokoder is starting"),
      installing: vscode.l10n.t("Installing Samokoder"),
      running: vscode.l10n.t("Samokoder is running"),
      stopped: vscode.l10n.t("Samokoder is not running"),
      missing: vscode.l10n.t("Samokoder is not installed"),
    }[this.condition];
    return this.why === "" ? said : `${said}: ${this.why}`;
  }

  private task(run: RunSummary): string {
    const icon = run.state === "waiting" ? "question" : "sync~spin";
    const title = cut(run.title);
    const used = this.runs.cost(run.id);
    const spent = used === undefined || used.calls === 0 ? "" : ` · ${cost(used)}`;
    const more = this.runs.active.length > 1 ? ` +${this.runs.active.length - 1}` : "";
    return `$(${icon}) ${title}${more}${spent}`;
  }

  private details(run: RunSummary): string[] {
    const progress = this.runs.progress(run.id);
    const used = this.runs.cost(run.id);
    return [
      `${run.title}: ${word(run.state)}`,
      ...(progress === "" ? [] : [progress]),
      ...(used === undefined ? [] : [cost(used)]),
    ];
  }
}

/** A model without its provider and folders: `openai:org/name` is `name`. */
export function named(model: string): string {
  return cut(model.slice(model.indexOf(":") + 1).split(/[/\\]/).at(-1) ?? model);
}

function cut(text: string): string {
  return text.length > SHORT ? `${text.slice(0, SHORT - 1)}…` : text;
}

const ICONS: Readonly<Record<Condition, string>> = {
  starting: "sync~spin",
  installing: "sync~spin",
  running: "check",
  stopped: "error",
  missing: "warning",
};
