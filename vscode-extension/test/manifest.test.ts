/** The manifest, the code and the translations agree. Run from the extension's folder. */

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";

import { COMMANDS } from "../src/commands";

interface Manifest {
  readonly contributes: {
    readonly commands: readonly { readonly command: string }[];
    readonly configuration: { readonly properties: Readonly<Record<string, { readonly scope: string }>> };
  };
}

const read = (file: string): string => readFileSync(file, "utf8");
const table = (file: string): string[] => Object.keys(JSON.parse(read(file)) as object).sort();
const manifest = JSON.parse(read("package.json")) as Manifest;

test("every command of the palette is there, and no other", () => {
  const contributed = manifest.contributes.commands.map(({ command }) => command).sort();
  const registered = [...Object.keys(COMMANDS), "samokoder.restart", "samokoder.showOutput"].sort();
  assert.deepEqual(contributed, registered);
});

test("a workspace's own settings cannot choose what is run or applied", () => {
  for (const [name, { scope }] of Object.entries(manifest.contributes.configuration.properties)) {
    assert.ok(scope === "machine" || name === "samokoder.trace.server", name);
  }
});

test("the manifest's words exist in every language, and none is left over", () => {
  const used = [...new Set([...read("package.json").matchAll(/"%([^%"]+)%"/g)].map((match) => match[1]))].sort();
  assert.deepEqual(table("package.nls.json"), used);
  assert.deepEqual(table("package.nls.ru.json"), used);
});

test("every text of the code is translated", () => {
  const sources = readdirSync("src").map((name) => read(`src/${name}`));
  const texts = sources.flatMap((text) => [...text.matchAll(/l10n\.t\(\s*"([^"]+)"/g)].map((match) => match[1]));
  const calls = sources.join("\n").match(/l10n\.t\(/g)?.length;
  assert.equal(texts.length, calls, "each call has a literal text");
  assert.deepEqual(table("l10n/bundle.l10n.ru.json"), [...new Set(texts)].sort());
});
