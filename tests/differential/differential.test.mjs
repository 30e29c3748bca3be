// The npm package beside the published reference client, scenario by scenario: what differs must be listed.

import assert from "node:assert/strict";
import { test } from "node:test";
import { runAll } from "./child.mjs";
import { differences } from "./differences.mjs";
import { LISTED } from "./listed.mjs";
import { scenarios } from "./scenarios.mjs";

test("scenarios answer as the reference does, or differ as listed", async () => {
  const names = Object.keys(scenarios);
  const [ours, reference] = await Promise.all([runAll("ours", names), runAll("reference", names)]);
  const used = new Set();
  const unlisted = [];
  for (const name of names) {
    for (const { label, ours: own, reference: other } of differences(ours.get(name), reference.get(name))) {
      const entry = LISTED.find(([pattern]) => pattern.test(`${name} / ${label}`));
      if (entry === undefined) unlisted.push(`${name} / ${label}\n  ours      ${own}\n  reference ${other}`);
      used.add(entry);
    }
  }
  assert.equal(unlisted.length, 0, `${unlisted.length} unlisted differences:\n${unlisted.slice(0, 20).join("\n")}`);
  const idle = LISTED.filter((entry) => !used.has(entry)).map(([pattern]) => String(pattern));
  assert.deepEqual(idle, [], "listed, but nothing differs so any more");
});
