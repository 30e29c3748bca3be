// The child process: runs scenarios on one of the two packages and prints what each step answered, a JSON line each.
//
//     node runner.mjs ours|reference [SCENARIO...]
//
// Before a scenario its name is printed, so that the parent knows which one ended the process or never returned.

import { pathToFileURL } from "node:url";
import { scenarios } from "./scenarios.mjs";
import { plain } from "./values.mjs";

const PACKAGES = {
  ours: new URL("../../www/dist/node.js", import.meta.url).href,
  reference: "@perspective-dev/client",
};

const [which, ...wanted] = process.argv.slice(2);
const exports = await import(PACKAGES[which] ?? pathToFileURL(which).href);
const perspective = exports.default;

const print = (line) => new Promise((done) => process.stdout.write(`\n@@${JSON.stringify(line)}\n`, done));

/** A client on a server of its own, for scenarios that look at what a server holds. */
async function freshClient() {
  const server = new exports.PerspectiveServer();
  const connect = async () => {
    let session;
    const client = exports.make_client(async (bytes) => {
      // The reference hands out a view into its memory.
      await session.handle_request(bytes.slice());
    });
    session = await server.make_session(async (bytes) => {
      await client.handle_response(bytes.slice());
    });
    return client;
  };
  return { client: await connect(), connect, server };
}

for (const name of wanted.length > 0 ? wanted : Object.keys(scenarios)) {
  await print({ begins: name });
  const steps = [];
  /** Notes what a step answers: its value, or the text of its error. Gives the value back. */
  const step = async (label, act) => {
    try {
      const value = await (typeof act === "function" ? act() : act);
      steps.push({ label, value: plain(value) });
      return value;
    } catch (error) {
      steps.push({ label, error: error instanceof Error ? error.message : `not an Error: ${String(error)}` });
      return undefined;
    }
  };
  await step("scenario", async () => {
    await scenarios[name]({ perspective, exports, step, freshClient });
  });
  await print({ ends: name, steps });
}
process.exit(0);
