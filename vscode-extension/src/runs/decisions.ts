/** Accepting, rejecting and undoing; cancelling, resuming and answering. */

import * as vscode from "vscode";

import type { Question, RunAnswer, RunSummary, RunView } from "../answers";
import { ask, complain, request, type Server } from "../requests";
import * as spoken from "../spoken";
import { selected, type Node } from "./nodes";

export async function accept(server: Server, node: Node): Promise<void> {
  told(await request<RunAnswer>(server, vscode.l10n.t("Accept"), "samokoder.run.apply", selected(node)));
}

export async function reject(server: Server, node: Node): Promise<void> {
  // Nothing is written, and the tree shows it at once.
  try {
    await ask(server, "samokoder.run.reject", selected(node));
  } catch (error) {
    complain(error);
  }
}

export async function undo(server: Server, node: Node): Promise<void> {
  told(await request<RunAnswer>(server, vscode.l10n.t("Undo"), "samokoder.run.undo", selected(node)));
}

export async function cancel(server: Server, run: RunSummary): Promise<void> {
  try {
    await ask(server, "samokoder.run.cancel", { run: run.id });
  } catch (error) {
    complain(error);
  }
}

export async function resume(server: Server, run: RunSummary): Promise<void> {
  const more = run.state === "limited" ? await limit(run) : {};
  if (more !== undefined) {
    told(await request<RunAnswer>(server, run.title, "samokoder.run.resume", { run: run.id, ...more }));
  }
}

/** With what limit a run that has come to one goes on. */
async function limit(run: RunSummary): Promise<object | undefined> {
  const { l10n } = vscode;
  const items = [
    { label: l10n.t("With the limits of the settings"), name: "", ask: "" },
    { label: l10n.t("With more tokens…"), name: "tokens", ask: l10n.t("Tokens the whole run may use") },
    { label: l10n.t("With more money…"), name: "money", ask: l10n.t("US dollars the whole run may spend") },
  ];
  const picked = await vscode.window.showQuickPick(items, { title: run.title, placeHolder: run.reason });
  if (picked === undefined || picked.name === "") {
    return picked && {};
  }
  const text = await vscode.window.showInputBox({
    title: run.title,
    prompt: picked.ask,
    validateInput: (value) => (Number(value) > 0 ? undefined : l10n.t("A number above zero.")),
  });
  return text === undefined ? undefined : { [picked.name]: Number(text) };
}

/** Goes back to the state after a step the user picks. */
export async function restore(server: Server, run: RunSummary): Promise<void> {
  const view = await ask<RunView>(server, "samokoder.run.show", { run: run.id });
  const steps = view.steps.filter(({ done }) => done).reverse();
  if (steps.length === 0) {
    void vscode.window.showInformationMessage(vscode.l10n.t("This run has no finished step."));
    return;
  }
  const items = steps.map(({ key, agent }) => ({ label: key, description: agent }));
  const picked = await vscode.window.showQuickPick(items, {
    title: vscode.l10n.t("Go back to the state after which step?"),
  });
  if (picked !== undefined) {
    const args = { run: run.id, step: picked.label };
    told(await request<RunAnswer>(server, run.title, "samokoder.run.restore", args));
  }
}

/** Answers a run's question with what was chosen already, is picked or is typed now. */
export async function answer(
  server: Server,
  run: RunSummary,
  question: Question,
  given?: unknown,
): Promise<void> {
  const { options, default: usual } = question;
  const text = spoken.question(question.text);
  const items = options.map((value) => ({ label: spoken.option(value), value }));
  const chosen =
    typeof given === "string"
      ? given
      : options.length > 0
        ? (await vscode.window.showQuickPick(items, { title: run.title, placeHolder: text }))?.value
        : await vscode.window.showInputBox({ title: run.title, prompt: text, value: usual });
  if (chosen !== undefined) {
    await send(server, run, question, chosen);
  }
}

/** Brings a question to the user, who has to act. */
export async function bring(server: Server, run: RunSummary, question: Question): Promise<void> {
  const said = `${run.title}: ${spoken.question(question.text)}`;
  if (question.options.length === 0 || question.options.length > 3) {
    const reply = vscode.l10n.t("Answer…");
    if ((await vscode.window.showInformationMessage(said, reply)) === reply) {
      await answer(server, run, question);
    }
    return;
  }
  const pressed = await vscode.window.showInformationMessage(said, ...question.options.map(spoken.option));
  const chosen = question.options.find((value) => spoken.option(value) === pressed);
  if (chosen !== undefined) {
    await send(server, run, question, chosen);
  }
}

async function send(server: Server, run: RunSummary, question: Question, text: string): Promise<void> {
  try {
    await ask(server, "samokoder.run.answer", { run: run.id, question: question.key, answer: text });
    const { interrupted } = await ask<RunView>(server, "samokoder.run.show", { run: run.id });
    if (interrupted) {
      // Who had asked is gone, a shell for example: the daemon takes the run up with the answer.
      await ask(server, "samokoder.run.resume", { run: run.id, wait: false });
    }
  } catch (error) {
    complain(error);
  }
}

/** Conflicts have to be seen; that all went well is seen in the files. */
export function told(answer: RunAnswer | undefined): void {
  if (answer === undefined) {
    return;
  }
  if (answer.conflicts.length > 0) {
    void vscode.window.showWarningMessage(`${answer.message} ${answer.conflicts.join(", ")}`);
  } else {
    vscode.window.setStatusBarMessage(`$(check) ${answer.message}`, 5000);
  }
}
