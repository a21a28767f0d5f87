/** The life of runs, for a run the user picks or a node of the tree. */

import * as vscode from "vscode";

import type { RunSummary, RunView } from "../answers";
import { complain } from "../requests";
import * as decisions from "../runs/decisions";
import type { Node } from "../runs/nodes";
import { allHunks, isActive, isApplied, isProposed, isResumable, look, word } from "../runs/states";
import { runPage } from "../texts";
import { say, type Context, type Entries, type Entry } from "./entry";

type Wanted = (run: RunSummary, view: RunView | undefined) => boolean;

const proposes: Wanted = (_, view) => view !== undefined && allHunks(view).some(isProposed);
const stands: Wanted = (_, view) => view !== undefined && allHunks(view).some(isApplied);

export const RUNNING: Entries = {
  "samokoder.showRuns": {
    needs: "samokoder.run.list",
    run: async () => {
      await vscode.commands.executeCommand("samokoder.runs.focus");
    },
  },
  "samokoder.refreshRuns": {
    needs: "samokoder.run.list",
    run: ({ runs }) => runs.load(),
  },
  "samokoder.showRun": onRun("samokoder.run.show", () => true, async ({ runs, pages }, { run }) => {
    const view = await runs.view(run.id);
    if (view !== undefined) {
      await pages.show(`${run.id}.md`, runPage(view));
    }
  }),
  "samokoder.openChanges": onRun("samokoder.run.diff", (_, view) => (view?.changes.length ?? 0) > 0, async ({ documents }, node) => {
    await documents.openAll(node);
  }),
  "samokoder.openDiff": {
    needs: "samokoder.run.diff",
    run: async ({ documents }, argument) => {
      const node = argument as Node | undefined;
      if (node?.type === "file" || node?.type === "hunk") {
        await documents.open(node);
      }
    },
  },
  "samokoder.accept": onNode("samokoder.run.apply", proposes, ({ server }, node) => decisions.accept(server, node)),
  "samokoder.reject": onNode("samokoder.run.reject", proposes, ({ server }, node) => decisions.reject(server, node)),
  "samokoder.undo": onNode("samokoder.run.undo", stands, ({ server }, node) => decisions.undo(server, node)),
  "samokoder.cancelRun": onRun("samokoder.run.cancel", isActive, ({ server }, { run }) => decisions.cancel(server, run)),
  "samokoder.resumeRun": onRun(
    "samokoder.run.resume",
    (run, view) => isResumable(run) || view?.interrupted === true,
    ({ server }, { run }) => decisions.resume(server, run),
  ),
  "samokoder.restoreRun": onRun("samokoder.run.restore", stands, ({ server }, { run }) => decisions.restore(server, run)),
  "samokoder.answer": {
    needs: "samokoder.run.answer",
    run: async (context, argument, chosen) => {
      const node = argument as Node | undefined;
      if (node?.type === "question") {
        await decisions.answer(context.server, node.run, node.question, chosen);
        return;
      }
      const run = await pickRun(context, ({ state }) => state === "waiting");
      const view = run === undefined ? undefined : await context.runs.view(run.id);
      const question = view?.questions.find(({ answer }) => answer === null);
      if (run !== undefined && question !== undefined) {
        await decisions.answer(context.server, run, question);
      }
    },
  },
  "samokoder.acceptHunk": atCursor("samokoder.run.apply", decisions.accept),
  "samokoder.rejectHunk": atCursor("samokoder.run.reject", decisions.reject),
};

/** On a node of the tree or a lens, otherwise on a run the user picks. */
function onNode(needs: string, wanted: Wanted, act: (context: Context, node: Node) => Promise<void>): Entry {
  return {
    needs,
    run: async (context, argument) => {
      const given = argument as Node | undefined;
      const run = given?.type === undefined ? await pickRun(context, wanted) : undefined;
      const node: Node | undefined = run === undefined ? given : { type: "run", run };
      if (node?.type !== undefined) {
        await act(context, node);
      }
    },
  };
}

/** As {@link onNode}, for what only whole runs can do. */
function onRun(needs: string, wanted: Wanted, act: (context: Context, node: Node) => Promise<void>): Entry {
  return onNode(needs, wanted, act);
}

function atCursor(needs: string, act: (server: Context["server"], node: Node) => Promise<void>): Entry {
  return {
    needs,
    run: async ({ documents, server }) => {
      const node = documents.at(vscode.window.activeTextEditor);
      if (node === undefined) {
        say(vscode.l10n.t("Put the cursor on a hunk first."));
      } else {
        await act(server, node);
      }
    },
  };
}

async function pickRun({ runs }: Context, wanted: Wanted): Promise<RunSummary | undefined> {
  try {
    await runs.load();
  } catch (error) {
    complain(error);
  }
  const items = runs.list
    .filter((run) => wanted(run, runs.seen(run.id)))
    .map((run) => ({
      label: `$(${look(run.state).icon}) ${run.title}`,
      description: word(run.state),
      detail: [new Date(run.created * 1000).toLocaleString(), run.reason].filter((part) => part !== "").join(": "),
      run,
    }));
  if (items.length === 0) {
    say(vscode.l10n.t("There is no such run in this workspace."));
    return undefined;
  }
  const title = vscode.l10n.t("Which run?");
  return (await vscode.window.showQuickPick(items, { title, matchOnDetail: true }))?.run;
}
