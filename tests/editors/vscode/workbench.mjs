// What a person does in a VS Code window: look, type, press.
import path from "node:path";
import { SHOTS } from "./server.mjs";

/** Milliseconds something may take on a machine that has other things to do. */
const PATIENCE = 90_000;

/** Tries until it holds; the last failure otherwise. */
export async function eventually(look, seconds = 60) {
  for (const end = Date.now() + seconds * 1000; ; ) {
    try {
      return await look();
    } catch (error) {
      if (Date.now() > end) throw error;
      await new Promise((done) => setTimeout(done, 100));
    }
  }
}

export class Workbench {
  constructor(page) {
    this.page = page;
  }

  /** A window on a folder, or on a `.code-workspace` file. */
  static async open(browser, vscode, folder, { locale = "en-US", theme = "light" } = {}) {
    const viewport = { width: 1280, height: 800 };
    const context = await browser.newContext({ viewport, locale, colorScheme: theme });
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE);
    if (process.env.VERBOSE) page.on("console", (line) => console.log(`[${line.type()}]`, line.text()));
    const what = folder.endsWith(".code-workspace") ? { workspace: folder } : { folder };
    await page.goto(`${vscode.url}/?${new URLSearchParams(what)}`);
    await page.locator(".monaco-workbench .part.statusbar").waitFor();
    return new Workbench(page);
  }

  shot(name) {
    return this.page.screenshot({ path: path.join(SHOTS, `${name}.png`) });
  }

  press(keys) {
    return this.page.keyboard.press(keys);
  }

  toast(text) {
    return this.page.locator(".notifications-toasts .notification-list-item", { hasText: text });
  }

  statusItem(text) {
    return this.page.locator(".part.statusbar .statusbar-item", { hasText: text });
  }

  tab(name) {
    return this.page.locator(`.tabs-container .tab[data-resource-name="${name}"]`);
  }

  line(text) {
    return this.page.locator(".editor-instance .view-line").filter({ hasText: text });
  }

  squiggle(kind) {
    return this.page.locator(`.monaco-editor .squiggly-${kind}`);
  }

  lens(text) {
    return this.page.locator(".codelens-decoration a", { hasText: text });
  }

  option(text) {
    return this.page.locator(".quick-input-widget [role=option]", { hasText: text });
  }

  row(text) {
    return this.page.locator(".pane-body [role=treeitem]", { hasText: text });
  }

  /** A run of the tree in a state; runs are its first level. */
  runRow(state) {
    return this.page.locator('.pane-body [role=treeitem][aria-level="1"]', { hasText: state });
  }

  /** The newest run, in a state. */
  newest(state) {
    return this.page.locator('.pane-body [role=treeitem][aria-level="1"]').first().filter({ hasText: state });
  }

  /** What a page in the editor shows: a report, an explanation, a preview of Markdown. */
  webview(text) {
    return this.page.frameLocator("iframe.webview.ready").last().frameLocator("#active-frame").getByText(text).first();
  }

  async type(text, { enter = true } = {}) {
    const input = this.page.locator(".quick-input-widget input.input");
    await input.waitFor();
    await input.fill(text);
    if (enter) await this.press("Enter");
  }

  /** Contributed commands are in the palette only once the extensions are up: reopen it until then. */
  async command(label, seconds = 120) {
    const row = this.page.locator(`.quick-input-widget [role=option][aria-label^="${label}"]`).first();
    await eventually(async () => {
      await this.press("Escape");
      await this.press("F1");
      await this.page.locator(".quick-input-widget input.input").waitFor({ timeout: 5000 });
      await this.page.locator(".quick-input-widget input.input").fill(`>${label}`, { timeout: 3000 });
      await row.waitFor({ timeout: 3000 });
      // The list is drawn anew while commands arrive: what is gone is not waited for.
      await row.click({ timeout: 3000 });
      await this.page.locator(".quick-input-widget").filter({ hasText: `>${label}` }).waitFor({ state: "hidden", timeout: 2000 });
    }, seconds);
  }

  async open(name) {
    const base = path.basename(name);
    await this.press("Control+Shift+E");
    await this.page.locator(`.explorer-folders-view [role=treeitem][aria-label^="${base}"]`).first().dblclick();
    await this.tab(base).waitFor();
  }

  async goto(line, column = 1) {
    await this.press("Control+G");
    await this.type(`:${line}:${column}`);
  }

  /** By keyboard: clicks on the menu of quick fixes can be swallowed. */
  async quickFix(title, { shot } = {}) {
    await eventually(async () => {
      await this.press("Escape");
      await this.press("Control+.");
      await this.page.locator(".action-widget [role=option]", { hasText: title }).first().waitFor({ timeout: 3000 });
    });
    if (shot) await this.shot(shot);
    const focused = this.page.locator(".action-widget [role=option].focused", { hasText: title });
    for (let turn = 0; turn < 20 && !(await focused.count()); turn += 1) await this.press("ArrowDown");
    await this.press("Enter");
  }

  async button(scope, name) {
    await scope.hover();
    await scope.getByRole("button", { name }).first().click();
  }

  /** Toasts gone, editors closed, the lower panel away. */
  async clear() {
    await this.quiet();
    await this.press("Control+k");
    await this.press("Control+w");
    if (await this.page.locator(".part.panel").isVisible()) await this.press("Control+j");
  }

  /** Saves the active editor and waits until that has happened. */
  async save(name) {
    await this.press("Control+s");
    await this.page.locator(`.tabs-container .tab.dirty[data-resource-name="${name}"]`).waitFor({ state: "detached" });
  }

  async quiet() {
    for (const toast of await this.page.locator(".notifications-toasts .notification-list-item").all()) {
      const close = toast.getByRole("button", { name: /Clear Notification/ });
      await toast.hover({ timeout: 2000 }).catch(() => undefined);
      await close.click({ timeout: 2000 }).catch(() => undefined);
    }
  }

  async reload() {
    await this.page.reload();
    await this.page.locator(".monaco-workbench .part.statusbar").waitFor();
  }
}
