/** The manifest, the code and the translations agree. Run from the extension's folder. */

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";

import { lacks, OWN, PALETTE } from "../src/palette/palette";

interface Item {
  readonly command: string;
  readonly when?: string;
}

interface Manifest {
  readonly icon: string;
  readonly extensionKind: readonly string[];
  readonly capabilities: Readonly<Record<"untrustedWorkspaces" | "virtualWorkspaces", { readonly supported: boolean }>>;
  readonly contributes: {
    readonly commands: readonly Item[];
    readonly menus: Readonly<Record<string, readonly Item[]>>;
    readonly configuration: {
      readonly properties: Readonly<Record<string, { readonly scope: string; readonly markdownDescription?: string; readonly enum?: unknown[]; readonly enumItemLabels?: unknown[] }>>;
    };
    readonly viewsWelcome: readonly { readonly when: string }[];
    readonly walkthroughs: readonly { readonly steps: readonly { readonly media: { readonly image: string } }[] }[];
  };
}

const read = (file: string): string => readFileSync(file, "utf8");
const json = (file: string): unknown => JSON.parse(read(file));
const table = (file: string): string[] => Object.keys(json(file) as object).sort();
const manifest = json("package.json") as Manifest;
const { commands, menus, configuration, viewsWelcome, walkthroughs } = manifest.contributes;

test("every command of the palette is there, and no other", () => {
  const contributed = commands.map(({ command }) => command).sort();
  assert.deepEqual(contributed, [...Object.keys(PALETTE), ...OWN].sort());
});

test("every command of the server can be reached, except those that only other parts use", () => {
  const schema = json("../docs/schema/commands.json") as { commands?: Record<string, unknown> };
  const known = [...JSON.stringify(schema).matchAll(/"(samokoder\.[a-z.]+)":/g)].map(([, name]) => name ?? "");
  const inner = new Set(["samokoder.model.list", "samokoder.diagnostics"]);
  const used = new Set(Object.values(PALETTE).map(({ needs }) => needs));
  assert.ok(known.length > 30, "the schema names the commands");
  assert.deepEqual(known.filter((name) => !used.has(name) && !inner.has(name)), []);
});

test("no command has a name of the server, which the client library registers itself", () => {
  const taken = new Set(Object.values(PALETTE).map(({ needs }) => needs));
  assert.deepEqual(commands.filter(({ command }) => taken.has(command)), []);
});

test("the palette hides what the server lacks", () => {
  for (const [command, { needs }] of Object.entries(PALETTE)) {
    const item = menus["commandPalette"]?.find((one) => one.command === command);
    assert.ok(item?.when === "false" || item?.when?.startsWith(`!${lacks(needs)}`), command);
  }
});

test("every menu shows a command there is", () => {
  const known = new Set(commands.map(({ command }) => command));
  const shown = Object.values(menus).flat();
  assert.deepEqual(shown.filter(({ command }) => !known.has(command)), []);
});

test("every choice of a setting has words", () => {
  for (const [name, setting] of Object.entries(configuration.properties)) {
    assert.equal(setting.enumItemLabels?.length, setting.enum?.length, name);
  }
});

test("it runs where the workspace is, in trusted workspaces only", () => {
  assert.deepEqual(manifest.extensionKind, ["workspace"]);
  assert.equal(manifest.capabilities.untrustedWorkspaces.supported, false);
  assert.equal(manifest.capabilities.virtualWorkspaces.supported, false);
});

test("whatever state the server is in, the empty view says so", () => {
  const states = ["starting", "installing", "running", "stopped", "missing"];
  const said = viewsWelcome.map(({ when }) => when.replace("samokoder.state == ", ""));
  assert.deepEqual(said.sort(), states.sort());
});

test("the answers that are translated are those the server offers", () => {
  const files = ["answers.py", "commands/watched.py", "commands/scaffold.py"].map((name) => `../server/samokoder/server/${name}`);
  const more = ["runs/delivering.py", "generate/planning.py", "generate/drafting.py", "execute/grants.py"];
  const sources = [...files, ...more.map((name) => `../agents/samokoder/agents/${name}`)].map(read).join("\n");
  const table = /const words[^{]*\{(.*?)\};/s.exec(read("src/spoken.ts"))?.[1] ?? "";
  const answers = [...table.matchAll(/l10n\.t\("([^"]+)"\)/g)].map(([, text]) => text ?? "");
  assert.equal(answers.length, 14);
  assert.deepEqual(answers.filter((text) => !sources.includes(`"${text}"`)), []);
});

test("a workspace's own settings cannot choose what is run or applied; each is described", () => {
  for (const [name, { scope, markdownDescription }] of Object.entries(configuration.properties)) {
    assert.ok(scope === "machine" || name === "samokoder.trace.server", name);
    assert.match(markdownDescription ?? "", /^%.+%$/, name);
  }
});

test("the manifest's words exist in every language, and none is left over", () => {
  const used = [...new Set([...read("package.json").matchAll(/"%([^%"]+)%"/g)].map((match) => match[1]))].sort();
  assert.deepEqual(table("package.nls.json"), used);
  assert.deepEqual(table("package.nls.ru.json"), used);
});

test("commands in translated texts stand in all languages alike", () => {
  const [en, ru] = ["package.nls.json", "package.nls.ru.json"].map((file) => json(file) as Record<string, string>);
  assert.ok(en !== undefined && ru !== undefined);
  const links = (text = ""): string[] => [...text.matchAll(/\(command:([\w.]+)/g)].map(([, id]) => id ?? "");
  const known = new Set(commands.map(({ command }) => command));
  for (const [key, text] of Object.entries(en)) {
    assert.deepEqual(links(ru[key]), links(text), key);
    assert.ok(links(text).every((id) => known.has(id) || id.startsWith("workbench.")), key);
  }
});

test("every text of the code is translated, with the same places in it", () => {
  const files = readdirSync("src", { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
  const sources = files.map((name) => read(`src/${name}`)).join("\n");
  const texts = [...sources.matchAll(/l10n\.t\(\s*"((?:[^"\\]|\\.)*)"/g)].map(
    (match) => JSON.parse(`"${match[1] ?? ""}"`) as string,
  );
  assert.equal(texts.length, sources.match(/l10n\.t\(/g)?.length, "each call has a literal text");
  const russian = json("l10n/bundle.l10n.ru.json") as Record<string, string>;
  assert.deepEqual(Object.keys(russian).sort(), [...new Set(texts)].sort());
  const places = (text: string): string[] => [...text.matchAll(/\{\d\}/g)].map(([place]) => place).sort();
  for (const [text, translated] of Object.entries(russian)) {
    assert.deepEqual(places(translated), places(text), text);
  }
});

test("pictures are there", () => {
  const images = walkthroughs.flatMap(({ steps }) => steps.map(({ media }) => media.image));
  for (const image of [manifest.icon, ...images]) {
    assert.ok(read(image).length > 100, image);
  }
});
