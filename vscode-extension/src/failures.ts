/** What to show of a failed request. */

import { hint as here } from "./spoken";

/** JSON-RPC: the request was cancelled. */
const CANCELLED = -32800;

/** The server's sentence and what to do next, without a trace. */
export function failure(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const hint = (error as { data?: { hint?: unknown } } | null)?.data?.hint;
  const first = message.split("\n", 1)[0] ?? "";
  return here(typeof hint === "string" && hint !== "" && !message.includes(hint) ? `${first} ${hint}` : first);
}

export function isCancelled(error: unknown): boolean {
  return (error as { code?: unknown } | null)?.code === CANCELLED;
}
