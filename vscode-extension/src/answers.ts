/** The shapes of what the server returns, as far as this extension shows them. */

export interface RunSummary {
  readonly id: string;
  readonly kind: string;
  readonly title: string;
  readonly root: string;
  readonly state: string;
  readonly reason: string;
  /** Seconds since the epoch. */
  readonly created: number;
}

/** Something happened in a run, of whatever client. */
export interface RunEvent {
  readonly number: number;
  readonly run: string | null;
  readonly kind: string;
  readonly facts: Readonly<Record<string, unknown>>;
}

export interface Used {
  readonly calls: number;
  readonly input_tokens: number;
  readonly output_tokens: number;
  /** Millionths of a US dollar; null when a price is unknown. */
  readonly micros: number | null;
}

export interface FixAnswer {
  readonly run: RunSummary;
  readonly used: Used;
  readonly solved: boolean;
  readonly rung: string;
  readonly note: string;
  readonly reason: string;
  readonly applied: boolean;
  readonly fixes: number;
  /** Problems that are still there. */
  readonly left: readonly unknown[];
  /** What the editor said after a change that no check can prove was tried out. */
  readonly watched: string;
}

export interface CheckAnswer {
  readonly run: RunSummary;
  readonly ok: boolean;
  readonly problems: readonly unknown[];
}

export interface RunAnswer {
  readonly run: RunSummary;
  readonly message: string;
  readonly conflicts: readonly string[];
}

export interface Hunk {
  readonly id: number;
  readonly state: string;
  readonly before: string;
  readonly after: string;
  readonly before_line: number;
  readonly after_line: number;
}

export interface FileChange {
  readonly path: string;
  readonly kind: string;
  readonly new_path: string | null;
  readonly hunks: readonly Hunk[];
}

export interface Change {
  readonly id: number;
  readonly key: string;
  readonly undoes: number | null;
  readonly reason: string;
  readonly title: string;
  readonly state: string;
  readonly proven: boolean;
  readonly files: readonly FileChange[];
}

export interface Question {
  readonly key: string;
  readonly text: string;
  readonly options: readonly string[];
  readonly default: string;
  readonly answer: string | null;
}

/** One task of a plan that is worked on. */
export interface Task {
  readonly key: string;
  readonly title: string;
  readonly state: string;
  readonly reason: string;
}

export interface Step {
  readonly key: string;
  readonly agent: string;
  readonly done: boolean;
}

export interface RunView {
  readonly summary: RunSummary;
  readonly used: Used;
  /** Older servers do not tell them. */
  readonly tasks?: readonly Task[];
  readonly changes: readonly Change[];
  readonly questions: readonly Question[];
  readonly steps: readonly Step[];
  /** It should be running and its process is gone. */
  readonly interrupted: boolean;
}

/** One file of a change set before and after; null: no file, or no text. */
export interface FileTexts {
  readonly change: number;
  readonly path: string;
  readonly new_path: string | null;
  readonly before: string | null;
  readonly after: string | null;
  readonly binary: boolean;
}

export interface ModelStatus {
  readonly roles: readonly {
    readonly role: string;
    readonly model: string;
    readonly reason: string;
    readonly waiting: string;
  }[];
}

export interface Finding {
  readonly level: "ok" | "warning" | "error";
  readonly what: string;
  readonly found: string;
  readonly hint: string;
}

export interface DoctorReport {
  readonly findings: readonly Finding[];
}

export interface UsageSum {
  readonly name: string;
  readonly calls: number;
  readonly failed: number;
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly cached_tokens: number;
  readonly micros: number | null;
}

export interface UsageReport {
  readonly by: string;
  readonly sums: readonly UsageSum[];
}
