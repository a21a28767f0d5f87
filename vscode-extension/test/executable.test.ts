import assert from "node:assert/strict";
import { test } from "node:test";

import { candidates, find, type Surroundings } from "../src/executable";

function unix(PATH: string, ...files: string[]): Surroundings {
  return {
    platform: "linux",
    env: { PATH },
    home: "/users/me",
    runs: (file) => Promise.resolve(files.includes(file)),
  };
}

test("the first folder of the PATH that has it wins", async () => {
  const around = unix("/a:/b:/c", "/b/samokoder", "/c/samokoder");
  assert.equal(await find("", around), "/b/samokoder");
});

test("a program started from a desktop has a short PATH: user installs are found", async () => {
  assert.equal(await find("", unix("", "/users/me/.local/bin/samokoder")), "/users/me/.local/bin/samokoder");
});

test("a relative folder on the PATH is never looked into", async () => {
  assert.equal(await find("", unix(".:bin", "samokoder", "bin/samokoder")), undefined);
});

test("the setting: a path, a home path, a name", async () => {
  assert.equal(await find("/x/s", unix("/a", "/x/s", "/a/samokoder")), "/x/s");
  assert.equal(await find(" ~/v/s ", unix("", "/users/me/v/s")), "/users/me/v/s");
  assert.equal(await find("other", unix("/a", "/a/other")), "/a/other");
});

test("a setting that does not hold is not replaced by something else", async () => {
  assert.equal(await find("/x/missing", unix("/a", "/a/samokoder")), undefined);
  assert.deepEqual(candidates("./samokoder", unix("/a")), []);
});

test("Windows: its own separators, its own ending", () => {
  const around: Surroundings = {
    platform: "win32",
    env: { Path: "C:\\a;C:\\b" },
    home: "C:\\me",
    runs: () => Promise.resolve(true),
  };
  assert.deepEqual(candidates("", around).slice(0, 2), ["C:\\a\\samokoder.exe", "C:\\b\\samokoder.exe"]);
  assert.deepEqual(candidates("C:\\x\\s.cmd", around), ["C:\\x\\s.cmd"]);
});
