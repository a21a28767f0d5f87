/** Runs → tasks and their changes → files → hunks, as nodes of a tree. Pure. */

import type { Change, FileChange, Hunk, Question, RunSummary, RunView, Task } from "../answers";
import { allHunks, can, hunksOf, isActive, isResumable, isTick, ownChanges } from "./states";

export type Node = RunNode | QuestionNode | TaskNode | ChangeNode | FileNode | HunkNode;

export interface RunNode {
  readonly type: "run";
  /** As it was last seen. */
  run: RunSummary;
}

export interface QuestionNode {
  readonly type: "question";
  readonly run: RunSummary;
  readonly question: Question;
}

/** A task that has changed nothing yet, or could not. */
export interface TaskNode {
  readonly type: "task";
  readonly run: RunSummary;
  readonly task: Task;
}

export interface ChangeNode {
  readonly type: "change";
  readonly run: RunSummary;
  readonly change: Change;
}

export interface FileNode {
  readonly type: "file";
  readonly run: RunSummary;
  readonly change: Change;
  readonly file: FileChange;
}

export interface HunkNode {
  readonly type: "hunk";
  readonly run: RunSummary;
  readonly change: Change;
  readonly file: FileChange;
  readonly hunk: Hunk;
}

export function ofView(view: RunView): readonly Node[] {
  const run = view.summary;
  const open = view.questions.filter(({ answer }) => answer === null && isActive(run));
  const changes = ownChanges(view).filter((change) => !isTick(change));
  // A task that has a change is that change: its title begins with the task's key.
  const tasks = (view.tasks ?? []).filter(({ key }) => !changes.some(({ title }) => title.startsWith(`${key}: `)));
  return [
    ...open.map((question): Node => ({ type: "question", run, question })),
    ...changes.map((change): Node => ({ type: "change", run, change })),
    ...tasks.map((task): Node => ({ type: "task", run, task })),
  ];
}

export function below(node: Exclude<Node, RunNode>): readonly Exclude<Node, RunNode>[] {
  switch (node.type) {
    case "change":
      return node.change.files.map((file) => ({ ...node, type: "file", file }));
    case "file":
      return node.file.hunks.map((hunk) => ({ ...node, type: "hunk", hunk }));
    default:
      return [];
  }
}

/** A name that stays the same while the tree is read anew. */
export function nameOf(node: Node): string {
  const { id } = node.run;
  switch (node.type) {
    case "run":
      return id;
    case "question":
      return `${id}?${node.question.key}`;
    case "task":
      return `${id}!${node.task.key}`;
    case "change":
      return `${id}/${node.change.id}`;
    case "file":
      return `${id}/${node.change.id}/${node.file.path}`;
    case "hunk":
      return `${id}/${node.change.id}/${node.file.path}#${node.hunk.id}`;
  }
}

export function parentOf(node: Node): Node | undefined {
  switch (node.type) {
    case "run":
      return undefined;
    case "hunk":
      return { ...node, type: "file" };
    case "file":
      return { ...node, type: "change" };
    default:
      return { type: "run", run: node.run };
  }
}

/** What can be done with a node, for the `when` clauses of menus. */
export function contextOf(node: Node, view: RunView | undefined): string {
  switch (node.type) {
    case "run": {
      const state = isActive(node.run) ? ";active" : "";
      const again = isResumable(node.run) || view?.interrupted === true ? ";resumable" : "";
      return `run${state}${again}${view === undefined ? "" : can(allHunks(view))}`;
    }
    case "question":
    case "task":
      return node.type;
    case "change":
      return `change${can(hunksOf(node.change))}`;
    case "file":
      return `file${can(node.file.hunks)}`;
    case "hunk":
      return `hunk${can([node.hunk])}`;
  }
}

/** The part of the server's arguments that names a node. */
export function selected(node: Node): object {
  const run = node.run.id;
  switch (node.type) {
    case "change":
      return { run, change: node.change.id };
    case "file":
      return { run, change: node.change.id, hunk: node.file.hunks.map(({ id }) => id) };
    case "hunk":
      return { run, change: node.change.id, hunk: [node.hunk.id] };
    default:
      return { run };
  }
}
