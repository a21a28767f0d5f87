/** `samokoder lsp` as a child; the first one starts while the client library is still being loaded. */

import { spawn, type ChildProcess } from "node:child_process";
import { stat } from "node:fs/promises";

/** Milliseconds a child has to end by itself once its input is closed. */
const GRACE = 2000;

export class Launch {
  private readonly children = new Set<ChildProcess>();
  private waiting: Promise<ChildProcess> | undefined;

  constructor(
    private readonly program: string,
    private readonly env: Readonly<Record<string, string>>,
    private readonly folder: string | undefined,
  ) {
    this.waiting = this.start();
    // Who asks for it is told of the failure; nobody may ever ask.
    this.waiting.catch(() => undefined);
  }

  /** A running child: the one that waits, or a new one after it. */
  child(): Promise<ChildProcess> {
    const child = this.waiting ?? this.start();
    this.waiting = undefined;
    return child;
  }

  /** Ends what has not ended by itself. */
  end(): void {
    for (const child of this.children) {
      child.stdin?.end();
      setTimeout(() => child.kill(), GRACE).unref();
    }
  }

  private async start(): Promise<ChildProcess> {
    const folder = await existing(this.folder);
    const child = spawn(this.program, ["lsp"], {
      env: { ...process.env, ...this.env },
      ...(folder !== undefined && { cwd: folder }),
    });
    return new Promise((resolve, reject) => {
      child.once("spawn", () => {
        this.children.add(child);
        resolve(child);
      });
      child.once("exit", () => this.children.delete(child));
      child.on("error", reject);
    });
  }
}

/** The folder, if there is one: no process starts in a folder that is gone. */
async function existing(folder: string | undefined): Promise<string | undefined> {
  try {
    return folder !== undefined && (await stat(folder)).isDirectory() ? folder : undefined;
  } catch {
    return undefined;
  }
}
