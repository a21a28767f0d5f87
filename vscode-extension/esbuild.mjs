// node esbuild.mjs [--production | --tests] [--out=FOLDER]: the bundle; tests get a stand-in for `vscode`.
import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { build } from "esbuild";

const production = process.argv.includes("--production");
const tests = process.argv.includes("--tests");
const given = process.argv.find((word) => word.startsWith("--out="))?.slice("--out=".length);
const outdir = given ?? (tests ? "out/test" : "out");
const common = { bundle: true, platform: "node", target: "node20", format: "cjs", logLevel: "warning", outdir };

rmSync(outdir, { recursive: true, force: true });
if (tests) {
  await build({
    ...common,
    entryPoints: readdirSync("test").filter((name) => name.endsWith(".test.ts")).map((name) => `test/${name}`),
    alias: { vscode: "./test/vscode.ts" },
    sourcemap: "inline",
  });
} else {
  const { metafile } = await build({
    ...common,
    metafile: true,
    // The language client is most of the code; it is loaded when the server starts, not at activation.
    entryPoints: ["src/extension.ts", "src/samokoderClient.ts"],
    external: ["vscode", "./samokoderClient"],
    supported: { "dynamic-import": false },
    minify: production,
    sourcemap: !production,
  });
  // Names what is inside, for the licences in the package.
  writeFileSync(`${outdir}/bundle.json`, JSON.stringify(metafile));
}
