// The engine in workers of a page: how it is started, shared and ended, and what is said when it cannot start.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { withPage } from "../support/chromium.mjs";
import { STRICT_CSP, withStaticServer } from "../support/static_server.mjs";

const DIST = fileURLToPath(new URL("../../www/dist", import.meta.url));
const EMPTY = '<!doctype html><meta charset="utf-8" /><title>test</title>';

/** Runs `use(page, address)` on an empty page that lies beside the package. */
function withPackage(use, headers = {}, options = {}) {
  return withStaticServer(
    DIST,
    (address) =>
      withPage(async (page) => {
        await page.goto(`${address}page.html`);
        return await use(page, address);
      }, options),
    { headers, pages: { "/page.html": EMPTY, "/engine.html": EMPTY } },
  );
}

/** In the page: starts an engine and says what came of it. */
const start = (page) =>
  page.evaluate(async () => {
    const { worker } = await import("./index.js");
    return await worker().then(
      async (client) => JSON.stringify(await client.get_hosted_table_names()),
      (error) => error.message,
    );
  });

test("a worker computes, tells of updates and ends", () =>
  withPackage(async (page) => {
    const result = await page.evaluate(async () => {
      const { worker } = await import("./index.js");
      const client = await worker();
      const table = await client.table({ id: [1, 2], price: [1.5, 2.5] }, { index: "id" });
      const view = await table.view();
      const told = new Promise((resolve) => view.on_update(resolve, { mode: "row" }));
      await table.update([{ id: 2, price: 9.5 }]);
      const { delta, port_id } = await told;
      const changed = await (await client.table(delta)).view();
      const rows = await changed.to_json();
      client.terminate();
      const late = await table.size().catch((error) => error.message);
      return { rows, port_id, late };
    });
    assert.deepEqual(result.rows, [{ id: 2, price: 9.5 }]);
    assert.equal(result.port_id, 0);
    assert.match(result.late, /^Transport error: /);
  }));

test("updates of one turn make one notification", () =>
  withPackage(async (page) => {
    const counts = await page.evaluate(async () => {
      const { worker } = await import("./index.js");
      const client = await worker();
      const table = await client.table({ id: "integer" }, { index: "id" });
      const view = await table.view();
      let notifications = 0;
      const all = new Promise((resolve) => {
        view.on_update(async () => {
          notifications += 1;
          if ((await view.num_rows()) === 50) resolve();
        });
      });
      await Promise.all(Array.from({ length: 50 }, (_, id) => table.update([{ id }])));
      await all;
      return { notifications, rows: await view.num_rows() };
    });
    assert.equal(counts.rows, 50);
    assert.ok(counts.notifications < 50, `${counts.notifications} notifications`);
  }));

test("pages share the tables of a shared worker, each in a session of its own", () =>
  withPackage(async (page, address) => {
    const makes = async () => {
      const { sharedWorker } = await import("./index.js");
      const client = await sharedWorker("tests");
      await client.table({ a: [1, 2, 3] }, { name: "shared" });
    };
    const reads = async () => {
      const { sharedWorker } = await import("./index.js");
      const client = await sharedWorker("tests");
      const view = await (await client.open_table("shared")).view();
      return await view.to_columns();
    };
    await page.evaluate(makes);
    const other = await page.context().newPage();
    await other.goto(`${address}page.html`);
    assert.deepEqual(await other.evaluate(reads), { a: [1, 2, 3] });
    assert.deepEqual(await page.evaluate(reads), { a: [1, 2, 3] });
  }));

test("the client of a page reaches an engine through a message port", () =>
  withPackage(async (page) => {
    const sizes = await page.evaluate(async () => {
      const { engineSharedWorker, worker } = await import("./index.js");
      const { port } = await engineSharedWorker("by-port");
      const client = await worker(Promise.resolve(port));
      return await (await client.table({ a: [1] })).size();
    });
    assert.equal(sizes, 1);
  }));

