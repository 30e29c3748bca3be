// The packed npm package in a folder of its own, through each bundler and through none, in a page under a strict
// content security policy: the engine must start in a worker and answer.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { copyFile, cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";
import * as vite from "vite";
import webpack from "webpack";
import { withPage } from "../support/chromium.mjs";
import { STRICT_CSP, withStaticServer } from "../support/static_server.mjs";

const REPO = fileURLToPath(new URL("../..", import.meta.url));

const PAGE = `<!doctype html>
<meta charset="utf-8" />
<link rel="icon" href="data:," />
<title>test</title>
<output></output>
<script type="module" src="./main.js"></script>
`;

const MAIN = `import { worker } from "sightline";
import "sightline/grid";

const client = await worker();
const table = await client.table({ symbol: ["AAA", "BBB", "AAA"], price: [1.5, 2.5, 3.5] });
const view = await table.view({ group_by: ["symbol"], columns: ["price"] });
const grid = document.createElement("sightline-table");
document.body.append(grid);
grid.style.height = "300px";
await grid.load(table, { group_by: ["symbol"], columns: ["price"] });
const drawn = [...grid.shadowRoot.querySelectorAll("tbody tr")].map((row) => row.innerText.replaceAll("\\t", " "));
document.querySelector("output").textContent = JSON.stringify([await view.to_columns(), drawn]);
`;

const ANSWER = [
  { __ROW_PATH__: [[], ["AAA"], ["BBB"]], price: [7.5, 5, 2.5] },
  ["Total 7.50", "AAA 5.00", "BBB 2.50"],
];

let folder;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "sightline-bundlers-"));
  const npm = (...words) => execFileSync("npm", [...words, "--silent"], { cwd: folder, stdio: ["ignore", "pipe", "inherit"] });
  const packed = npm("pack", join(REPO, "www")).toString().trim();
  await writeFile(join(folder, "package.json"), '{ "private": true, "type": "module" }');
  npm("install", "--no-audit", "--no-fund", join(folder, packed));
  await writeFile(join(folder, "index.html"), PAGE);
  await writeFile(join(folder, "main.js"), MAIN);
});

after(() => rm(folder, { recursive: true, force: true }));

const TYPED = `import { type Client, type OnUpdateData, type Table, type View, sharedWorker, websocket, worker } from "sightline";

export async function main(): Promise<number> {
    const client: Client = await worker();
    await sharedWorker("x");
    await websocket("ws://localhost/", { reconnect: false });
    const table: Table = await client.table({ symbol: "string", price: "float" }, { index: "symbol" });
    const view: View = await table.view({ group_by: ["symbol"], aggregates: { price: "avg" }, filter: [["price", ">", 1]] });
    await view.on_update(({ delta, port_id }: OnUpdateData) => console.log(delta?.byteLength, port_id), { mode: "row" });
    await view.with_typed_arrays({ float32: true }, (names, values) => console.log(names[0], values[0]?.length));
    // @ts-expect-error There is no such option.
    await client.table({ a: [1] }, { indx: "a" });
    return (await view.to_columns())["price"]?.length ?? 0;
}
`;

const TYPED_NODE = `import { WebSocketServer, table } from "sightline";

export async function main(): Promise<number | undefined> {
    const prices = await table([{ a: 1 }], { name: "prices" });
    const server = new WebSocketServer({ port: 0, assets: [] });
    await server.listening();
    await server.close();
    return await prices.size();
}
`;

/** Opens what was built in a browser and compares what the page computed. */
async function assertAnswers(built, pages = {}) {
  const headers = { "content-security-policy": `${STRICT_CSP}; img-src data:` };
  await withStaticServer(
    built,
    (address) =>
      withPage(async (page) => {
        await page.goto(address);
        await page.waitForFunction(() => document.querySelector("output").textContent !== "");
        assert.deepEqual(JSON.parse(await page.textContent("output")), ANSWER);
      }),
    { headers, pages },
  );
}

test("a bare module script runs the package as it was packed", async () => {
  const built = join(folder, "bare");
  await mkdir(built);
  await cp(join(folder, "node_modules/sightline/dist"), join(built, "sightline"), { recursive: true });
  await writeFile(join(built, "main.js"), MAIN.replace('"sightline"', '"./sightline/index.js"').replace('"sightline/grid"', '"./sightline/grid.js"'));
  await assertAnswers(built, { "/": PAGE });
});

test("its types stand in a strict program, for browsers and for Node, without the libraries of others", async () => {
  const sources = join(folder, "typed");
  await mkdir(sources);
  await writeFile(join(sources, "page.ts"), TYPED);
  await writeFile(join(sources, "node.ts"), TYPED_NODE);
  const compile = (file, ...words) =>
    execFileSync(
      join(REPO, "www/node_modules/.bin/tsc"),
      ["--noEmit", "--strict", "--target", "es2022", "--typeRoots", join(REPO, "www/node_modules/@types"), ...words, file],
      { cwd: sources, encoding: "utf8" },
    );
  compile("page.ts", "--module", "esnext", "--moduleResolution", "bundler", "--lib", "es2022,dom,dom.iterable", "--types", "");
  compile("node.ts", "--module", "nodenext", "--moduleResolution", "nodenext", "--lib", "es2022", "--types", "node");
});

test("esbuild bundles it; the worker and the wasm file are copied beside", async () => {
  const built = join(folder, "esbuild");
  await esbuild.build({
    entryPoints: [join(folder, "main.js")],
    bundle: true,
    format: "esm",
    outdir: built,
    logLevel: "error",
  });
  for (const file of ["sightline.worker.js", "sightline_engine_bg.wasm"]) {
    await copyFile(join(folder, "node_modules/sightline/dist", file), join(built, file));
  }
  await assertAnswers(built, { "/": PAGE });
});

test("vite finds the worker and the wasm file by itself", async () => {
  const built = join(folder, "vite");
  await vite.build({
    root: folder,
    logLevel: "error",
    build: { outDir: built, target: "es2022", modulePreload: false },
    worker: { format: "es" },
  });

  await assertAnswers(built, { "/": await readFile(join(built, "index.html"), "utf8") });
});

test("webpack finds the worker and the wasm file by itself", async () => {
  const built = join(folder, "webpack");
  const compiler = webpack({
    mode: "production",
    context: folder,
    entry: "./main.js",
    output: { path: built, filename: "main.js", publicPath: "auto" },
    performance: { hints: false },
  });
  const stats = await new Promise((resolve, reject) => {
    compiler.run((error, result) => (error ? reject(error) : resolve(result)));
  });
  await new Promise((resolve) => compiler.close(resolve));
  assert.equal(stats.hasErrors(), false, stats.toString("errors-only"));
  await assertAnswers(built, { "/": PAGE });
});
