/** Plans, generation, scaffolds and the bug hunter. */

import * as vscode from "vscode";

import type { RunSummary } from "../answers";
import { generated, type GenerateAnswer } from "../generations";
import { openPlan } from "../plan";
import { ask, request } from "../requests";
import { undo } from "../runs/decisions";
import { isActive } from "../runs/states";
import { here, say, typed, type Context, type Entries } from "./entry";
import { fix } from "./fixing";
import { startPreview } from "./previewing";

const GENERATE = "samokoder.generate";

interface Start {
  readonly name: string;
  readonly title: string;
  readonly language: string;
  readonly summary: string;
}

interface NewAnswer {
  readonly templates: readonly Start[];
  readonly created: readonly string[];
  readonly written: boolean;
  readonly proven: boolean;
  readonly reason: string;
  readonly next: readonly string[];
}

export const GENERATING: Entries = {
  "samokoder.generateBrief": {
    needs: GENERATE,
    run: async (context) => {
      const title = vscode.l10n.t("Samokoder: generate");
      const args = await brief(title);
      if (args !== undefined) {
        await generate(context, title, args);
      }
    },
  },
  "samokoder.planBrief": {
    needs: "samokoder.plan",
    run: async ({ server }) => {
      const title = vscode.l10n.t("Samokoder: plan");
      const args = await brief(title);
      const answer = args && (await request<GenerateAnswer>(server, title, "samokoder.plan", args));
      if (answer !== undefined) {
        await openPlan(answer.run.root);
        say(generated(answer));
      }
    },
  },
  "samokoder.workOnPlan": {
    needs: GENERATE,
    run: async (context, argument) => {
      const root = typeof argument === "string" ? { root: argument } : await here();
      if (root !== undefined) {
        await generate(context, vscode.l10n.t("Samokoder: work on the plan"), root);
      }
    },
  },
  "samokoder.followUp": {
    needs: GENERATE,
    run: async (context) => {
      await context.runs.load();
      const title = vscode.l10n.t("Samokoder: follow up on which result?");
      const items = context.runs.list
        .filter((run) => run.kind === "generate" && !isActive(run))
        .map((run: RunSummary) => ({ label: run.title, description: run.state, run }));
      if (items.length === 0) {
        say(vscode.l10n.t("Nothing was generated in this workspace yet."));
        return;
      }
      const run = (await vscode.window.showQuickPick(items, { title }))?.run;
      const feedback = run && (await typed(run.title, vscode.l10n.t("What should be different?")));
      if (run !== undefined && feedback !== undefined) {
        await generate(context, run.title, { run: run.id, feedback });
      }
    },
  },
  "samokoder.newProject": { needs: "samokoder.new", run: newProject },
  "samokoder.huntBug": {
    needs: "samokoder.hunt",
    run: async (context) => {
      const title = vscode.l10n.t("Samokoder: hunt a bug");
      const root = await here();
      const prompt = vscode.l10n.t("The command that fails; empty: the project's own checks");
      const check = root && (await vscode.window.showInputBox({ title, prompt, ignoreFocusOut: true }));
      if (check !== undefined) {
        await fix(context, title, { check: check.trim(), ...root }, "samokoder.hunt");
      }
    },
  },
};

async function generate(context: Context, title: string, args: object): Promise<void> {
  const answer = await request<GenerateAnswer>(context.server, title, GENERATE, args);
  if (answer === undefined) {
    return;
  }
  const show = vscode.l10n.t("Show");
  const preview = vscode.l10n.t("Preview");
  const back = vscode.l10n.t("Undo");
  const made = answer.tasks.length > 0 ? [show] : [];
  const offered = answer.offer === "" ? [] : [preview];
  const undoable = answer.changed.length > 0 ? [back] : [];
  const buttons = [...made, ...offered, ...undoable];
  void vscode.window.showInformationMessage(generated(answer), ...buttons).then(async (pressed) => {
    if (pressed === show) {
      await context.documents.openAll({ type: "run", run: answer.run });
    } else if (pressed === preview) {
      await startPreview(context, { root: answer.run.root });
    } else if (pressed === back) {
      await undo(context.server, { type: "run", run: answer.run });
    }
  });
}

/** What is to be made, and what of the active file it is about. */
async function brief(title: string): Promise<object | undefined> {
  const root = await here();
  const text = root && (await typed(title, vscode.l10n.t("What should be made? One sentence or many.")));
  if (text === undefined) {
    return undefined;
  }
  const about = await context(title);
  return about && { brief: text, ...root, ...about };
}

async function context(title: string): Promise<object | undefined> {
  const editor = vscode.window.activeTextEditor;
  if (editor?.document.uri.scheme !== "file") {
    return {};
  }
  const uri = editor.document.uri.toString();
  const selection = editor.document.getText(editor.selection);
  const items = [
    { label: vscode.l10n.t("The workspace as a whole"), args: {} },
    { label: vscode.l10n.t("The active file"), args: { uri } },
    ...(selection === "" ? [] : [{ label: vscode.l10n.t("What is selected"), args: { uri, selection } }]),
  ];
  return (await vscode.window.showQuickPick(items, { title, placeHolder: vscode.l10n.t("What is it about?") }))?.args;
}

async function newProject({ server }: Context): Promise<void> {
  const command = "samokoder.new";
  const title = vscode.l10n.t("Samokoder: new project");
  const root = await here();
  const { templates } = await ask<NewAnswer>(server, command);
  const items = templates.map((template) => ({
    label: template.title,
    description: template.language,
    detail: template.summary,
    template,
  }));
  const template = root && (await vscode.window.showQuickPick(items, { title, matchOnDetail: true }))?.template;
  const name = template && (await typed(title, vscode.l10n.t("What is it called? This is its folder too.")));
  if (template === undefined || name === undefined) {
    return;
  }
  const answer = await request<NewAnswer>(server, title, command, { template: template.name, name, ...root });
  if (answer === undefined) {
    return;
  }
  const tested = answer.proven ? vscode.l10n.t("Its own tests pass.") : answer.reason;
  const said = answer.written
    ? vscode.l10n.t("Created {0} files.", answer.created.length)
    : vscode.l10n.t("Proposed {0} files.", answer.created.length);
  say([said, tested, ...answer.next.slice(-1)].join(" "));
}
