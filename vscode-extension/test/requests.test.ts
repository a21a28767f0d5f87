import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { request } from "../src/requests";
import { serving } from "./server";
import { clear, screen } from "./vscode";

beforeEach(clear);

test("progress is shown as it comes, percentages as steps", async () => {
  const { server, listening } = serving({
    "samokoder.check": (report) => {
      report({ kind: "begin", percentage: 0 });
      report({ kind: "report", message: "half", percentage: 50 });
      report({ kind: "report", message: "no number" });
      report({ kind: "report", percentage: 80 });
      report({ kind: "end", message: "over" });
      return { ok: true };
    },
  });
  assert.deepEqual(await request(server, "Check", "samokoder.check"), { ok: true });
  assert.deepEqual(screen.progress, [
    { increment: 0 },
    { increment: 50, message: "half" },
    { increment: 0, message: "no number" },
    { increment: 30 },
  ]);
  assert.equal(listening.size, 0, "nobody listens any more");
});

test("the Cancel button cancels by the same token, and nothing is complained about", async () => {
  const fake = serving({
    "samokoder.fix": () => {
      screen.cancel();
      throw Object.assign(new Error("cancelled"), { code: -32800 });
    },
  });
  assert.equal(await request(fake.server, "Fix", "samokoder.fix", { all: true }), undefined);
  assert.equal(fake.cancelled.length, 1);
  assert.deepEqual(fake.cancelled, fake.tokens);
  assert.deepEqual(fake.asked, [["samokoder.fix", { all: true }]]);
  assert.deepEqual(screen.toasts, []);
  assert.equal(fake.listening.size, 0);
});

test("a failure is shown once, with what to do next", async () => {
  const fake = serving({
    "samokoder.fix": () => {
      const data = { hint: "Run `samokoder model pull`." };
      throw Object.assign(new Error("No model is available.\n  trace"), { data });
    },
  });
  assert.equal(await request(fake.server, "Fix", "samokoder.fix"), undefined);
  assert.deepEqual(screen.toasts, [
    { kind: "error", text: "No model is available. Run `samokoder model pull`.", buttons: [] },
  ]);
});

test("every request has a token of its own", async () => {
  const fake = serving({ "samokoder.check": () => null });
  await request(fake.server, "a", "samokoder.check");
  await request(fake.server, "b", "samokoder.check");
  assert.equal(new Set(fake.tokens).size, 2);
});