test("a policy that allows wasm is enough", () =>
  withPackage(
    async (page) => {
      await page.addScriptTag({ type: "module", url: "./index.js" });
      assert.equal(await start(page), "[]");
    },
    { "content-security-policy": STRICT_CSP },
  ));

test("a policy that forbids wasm is named", () =>
  withPackage(
    async (page) => {
      assert.match(await start(page), /^cannot load the engine: .*content security policy.*'wasm-unsafe-eval'/);
    },
    { "content-security-policy": STRICT_CSP.replace("'wasm-unsafe-eval'", "") },
    { allowConsoleErrors: true },
  ));

/** What `worker()` says when the wasm file is answered as given. */
const withWasm = (answer) =>
  withPackage(
    async (page) => {
      await page.route("**/*.wasm", (route) => route.fulfill(answer));
      return await start(page);
    },
    {},
    { allowConsoleErrors: true },
  );

test("a wasm file that is missing, of another kind or broken is named", async () => {
  assert.match(await withWasm({ status: 404, body: "no" }), /^cannot load the engine: .*_bg\.wasm answered 404/);
  const html = { status: 200, contentType: "text/html", body: "<!doctype html>" };
  assert.match(await withWasm(html), /^cannot load the engine: .*_bg\.wasm is not a wasm file but text\/html/);
  const broken = { status: 200, contentType: "application/wasm", body: Buffer.from("\0asm\x01\0\0\0broken") };
  assert.match(await withWasm(broken), /^cannot load the engine: /);
});

test("a wasm file that is sent as another type is compiled all the same", () =>
  withPackage(async (page) => {
    const body = await readFile(`${DIST}/sightline_engine_bg.wasm`);
    await page.route("**/*.wasm", (route) => route.fulfill({ status: 200, contentType: "text/plain", body }));
    assert.equal(await start(page), "[]");
  }));

test("a browser without SIMD is told so", () =>
  withPackage(
    async (page) => {
      const script = await readFile(`${DIST}/sightline.worker.js`, "utf8");
      const without = `WebAssembly.validate = () => false;
        WebAssembly.compileStreaming = async () => { throw new WebAssembly.CompileError("invalid opcode"); };\n`;
      await page.route("**/sightline.worker.js", (route) =>
        route.fulfill({ status: 200, contentType: "text/javascript", body: without + script }),
      );
      assert.match(await start(page), /WebAssembly has no SIMD/);
    },
    {},
    { allowConsoleErrors: true },
  ));

test("a worker script that is missing is named", () =>
  withPackage(
    async (page) => {
      await page.route("**/sightline.worker.js", (route) => route.fulfill({ status: 404, body: "no" }));
      assert.match(await start(page), /^the engine's worker did not start: its script could not be loaded/);
    },
    {},
    { allowConsoleErrors: true },
  ));

test("messages that are no requests are answered with errors, and the engine goes on", () =>
  withPackage(
    async (page) => {
      const result = await page.evaluate(async () => {
        const { engineWorker, worker } = await import("./index.js");
        const raw = await engineWorker();
        const next = () => new Promise((resolve) => raw.addEventListener("message", resolve, { once: true }));
        raw.postMessage({ cmd: "init", args: [] });
        await next();
        const answers = [];
        for (const bytes of [[], [255, 255, 255], [8, 5], [8, 7, 0xda, 1, 0]]) {
          const answer = next();
          raw.postMessage(Uint8Array.from(bytes).buffer);
          answers.push(new Uint8Array((await answer).data).length);
        }
        raw.postMessage("neither a request nor a start");
        const client = await worker(Promise.resolve(raw));
        return { answers, size: await (await client.table({ a: [1] })).size() };
      });
      assert.ok(result.answers.every((length) => length > 0));
      assert.equal(result.size, 1);
    },
    {},
    { allowConsoleErrors: true },
  ));
