// Prints where the two packages differ and that is not listed; with words, only of scenarios whose names hold one:
//
//     node tests/differential/compare.mjs [WORD...]

import { runAll } from "./child.mjs";
import { differences } from "./differences.mjs";
import { LISTED } from "./listed.mjs";
import { scenarios } from "./scenarios.mjs";

const words = process.argv.slice(2);
const names = Object.keys(scenarios).filter((name) => words.length === 0 || words.some((word) => name.includes(word)));
const [ours, reference] = await Promise.all([runAll("ours", names), runAll("reference", names)]);
let steps = 0;
let differing = 0;
let listed = 0;
for (const name of names) {
  steps += reference.get(name)?.steps?.length ?? 1;
  for (const { label, ours: own, reference: other } of differences(ours.get(name), reference.get(name))) {
    if (LISTED.some(([pattern]) => pattern.test(`${name} / ${label}`))) {
      listed += 1;
      continue;
    }
    differing += 1;
    console.log(`${name} / ${label}\n  ours      ${own}\n  reference ${other}`);
  }
}
console.log(`${names.length} scenarios, ${steps} steps, ${differing} differ, ${listed} more as listed`);
