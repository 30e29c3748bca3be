// Where two runs of a scenario differ, step by step.

import { agrees, saysTheSame } from "./values.mjs";

export function differences(ours, reference) {
  if (ours?.steps === undefined || reference?.steps === undefined) {
    if (ours?.died === undefined && reference?.died === undefined) throw new Error("a scenario was not run");
    return [{ label: "scenario", ours: shown(ours), reference: shown(reference) }];
  }
  const found = [];
  const labels = new Set([...ours.steps, ...reference.steps].map(({ label }) => label));
  for (const label of labels) {
    const [own, other] = [ours, reference].map(({ steps }) => steps.filter((step) => step.label === label));
    if (!same(own, other)) {
      found.push({ label, ours: own.map(shown).join("; "), reference: other.map(shown).join("; ") });
    }
  }
  return found;
}

function same(own, other) {
  return (
    own.length === other.length &&
    own.every((step, k) =>
      step.error !== undefined && other[k].error !== undefined
        ? saysTheSame(step.error, other[k].error)
        : agrees(step, other[k]),
    )
  );
}

function shown({ value, error, died, said, steps }) {
  if (steps !== undefined) return "runs through";
  if (died !== undefined) return `${died}: ${said.slice(-300)}`;
  return error === undefined ? JSON.stringify(value) : `error: ${error}`;
}
