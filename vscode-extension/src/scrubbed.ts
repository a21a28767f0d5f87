/** An output that never shows a secret: the trace would write keys to VS Code's log files. */

import type { LogOutputChannel } from "vscode";

const WRITERS = new Set(["append", "appendLine", "replace", "trace", "debug", "info", "warn", "error"]);

export function scrubbed(output: LogOutputChannel, secrets: () => readonly string[]): LogOutputChannel {
  const clean = (value: unknown): unknown =>
    typeof value === "string" ? scrub(value, secrets()) : value;
  return new Proxy(output, {
    get(target, name): unknown {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== "function") {
        return member;
      }
      const call = member as (...args: unknown[]) => unknown;
      return WRITERS.has(String(name))
        ? (...args: unknown[]): unknown => call.apply(target, args.map(clean))
        : call.bind(target);
    },
  });
}

/** The text without the secrets, also where JSON has escaped them. */
export function scrub(text: string, secrets: readonly string[]): string {
  return secrets
    .filter((secret) => secret !== "")
    .flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1)])
    .reduce((clean, secret) => clean.replaceAll(secret, "…"), text);
}
