// Runs scenarios in a child process that may crash or hang, and goes on after the one that did.

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const RUNNER = fileURLToPath(new URL("runner.mjs", import.meta.url));
const LIMIT = 20_000;

/** What each scenario came to on a package: its steps, or how it ended the process. */
export async function runAll(which, names) {
  const outcomes = new Map();
  let rest = names;
  while (rest.length > 0) {
    rest = await runUntilEnd(which, rest, outcomes);
  }
  // What one scenario left behind can end the process in the next: those that died are asked again, each alone.
  for (const [name, { died }] of [...outcomes]) {
    if (died !== undefined) await runUntilEnd(which, [name], outcomes);
  }
  return outcomes;
}

async function runUntilEnd(which, names, outcomes) {
  const child = spawn(process.execPath, [RUNNER, which, ...names], { stdio: ["ignore", "pipe", "pipe"] });
  const ended = new Promise((resolve) => child.once("exit", (code, signal) => resolve(signal ?? code)));
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    said = (said + text).slice(-2000);
  });
  let current;
  let hung = false;
  const kill = () => {
    hung = true;
    child.kill("SIGKILL");
  };
  let timer = setTimeout(kill, LIMIT);
  for await (const line of createInterface({ input: child.stdout })) {
    if (!line.startsWith("@@")) continue;
    const { begins, ends, steps } = JSON.parse(line.slice(2));
    clearTimeout(timer);
    timer = setTimeout(kill, LIMIT);
    current = begins;
    if (ends !== undefined) outcomes.set(ends, { steps });
  }
  clearTimeout(timer);
  const end = await ended;
  if (current !== undefined) {
    outcomes.set(current, { died: hung ? "never ended" : `ended the process (${end})`, said });
  }
  const rest = names.filter((name) => !outcomes.has(name));
  if (rest.length === names.length) {
    throw new Error(`${which} does not start (${end}): ${said}`);
  }
  return rest;
}
