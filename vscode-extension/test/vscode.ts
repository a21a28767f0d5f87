/** A small stand-in for the `vscode` module, enough for this extension's tests. */

export interface Toast {
  readonly kind: "information" | "warning" | "error";
  readonly text: string;
  readonly buttons: readonly string[];
}

type Pick = (items: readonly { label: string }[]) => unknown;

/** What the user saw and what the user will press, pick and type; tests read and set it. */
export const screen = {
  toasts: [] as Toast[],
  progress: [] as { message?: string; increment?: number }[],
  press: undefined as string | undefined,
  picks: [] as Pick[],
  typed: [] as (string | undefined)[],
  invoked: [] as unknown[][],
  cancel: (): void => undefined,
};

export function clear(): void {
  for (const list of [screen.toasts, screen.progress, screen.picks, screen.typed, screen.invoked]) {
    list.length = 0;
  }
  screen.press = undefined;
  window.activeTextEditor = undefined;
  workspace.workspaceFolders = [folder("/w")];
  workspace.textDocuments = [];
  workspace.settings = {};
}

export const l10n = {
  t: (text: string, ...args: readonly (string | number)[]): string =>
    text.replace(/\{(\d+)\}/g, (_, index: string) => String(args[Number(index)])),
};

export const ProgressLocation = { Notification: 15 };
export const TreeItemCollapsibleState = { None: 0, Collapsed: 1, Expanded: 2 };
export const StatusBarAlignment = { Right: 2 };

export class EventEmitter<T> {
  private readonly listeners = new Set<(value: T) => void>();
  readonly event = (listener: (value: T) => void): { dispose: () => void } => {
    this.listeners.add(listener);
    return { dispose: () => this.listeners.delete(listener) };
  };
  fire(value: T): void {
    for (const listener of this.listeners) {
      listener(value);
    }
  }
  dispose(): void {
    this.listeners.clear();
  }
}

export class Uri {
  constructor(
    readonly scheme: string,
    readonly path: string,
    readonly query = "",
  ) {}
  static file(path: string): Uri {
    return new Uri("file", path);
  }
  static from({ scheme, path, query }: { scheme: string; path: string; query?: string }): Uri {
    return new Uri(scheme, path, query);
  }
  static joinPath(uri: Uri, ...parts: string[]): Uri {
    return new Uri(uri.scheme, [uri.path, ...parts].join("/"));
  }
  get fsPath(): string {
    return this.path;
  }
  toString(): string {
    return `${this.scheme}://${this.path}`;
  }
}

export class Disposable {
  constructor(readonly dispose: () => unknown) {}
}

export class ThemeIcon {
  static readonly File = new ThemeIcon("file");
  constructor(
    readonly id: string,
    readonly color?: unknown,
  ) {}
}

export class ThemeColor {
  constructor(readonly id: string) {}
}

export class TreeItem {
  constructor(
    readonly label: string,
    readonly collapsibleState: number,
  ) {}
}

export class MarkdownString {
  value = "";
  appendText(text: string): this {
    this.value += text;
    return this;
  }
  appendMarkdown(text: string): this {
    this.value += text;
    return this;
  }
  appendCodeblock(text: string): this {
    this.value += text;
    return this;
  }
}

export class Range {
  readonly start: { line: number; character: number };
  readonly end: { line: number; character: number };
  constructor(line: number, character: number, lastLine: number, lastCharacter: number) {
    this.start = { line, character };
    this.end = { line: lastLine, character: lastCharacter };
  }
}

export class CodeLens {
  constructor(
    readonly range: Range,
    readonly command: unknown,
  ) {}
}

interface Editor {
  document: { uri: Uri; getText: (range?: unknown) => string };
  selection: { active: { line: number }; start: { line: number; character: number }; end: { line: number; character: number } };
}

const toast =
  (kind: Toast["kind"]) =>
  (text: string, ...rest: unknown[]): Promise<string | undefined> => {
    const buttons = rest.filter((button) => typeof button === "string");
    screen.toasts.push({ kind, text, buttons });
    return Promise.resolve(buttons.find((button) => button === screen.press));
  };

const folder = (path: string): { uri: Uri; name: string } => ({ uri: Uri.file(path), name: path.slice(1) });

export const window = {
  activeTextEditor: undefined as Editor | undefined,
  showInformationMessage: toast("information"),
  showWarningMessage: toast("warning"),
  showErrorMessage: toast("error"),
  setStatusBarMessage: (text: string): void => {
    screen.toasts.push({ kind: "information", text, buttons: [] });
  },
  showQuickPick: (items: readonly { label: string }[]): Promise<unknown> =>
    Promise.resolve(screen.picks.shift()?.(items)),
  showInputBox: (): Promise<string | undefined> => Promise.resolve(screen.typed.shift()),
  showWorkspaceFolderPick: (): Promise<unknown> => Promise.resolve(workspace.workspaceFolders.at(-1)),
  withProgress: (_options: unknown, task: (progress: unknown, token: unknown) => unknown): unknown =>
    task(
      { report: (value: { message?: string; increment?: number }) => screen.progress.push(value) },
      {
        onCancellationRequested: (listener: () => void) => {
          screen.cancel = listener;
          return { dispose: () => undefined };
        },
      },
    ),
};

export const workspace = {
  workspaceFolders: [folder("/w")],
  textDocuments: [] as { uri: Uri }[],
  settings: {} as Record<string, unknown>,
  getConfiguration: (): { get: (name: string, usual: unknown) => unknown } => ({
    get: (name, usual) => workspace.settings[name] ?? usual,
  }),
  registerTextDocumentContentProvider: (): { dispose: () => void } => ({ dispose: () => undefined }),
  getWorkspaceFolder: (uri: Uri): { uri: Uri; name: string } | undefined =>
    workspace.workspaceFolders.find((one) => uri.path.startsWith(`${one.uri.path}/`)),
};

export const commands = {
  executeCommand: (...given: unknown[]): Promise<unknown> => {
    screen.invoked.push(given);
    return Promise.resolve(given[0] === "vscode.executeCodeActionProvider" ? [] : undefined);
  },
};

export const languages = { onDidChangeDiagnostics: (): { dispose: () => void } => ({ dispose: () => undefined }) };

export const env = { clipboard: { readText: (): Promise<string> => Promise.resolve("") } };
