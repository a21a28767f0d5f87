/** The view of runs in the side bar. */

import * as path from "node:path";
import * as vscode from "vscode";

import type { Change, RunSummary } from "../answers";
import * as spoken from "../spoken";
import { cost } from "../texts";
import { below, contextOf, nameOf, ofView, parentOf, type Node, type RunNode } from "./nodes";
import { hunksOf, isActive, look, stateOf, stateOfTask, word } from "./states";
import type { Runs } from "./store";

const { Collapsed, Expanded, None } = vscode.TreeItemCollapsibleState;

export class RunsTree implements vscode.TreeDataProvider<Node> {
  private readonly changed = new vscode.EventEmitter<Node | undefined>();
  readonly onDidChangeTreeData = this.changed.event;

  /** VS Code knows a node again by its identity. */
  private readonly nodes = new Map<string, RunNode>();

  constructor(private readonly runs: Runs) {
    runs.onDidChange((id) => {
      const run = id === undefined ? undefined : runs.get(id);
      this.changed.fire(run === undefined ? undefined : this.node(run));
    });
  }

  getParent(node: Node): Node | undefined {
    return parentOf(node);
  }

  async getChildren(node?: Node): Promise<Node[]> {
    if (node === undefined) {
      return this.runs.list.map((run) => this.node(run));
    }
    if (node.type !== "run") {
      return [...below(node)];
    }
    const view = this.runs.seen(node.run.id) ?? (await this.runs.view(node.run.id));
    return view === undefined ? [] : [...ofView(view)];
  }

  getTreeItem(node: Node): vscode.TreeItem {
    const item = this.item(node);
    item.id = nameOf(node);
    item.contextValue = contextOf(node, this.runs.seen(node.run.id));
    const said = typeof item.label === "string" ? item.label : path.basename(item.resourceUri?.path ?? "");
    item.accessibilityInformation = {
      label: [said, item.description].filter((part) => typeof part === "string" && part !== "").join(", "),
    };
    return item;
  }

  private node(run: RunSummary): RunNode {
    const known = this.nodes.get(run.id) ?? { type: "run", run };
    known.run = run;
    this.nodes.set(run.id, known);
    return known;
  }

  private item(node: Node): vscode.TreeItem {
    switch (node.type) {
      case "run":
        return this.run(node.run.id);
      case "question": {
        const item = new vscode.TreeItem(spoken.question(node.question.text), None);
        item.iconPath = icon("waiting");
        item.description = vscode.l10n.t("answer");
        item.command = command("samokoder.answer", vscode.l10n.t("Answer"), node);
        return item;
      }
      case "task": {
        const { key, title, reason } = node.task;
        const state = stateOfTask(node.task.state);
        const item = new vscode.TreeItem(`${key}: ${title}`, None);
        item.iconPath = icon(state);
        item.description = word(state);
        item.tooltip = reason === "" ? word(state) : `${word(state)}: ${reason}`;
        return item;
      }
      case "change": {
        const { change } = node;
        const item = new vscode.TreeItem(change.title, isOpen(change) ? Expanded : Collapsed);
        const proof = change.proven ? vscode.l10n.t("proven") : vscode.l10n.t("unverified");
        item.description = `${word(overall(hunksOf(change), change.state))}, ${proof}`;
        item.tooltip = change.reason === "" ? item.description : `${item.description}: ${change.reason}`;
        item.iconPath = icon(overall(hunksOf(change), change.state));
        return item;
      }
      case "file": {
        const { change, file } = node;
        const target = file.new_path ?? file.path;
        const item = new vscode.TreeItem(path.posix.basename(target), isOpen(change) ? Expanded : Collapsed);
        item.resourceUri = vscode.Uri.file(path.join(node.run.root, target));
        item.iconPath = vscode.ThemeIcon.File;
        const folder = path.posix.dirname(target);
        const what = { create: vscode.l10n.t("new"), delete: vscode.l10n.t("deleted") }[file.kind];
        const renamed = file.new_path === null ? undefined : vscode.l10n.t("was {0}", file.path);
        item.description = [folder === "." ? "" : folder, what ?? renamed ?? "", states(node)]
          .filter((part) => part !== "")
          .join(" · ");
        item.command = command("samokoder.openDiff", vscode.l10n.t("Show the Change"), node);
        return item;
      }
      case "hunk": {
        const { hunk } = node;
        const first = (hunk.after.trim() || hunk.before.trim()).split(/\r?\n/, 1)[0] ?? "";
        const item = new vscode.TreeItem(vscode.l10n.t("Line {0}: {1}", hunk.after_line, first.trim()), None);
        item.description = word(hunk.state);
        item.iconPath = icon(hunk.state);
        item.command = command("samokoder.openDiff", vscode.l10n.t("Show the Change"), node);
        item.tooltip = new vscode.MarkdownString().appendCodeblock(signed(hunk.before, hunk.after), "diff");
        return item;
      }
    }
  }

