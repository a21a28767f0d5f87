/** What previews answer, as a page for people. Pure. */

import { l10n } from "vscode";

import { plain } from "./texts";

export interface Preview {
  readonly id: string;
  readonly title: string;
  readonly phase: string;
  readonly url: string;
  readonly reason: string;
  readonly image: string;
  readonly command: string;
  readonly environment: readonly string[];
  readonly egress: readonly string[];
  /** Milliseconds since the epoch. */
  readonly deadline: number;
}

export function previewPage(previews: readonly Preview[]): string {
  const head = `# ${l10n.t("Previews")}`;
  if (previews.length === 0) {
    return `${head}\n\n${l10n.t("No preview is live here.")}\n`;
  }
  return [head, ...previews.map(section)].join("\n\n");
}

function section(preview: Preview): string {
  const none = l10n.t("none");
  const facts = [
    preview.url === "" ? "" : `[${plain(preview.url)}](${preview.url})`,
    preview.reason === "" ? "" : plain(preview.reason),
    preview.deadline === 0 ? "" : l10n.t("until {0}, longer when it is used", new Date(preview.deadline).toLocaleString()),
    l10n.t("image: {0}", plain(preview.image === "" ? none : preview.image)),
    l10n.t("variables granted: {0}", plain(preview.environment.join(", ") || none)),
    l10n.t("hosts it may reach: {0}", plain(preview.egress.join(", ") || none)),
  ];
  const lines = facts.filter((fact) => fact !== "").map((fact) => `- ${fact}`);
  return [`## ${plain(preview.title)} (${preview.phase})`, ...lines].join("\n");
}
