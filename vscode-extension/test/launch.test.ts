import assert from "node:assert/strict";
import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { test } from "node:test";

import { Launch } from "../src/launch";

const unix = { skip: process.platform === "win32" && "a shell script stands in for the program" };

test("the first child is already there, the next is a new one, and none is left", unix, async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "samokoder-launch-"));
  try {
    const program = path.join(folder, "program");
    // It says where it runs and ends with its input.
    writeFileSync(program, '#!/bin/sh\necho "$1 $WISH $(pwd)"\ncat >/dev/null\n');
    chmodSync(program, 0o755);
    const launch = new Launch(program, { WISH: "heard" }, folder);
    const first = await launch.child();
    const second = await launch.child();
    assert.notEqual(first.pid, second.pid);
    const [said] = (await once(first.stdout ?? first, "data")) as [Buffer];
    assert.equal(said.toString(), `lsp heard ${folder}\n`);
    const gone = [first, second].map((child) => once(child, "exit"));
    launch.end();
    await Promise.all(gone);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("a program that cannot be started is a failure of who asks for it", async () => {
  const launch = new Launch("/nowhere/samokoder", {}, "/nowhere");
  await assert.rejects(launch.child(), /ENOENT/);
  await assert.rejects(launch.child(), /ENOENT/);
  launch.end();
});