  private run(id: string): vscode.TreeItem {
    const run = this.runs.get(id);
    if (run === undefined) {
      return new vscode.TreeItem(id, None);
    }
    const view = this.runs.seen(id);
    const open = isActive(run) || (view !== undefined && ofView(view).length > 0);
    const item = new vscode.TreeItem(run.title, view === undefined || open ? Collapsed : None);
    const folders = vscode.workspace.workspaceFolders ?? [];
    const where = folders.length > 1 ? path.basename(run.root) : "";
    const doing = run.state === "running" ? this.runs.progress(id) : "";
    const said = run.reason === "" || isActive(run) ? "" : `: ${run.reason}`;
    item.description = [where, `${word(stateOf(run))}${said}`, doing].filter((part) => part !== "").join(" · ");
    item.iconPath = icon(view?.interrupted === true ? "paused" : stateOf(run));
    item.tooltip = this.tooltip(id);
    return item;
  }

  private tooltip(id: string): vscode.MarkdownString {
    const run = this.runs.get(id);
    const used = this.runs.cost(id);
    const text = new vscode.MarkdownString();
    text.appendText(run?.title ?? id);
    const lines = [
      run === undefined ? "" : `${word(run.state)}${run.reason === "" ? "" : `: ${run.reason}`}`,
      used === undefined ? "" : cost(used),
      run === undefined ? "" : new Date(run.created * 1000).toLocaleString(),
      id,
    ];
    for (const line of lines.filter((one) => one !== "")) {
      text.appendMarkdown("\n\n").appendText(line);
    }
    return text;
  }
}

/** Accepted hunks of a proposal are a change of their own, its part: both stay in sight. */
function isOpen(change: Change): boolean {
  return change.state === "proposed" || change.key.includes("/part:");
}

function states(node: Extract<Node, { type: "file" }>): string {
  return word(overall(node.file.hunks, node.change.state));
}

/** What several hunks have come to: what still waits counts most. */
function overall(hunks: readonly { readonly state: string }[], otherwise: string): string {
  const order = ["proposed", "conflict", "applying", "applied", "undone", "rejected"];
  return order.find((state) => hunks.some((hunk) => hunk.state === state)) ?? otherwise;
}

function icon(state: string): vscode.ThemeIcon {
  const { icon: name, colour } = look(state);
  return new vscode.ThemeIcon(name, colour === undefined ? undefined : new vscode.ThemeColor(colour));
}

function command(id: string, title: string, node: Node): vscode.Command {
  return { command: id, title, arguments: [node] };
}

function signed(before: string, after: string): string {
  const mark = (text: string, sign: string): string[] =>
    text === "" ? [] : text.replace(/\r?\n$/, "").split(/\r?\n/).map((line) => `${sign}${line}`);
  return [...mark(before, "-"), ...mark(after, "+")].join("\n");
}
