/** Keys of model providers: in VS Code's secret storage, handed to the server's memory at start. */

import * as vscode from "vscode";

import { ask, request, type Server } from "./requests";

interface KnownKey {
  readonly provider: string;
  readonly title: string;
  readonly where: string;
}

const COMMAND = "samokoder.model.key";
const NAMES = "samokoder.keys";

/** What is needed of an extension's context. */
export interface Vault {
  readonly secrets: Pick<vscode.SecretStorage, "get" | "store" | "delete">;
  readonly globalState: Pick<vscode.Memento, "get" | "update">;
}

export class Keys {
  private known: string[] = [];

  constructor(private readonly vault: Vault) {}

  /** What must never be shown. */
  get secrets(): readonly string[] {
    return this.known;
  }

  /** Gives every stored key to a server that has just started. */
  async hand(server: Server): Promise<void> {
    if (!server.has(COMMAND)) {
      return;
    }
    for (const provider of this.providers()) {
      const key = await this.vault.secrets.get(secret(provider));
      if (key !== undefined) {
        this.known.push(key);
        await server.execute(COMMAND, { provider, key });
      }
    }
  }

  async set(server: Server): Promise<void> {
    const picked = await this.pick(server, vscode.l10n.t("Whose key?"));
    if (picked === undefined) {
      return;
    }
    const key = await vscode.window.showInputBox({
      title: picked.title,
      prompt: vscode.l10n.t("The key. It is kept in the secret storage of VS Code, in no settings file."),
      password: true,
      ignoreFocusOut: true,
    });
    if (key === undefined || key.trim() === "") {
      return;
    }
    const { provider } = picked;
    this.known.push(key.trim());
    await this.vault.secrets.store(secret(provider), key.trim());
    await this.vault.globalState.update(NAMES, [...new Set([...this.providers(), provider])]);
    const title = vscode.l10n.t("Samokoder: keys");
    if ((await request(server, title, COMMAND, { provider, key: key.trim() })) !== undefined) {
      void vscode.window.showInformationMessage(vscode.l10n.t("The key for {0} is set.", picked.title));
    }
  }

  async forget(server: Server): Promise<void> {
    const held = new Set(this.providers());
    const title = vscode.l10n.t("Forget whose key?");
    const picked = await this.pick(server, title, ({ provider }) => held.has(provider));
    if (picked === undefined) {
      return;
    }
    const { provider } = picked;
    await this.vault.secrets.delete(secret(provider));
    await this.vault.globalState.update(NAMES, this.providers().filter((name) => name !== provider));
    await ask(server, COMMAND, { provider, forget: true });
    void vscode.window.showInformationMessage(vscode.l10n.t("The key for {0} is forgotten.", picked.title));
  }

  private async pick(
    server: Server,
    title: string,
    wanted: (key: KnownKey) => boolean = () => true,
  ): Promise<KnownKey | undefined> {
    const { keys } = await ask<{ keys: readonly KnownKey[] }>(server, COMMAND);
    const items = keys.filter(wanted).map((key) => ({
      label: key.title,
      description: described(key.where),
      key,
    }));
    if (items.length === 0) {
      void vscode.window.showInformationMessage(vscode.l10n.t("No key is stored."));
      return undefined;
    }
    return (await vscode.window.showQuickPick(items, { title }))?.key;
  }

  private providers(): readonly string[] {
    return this.vault.globalState.get<readonly string[]>(NAMES, []);
  }
}

function described(where: string): string {
  switch (where) {
    case "held":
      return vscode.l10n.t("set here");
    case "environment":
      return vscode.l10n.t("from the environment");
    default:
      return "";
  }
}

function secret(provider: string): string {
  return `samokoder.key.${provider}`;
}
