/** The server's standing questions and answers in the display's language; others stay as they are. */

import { l10n, window } from "vscode";

/** An answer as it is shown; what is sent back is always the server's own. */
export function option(text: string): string {
  const words: Readonly<Record<string, string>> = {
    "Always in this workspace": l10n.t("Always in this workspace"),
    "Only now": l10n.t("Only now"),
    No: l10n.t("No"),
    Apply: l10n.t("Apply"),
    "Apply and watch": l10n.t("Apply and watch"),
    "Leave it": l10n.t("Leave it"),
    "Go ahead": l10n.t("Go ahead"),
    "Stop here": l10n.t("Stop here"),
    Allow: l10n.t("Allow"),
    "Leave it alone": l10n.t("Leave it alone"),
    "Run it": l10n.t("Run it"),
    "Run it with network access": l10n.t("Run it with network access"),
    "Do not run it": l10n.t("Do not run it"),
    "Create it untested": l10n.t("Create it untested"),
  };
  return words[text] ?? text;
}

/** The parts a sentence of the server is made of, and the same sentence for people here. */
type Sentence = readonly [RegExp, (...parts: string[]) => string];

const SENTENCES: readonly Sentence[] = [
  [
    /^Samokoder wants to run the checks of (.+) \(tests, linters\)\. They are programs of this project\. Allow it\?$/s,
    (name = "") =>
      l10n.t(
        "Samokoder wants to run the checks of {0} (tests, linters). They are programs of this project. Allow it?",
        name,
      ),
  ],
  [
    /^Samokoder wants to run (.+) in a container for a preview\. They are programs of this project\. Allow it\?$/s,
    (name = "") =>
      l10n.t(
        "Samokoder wants to run {0} in a container for a preview. They are programs of this project. Allow it?",
        name,
      ),
  ],
  [
    /^(.+) needs the network \(public hosts only\)\. The program itself will not have it\. Allow it\?$/s,
    (what = "") =>
      l10n.t("{0} needs the network (public hosts only). The program itself will not have it. Allow it?", what),
  ],
  [
    /^(.+) could write the fix\. Code of (.+) would be sent there\. Allow it\?$/s,
    (provider = "", name = "") =>
      l10n.t("{0} could write the fix. Code of {1} would be sent there. Allow it?", provider, name),
  ],
  [
    /^Apply “(.+)” to (.+)\?$/s,
    (title = "", files = "") => l10n.t("Apply “{0}” to {1}?", title, files),
  ],
  [
    /^The plan is in (\S+) \(edit it there\):\n(.+)\nIt takes (.+)\. Go ahead\?$/s,
    (file = "", tasks = "", cost = "") =>
      l10n.t("The plan is in {0} (edit it there):\n{1}\nIt takes {2}. Go ahead?", file, tasks, cost),
  ],
  [
    /^An agent wants to run `(.+)`(.*); (.+)\. Allow it\?$/s,
    (command = "", where = "", why = "") =>
      l10n.t("An agent wants to run `{0}`{1}; {2}. Allow it?", command, where, why),
  ],
  [
    /^“(.+)” wants to change (.+), which its plan does not name\. Allow it\?$/s,
    (task = "", file = "") => l10n.t("“{0}” wants to change {1}, which its plan does not name. Allow it?", task, file),
  ],
];

export function question(text: string): string {
  for (const [pattern, said] of SENTENCES) {
    const found = pattern.exec(text);
    if (found !== null) {
      return said(...found.slice(1));
    }
  }
  return text;
}

/** Puts a question that came as a message of the server; null: it was closed without an answer. */
export async function pick<T extends { readonly title: string }>(text: string, answers: readonly T[]): Promise<T | null> {
  const pressed = await window.showInformationMessage(question(text), ...answers.map(({ title }) => option(title)));
  return answers.find(({ title }) => option(title) === pressed) ?? null;
}

let titles: ReadonlyMap<string, string> = new Map();

/** Learns what the server's commands are called in the palette. */
export function learn(known: ReadonlyMap<string, string>): void {
  titles = known;
}

/** A hint with the palette's names instead of the shell's commands, which may be on no PATH here. */
export function hint(text: string): string {
  return text.replace(/`samokoder ([a-z]+)(?: ([a-z]+))?[^`]*`/g, (whole, noun: string, verb = "") => {
    const title = titles.get(`samokoder.${noun}.${verb as string}`) ?? titles.get(`samokoder.${noun}`);
    return title === undefined ? whole : `“Samokoder: ${title}”`;
  });
}
