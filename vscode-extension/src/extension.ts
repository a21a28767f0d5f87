/** Puts the parts together. All logic is the server's. */

import * as path from "node:path";
import * as vscode from "vscode";

import type { ModelStatus } from "./answers";
import { Forwarding } from "./forwarding";
import { Keys } from "./keys";
import { ManagedEnvironment } from "./managed";
import { Pages } from "./pages";
import { act, called, lacks, PALETTE } from "./palette/palette";
import { isAboutPlan, openPlan, PlanLenses } from "./plan";
import { Program } from "./program";
import { ask, complain, type Server } from "./requests";
import { bring } from "./runs/decisions";
import type { Node } from "./runs/nodes";
import { ChangeDocuments, SCHEME } from "./runs/documents";
import { HunkLenses } from "./runs/lenses";
import { PLAN } from "./runs/states";
import { Runs } from "./runs/store";
import { RunsTree } from "./runs/tree";
import { Session } from "./session";
import { learn } from "./spoken";
import { Status } from "./status";

/** Commands after which another model may answer. */
const DECIDES = /^samokoder\.(model\.|trust)/;

let session: Session | undefined;

export function activate(context: vscode.ExtensionContext): void {
  const output = vscode.window.createOutputChannel("Samokoder", { log: true });
  const { version, contributes } = context.extension.packageJSON as {
    version: string;
    contributes: { commands: { command: string; title: string }[] };
  };
  learn(called(contributes.commands));
  const managed = new ManagedEnvironment(
    context.globalStorageUri.fsPath,
    path.join(context.extensionPath, "wheel"),
    output,
  );
  const program = new Program(managed, version, context.globalState);
  const keys = new Keys(context);
  const mine = (session = new Session(output, program, keys));
  const source = {
    get server(): Server | undefined {
      return mine.server;
    },
    folders: (): string[] => (vscode.workspace.workspaceFolders ?? []).map((folder) => folder.uri.fsPath),
  };
  const runs = new Runs(source);
  const forwarding = new Forwarding(source);
  const status = new Status(runs);
  const pages = new Pages();
  const documents = new ChangeDocuments(runs, () => mine.ready());
  const lenses = new HunkLenses(documents, runs);
  const plans = new PlanLenses(runs);
  const tree = vscode.window.createTreeView("samokoder.runs", {
    treeDataProvider: new RunsTree(runs),
  });

  const invoke = async (id: string, given: readonly unknown[]): Promise<void> => {
    const server = await mine.ready();
    const entry = PALETTE[id];
    if (server === undefined || entry === undefined) {
      return;
    }
    if (!server.has(entry.needs)) {
      const text = vscode.l10n.t("The running Samokoder {0} cannot do this yet. Update it.", mine.version);
      void vscode.window.showWarningMessage(text);
      return;
    }
    try {
      await entry.run({ server, pages, runs, documents, keys }, ...given);
    } catch (error) {
      complain(error);
    }
    if (DECIDES.test(entry.needs)) {
      void showModel(mine, status);
    }
  };
  mine.onCommand = async (command, args) => {
    const server = await mine.ready();
    if (server !== undefined) {
      try {
        await act({ server, pages, runs, documents, keys }, command, args);
      } catch (error) {
        complain(error);
      }
    }
  };

  const { registerCommand } = vscode.commands;
  context.subscriptions.push(
    output,
    mine,
    runs,
    forwarding,
    status,
    pages,
    documents,
    lenses,
    plans,
    tree,
    vscode.languages.registerCodeLensProvider({ scheme: SCHEME }, lenses),
    vscode.languages.registerCodeLensProvider({ scheme: "file", pattern: `**/${PLAN}` }, plans),
    ...Object.keys(PALETTE).map((id) => registerCommand(id, (...given: unknown[]) => invoke(id, given))),
    registerCommand("samokoder.restart", () => mine.restart()),
    registerCommand("samokoder.showOutput", () => {
      output.show();
    }),
    registerCommand("samokoder.repair", () => mine.install()),
    registerCommand("samokoder.openWalkthrough", async () => {
      await vscode.commands.executeCommand("workbench.action.openWalkthrough", `${context.extension.id}#start`);
      // A state that was reached before VS Code read the walkthrough ticks nothing; one reached now does.
      await vscode.commands.executeCommand("setContext", "samokoder.ready", mine.server !== undefined);
    }),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration("samokoder.path") || event.affectsConfiguration("samokoder.env")) {
        void mine.restart();
      } else if (event.affectsConfiguration("samokoder")) {
        void showModel(mine, status);
      }
    }),
    vscode.workspace.onDidChangeWorkspaceFolders(() => {
      void runs.load();
    }),
    mine.onEvent((event) => {
      runs.heard(event);
    }),
    mine.onDidChange((condition) => {
      status.show(condition, mine.why);
      void vscode.commands.executeCommand("setContext", "samokoder.state", condition);
      if (condition === "running") {
        advertise(mine);
        forwarding.all();
        void runs.load();
        void showModel(mine, status);
      } else if (condition !== "starting") {
        runs.clear();
      }
    }),
    runs.onQuestion(({ run, key }) => {
      void question(mine, runs, run.id, key).catch(complain);
      void unfold(tree, runs, run.id);
    }),
    runs.onDidChange(() => {
      const waiting = runs.active.filter(({ state }) => state === "waiting").length;
      const tooltip = vscode.l10n.t("Runs that wait for you: {0}", waiting);
      tree.badge = waiting === 0 ? undefined : { value: waiting, tooltip };
    }),
  );
  // Not awaited: the window must not wait for the server.
  mine.start();
}

export async function deactivate(): Promise<void> {
  await session?.stop();
}

/** Hides from the palette what the server cannot do. */
function advertise({ server }: Session): void {
  for (const command of new Set(Object.values(PALETTE).map(({ needs }) => needs))) {
    void vscode.commands.executeCommand("setContext", lacks(command), server?.has(command) === false);
  }
}

async function showModel({ server }: Session, status: Status): Promise<void> {
  if (server?.has("samokoder.model.status") !== true) {
    return;
  }
  try {
    const { roles } = await ask<ModelStatus>(server, "samokoder.model.status");
    status.answering = roles.find(({ role }) => role === "coder")?.model ?? "";
  } catch {
    // No folder is open: there is nothing to say.
    status.answering = "";
  }
}

/** Shows what a run waits with, where the view is open anyway. */
async function unfold(tree: vscode.TreeView<Node>, runs: Runs, id: string): Promise<void> {
  const run = runs.get(id);
  if (!tree.visible || run === undefined) {
    return;
  }
  try {
    await runs.look(id);
    await tree.reveal({ type: "run", run }, { expand: 3, select: false, focus: false });
  } catch {
    // It left the list meanwhile.
    return;
  }
}

const asked = new Set<string>();

/** Brings each question once; one that somebody else has answered meanwhile is not brought. */
async function question({ server }: Session, runs: Runs, id: string, key: string): Promise<void> {
  const name = `${id} ${key}`;
  if (server === undefined || asked.has(name)) {
    return;
  }
  asked.add(name);
  const view = await runs.view(id);
  const found = view?.questions.find((one) => one.key === key && one.answer === null);
  if (view === undefined || found === undefined) {
    return;
  }
  if (isAboutPlan(found)) {
    await openPlan(view.summary.root);
  }
  await bring(server, view.summary, found);
}
