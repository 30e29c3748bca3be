// The engine answers in Node byte for byte as it does under wasmtime.
//
// `host.py` holds a dialogue with the engine of the Python package; its requests are sent to the npm package's here.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { SightlineServer } from "../../www/dist/node.js";

const root = new URL("../../", import.meta.url);
const venv = fileURLToPath(new URL(".venv/bin/python", root));
const python = existsSync(venv) ? venv : "python3";

const dialogue = JSON.parse(
  execFileSync(python, [fileURLToPath(new URL("host.py", import.meta.url))], { encoding: "utf8", maxBuffer: 1 << 29 }),
);

const hex = (bytes) => Buffer.from(bytes).toString("hex");

test("Node and wasmtime give the same bytes for the same messages", async () => {
  assert.ok(dialogue.length > 100, `a dialogue of ${dialogue.length} requests`);
  const server = new SightlineServer();
  const heard = [];
  // Without a dialect of its own a session is known by what it sends, as one of the Python package's `new_session`.
  const sessions = [0, 1].map((number) =>
    server.make_session((bytes) => void heard.push([number, hex(bytes)]), { dialect: undefined }),
  );
  let n_bytes = 0;
  for (const [at, { session, request, responses }] of dialogue.entries()) {
    heard.length = 0;
    await sessions[session].handle_request(Buffer.from(request, "hex"));
    assert.deepEqual(heard, responses, `request ${at}: ${request.slice(0, 60)}`);
    n_bytes += responses.reduce((sum, [, bytes]) => sum + bytes.length / 2, 0);
  }
  assert.ok(n_bytes > 300_000, `${n_bytes} bytes were compared`);
  server.delete();
});
