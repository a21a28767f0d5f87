/** The runs of the open folders as they are now: read once, then kept up to date by events. */

import * as vscode from "vscode";

import type { RunEvent, RunSummary, RunView, Used } from "../answers";
import { ask, type Server } from "../requests";
import { isActive, sum } from "./states";

/** Runs shown per folder. */
const SHOWN = 20;
/** Milliseconds in which several events lead to one look. */
const GATHER = 150;

export interface Source {
  readonly server: Server | undefined;
  readonly folders: () => readonly string[];
}

export interface Asked {
  readonly run: RunSummary;
  readonly key: string;
}

export class Runs implements vscode.Disposable {
  private readonly changes = new vscode.EventEmitter<string | undefined>();
  private readonly questions = new vscode.EventEmitter<Asked>();
  private runs = new Map<string, RunSummary>();
  private readonly views = new Map<string, RunView>();
  private readonly said = new Map<string, string>();
  private readonly spent = new Map<string, Used>();
  /** Runs of folders that are not open here. */
  private readonly foreign = new Set<string>();
  private readonly stale = new Set<string>();
  private timer: NodeJS.Timeout | undefined;
  private whole = false;
  private loading: Promise<void> | undefined;
  /** What is being read may be out of date already when this has grown. */
  private turn = 0;

  /** A run by its id; undefined: the list. */
  readonly onDidChange = this.changes.event;
  /** A run waits for somebody's answer. */
  readonly onQuestion = this.questions.event;

  constructor(private readonly source: Source) {}

  /** Newest first. */
  get list(): readonly RunSummary[] {
    return [...this.runs.values()].sort((a, b) => b.created - a.created);
  }

  get active(): readonly RunSummary[] {
    return this.list.filter(isActive);
  }

  get(id: string): RunSummary | undefined {
    return this.runs.get(id);
  }

  /** What is known of a run in full; undefined until it was read. */
  seen(id: string): RunView | undefined {
    return this.views.get(id);
  }

  /** What a run said last. */
  progress(id: string): string {
    return this.said.get(id) ?? "";
  }

  /** What a run has cost so far. */
  cost(id: string): Used | undefined {
    return this.spent.get(id) ?? this.views.get(id)?.used;
  }

  /** Everything about one run, read now. */
  async view(id: string): Promise<RunView | undefined> {
    const { server } = this.source;
    if (server === undefined) {
      return undefined;
    }
    const view = await ask<RunView>(server, "samokoder.run.show", { run: id });
    this.views.set(id, view);
    this.spent.set(id, view.used);
    if (this.runs.has(id)) {
      this.runs.set(id, view.summary);
    }
    return view;
  }

  /** Reads a run anew and tells of it. */
  async look(id: string): Promise<void> {
    try {
      await this.view(id);
      this.changes.fire(id);
    } catch {
      // It is gone, or the server is; either is said elsewhere.
      this.views.delete(id);
    }
  }

  /** Reads the list anew, then each run that changed. */
  load(): Promise<void> {
    this.turn += 1;
    this.loading = this.read(this.turn);
    return this.loading;
  }

  clear(): void {
    this.turn += 1;
    this.runs.clear();
    this.views.clear();
    this.said.clear();
    this.spent.clear();
    this.foreign.clear();
    this.changes.fire(undefined);
  }

  /** The server's notification. */
  heard({ run: id, kind, facts }: RunEvent): void {
    if (id === null || this.foreign.has(id)) {
      return;
    }
    const known = this.runs.get(id);
    if (known === undefined) {
      this.later();
      return;
    }
    switch (kind) {
      case "progress":
        this.said.set(id, text(facts["message"]));
        this.changes.fire(id);
        return;
      case "state":
        this.runs.set(id, { ...known, state: text(facts["state"]), reason: text(facts["reason"]) });
        this.changes.fire(id);
        this.later(id);
        return;
      case "model":
        this.spent.set(id, sum(this.cost(id), facts));
        this.changes.fire(id);
        this.later(id);
        return;
      case "question":
        this.later(id);
        this.questions.fire({ run: known, key: text(facts["key"]) });
        return;
      default:
        this.later(id);
    }
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.changes.dispose();
    this.questions.dispose();
  }

  private later(id?: string): void {
    if (id === undefined) {
      this.whole = true;
    } else {
      this.stale.add(id);
    }
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      void this.catchUp();
    }, GATHER);
  }

  private async catchUp(): Promise<void> {
    const ids = [...this.stale];
    this.stale.clear();
    if (this.whole) {
      this.whole = false;
      await this.load();
    }
    for (const id of ids) {
      await this.look(id);
    }
  }

  private async read(turn: number): Promise<void> {
    const { server } = this.source;
    if (server === undefined) {
      return;
    }
    const found = new Map<string, RunSummary>();
    try {
      for (const root of this.source.folders()) {
        const listed = await ask<RunSummary[]>(server, "samokoder.run.list", { root, limit: SHOWN });
        for (const run of listed) {
          found.set(run.id, run);
        }
      }
    } catch {
      return;
    }
    if (turn !== this.turn) {
      return;
    }
    const before = this.runs;
    this.runs = found;
    this.changes.fire(undefined);
    for (const run of this.list) {
      const old = before.get(run.id);
      if (old?.state !== run.state || !this.views.has(run.id)) {
        await this.look(run.id);
        this.ask(run.id);
      }
    }
  }

  /** Questions that were open before we listened. */
  private ask(id: string): void {
    const view = this.views.get(id);
    for (const question of view?.questions ?? []) {
      if (view !== undefined && question.answer === null && isActive(view.summary)) {
        this.questions.fire({ run: view.summary, key: question.key });
      }
    }
  }
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
