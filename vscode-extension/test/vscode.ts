/** A small stand-in for the `vscode` module, enough for this extension's tests. */

export interface Toast {
  readonly kind: "information" | "warning" | "error";
  readonly text: string;
  readonly buttons: readonly string[];
}

/** What the user saw and what the user will press; tests read and set it. */
export const screen = {
  toasts: [] as Toast[],
  progress: [] as { message?: string; increment?: number }[],
  press: undefined as string | undefined,
  picks: [] as ((items: readonly { label: string }[]) => unknown)[],
  cancel: (): void => undefined,
};

export function clear(): void {
  screen.toasts.length = 0;
  screen.progress.length = 0;
  screen.picks.length = 0;
  screen.press = undefined;
  window.activeTextEditor = undefined;
}

export const l10n = {
  t: (text: string, ...args: readonly (string | number)[]): string =>
    text.replace(/\{(\d+)\}/g, (_, index: string) => String(args[Number(index)])),
};

export const ProgressLocation = { Notification: 15 };

interface Editor {
  document: { uri: { scheme: string; fsPath: string; toString(): string } };
}

const toast =
  (kind: Toast["kind"]) =>
  (text: string, ...buttons: string[]): Promise<string | undefined> => {
    screen.toasts.push({ kind, text, buttons });
    return Promise.resolve(screen.press);
  };

export const window = {
  activeTextEditor: undefined as Editor | undefined,
  showInformationMessage: toast("information"),
  showWarningMessage: toast("warning"),
  showErrorMessage: toast("error"),
  showQuickPick: (items: readonly { label: string }[]): Promise<unknown> =>
    Promise.resolve(screen.picks.shift()?.(items)),
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
  getWorkspaceFolder: (uri: { fsPath: string }): { uri: { fsPath: string } } => ({
    uri: { fsPath: uri.fsPath.slice(0, uri.fsPath.lastIndexOf("/")) },
  }),
};
