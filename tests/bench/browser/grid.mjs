// What the grid costs in a browser: the first paint of a table, and frame times while 5,000 rows a second arrive.
//
//     node tests/bench/browser/grid.mjs [--rows 1000000] [--seconds 5]
//
// The engine runs in a worker of the page; the page itself sends the updates, 100 rows 50 times a second, each to
// random rows of the whole table. Writes a Markdown table to standard output.

import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { withPage } from "../../support/chromium.mjs";
import { python } from "../../support/demo_server.mjs";
import { withStaticServer } from "../../support/static_server.mjs";

const REPO = fileURLToPath(new URL("../../..", import.meta.url));
const PAGE = `<!doctype html><html lang="en"><head><title>bench</title><link rel="icon" href="data:," />
<script type="module" src="/www/dist/grid.js"></script></head>
<body style="margin: 0"><sightline-table style="height: 800px"></sightline-table></body></html>`;

const { values: options } = parseArgs({
  options: { rows: { type: "string", default: "1000000" }, seconds: { type: "string", default: "5" } },
});
const rows = Number(options.rows);
const seconds = Number(options.seconds);

const VIEWS = {
  "flat, in key order": { sort: [], group_by: [], columns: undefined },
  "flat, sorted by price": { sort: [["price", "desc"]], group_by: [], columns: undefined },
  "500 groups x 20, sum and avg": {
    sort: [],
    group_by: ["symbol", "venue"],
    columns: ["price", "qty"],
    aggregates: { price: "avg", qty: "sum" },
  },
  "20 groups split by 2": {
    sort: [],
    group_by: ["venue"],
    split_by: ["side"],
    columns: ["price", "qty"],
    aggregates: { price: "avg", qty: "sum" },
  },
  "bar chart of 20 groups": {
    sort: [],
    group_by: ["venue"],
    split_by: [],
    columns: ["qty"],
    aggregates: { qty: "sum" },
    show_as: "bar",
  },
};

/** Runs in the page: loads the table, and says how long each step took. */
async function firstPaint() {
  const painted = () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
  const grid = document.querySelector("sightline-table");
  const { worker } = await import("/www/dist/index.js");
  const began = performance.now();
  const bytes = await (await fetch("/data/trades.arrow")).arrayBuffer();
  const client = await worker();
  const ready = performance.now();
  window.table = await client.table(bytes, { index: "id" });
  const loaded = performance.now();
  await grid.load(window.table);
  await painted();
  const shown = performance.now();
  const cells = grid.shadowRoot.querySelectorAll("tbody td").length;
  return { start: ready - began, load: loaded - ready, paint: shown - loaded, cells, megabytes: bytes.byteLength / 1e6 };
}

/** Runs in the page: shows a view, sends updates, and gives the times between frames. */
async function frames({ config, rows, seconds }) {
  const grid = document.querySelector("sightline-table");
  const began = performance.now();
  await grid.restore({ split_by: [], aggregates: {}, show_as: "table", ...config, filter: [] });
  await grid.redraw();
  const paint = performance.now() - began;
  let sent = 0;
  let seed = 1;
  const random = (below) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
  // Updates that the engine has not answered yet.
  const waiting = new Set();
  const timer = setInterval(() => {
    const batch = Array.from({ length: 100 }, () => ({ id: random(rows), price: random(4000) / 4, qty: random(1000) }));
    sent += batch.length;
    const update = window.table.update(batch).finally(() => waiting.delete(update));
    waiting.add(update);
  }, 20);
  const gaps = [];
  const end = performance.now() + 1000 + seconds * 1000;
  let before = await new Promise(requestAnimationFrame);
  const warm = before + 1000;
  const sentAtWarm = { rows: 0, at: 0 };
  while (before < end) {
    const now = await new Promise(requestAnimationFrame);
    if (now > warm) {
      if (sentAtWarm.at === 0) {
        Object.assign(sentAtWarm, { rows: sent, at: now });
      }
      gaps.push(now - before);
    }
    before = now;
  }
  clearInterval(timer);
  const backlog = waiting.size;
  // The next view begins with an engine that has nothing left to do. An update that failed is told here.
  await Promise.all(waiting);
  return { paint, gaps, backlog, rate: (sent - sentAtWarm.rows) / ((before - sentAtWarm.at) / 1000) };
}

const folder = await mkdtemp(join(tmpdir(), "sightline-bench-"));
try {
  execFileSync(
    python(),
    [
      "-c",
      `import sys; sys.path.insert(0, "."); from pathlib import Path; from tests.bench.data import trades, ipc
Path(sys.argv[1]).write_bytes(ipc(trades(int(sys.argv[2]))))`,
      join(folder, "trades.arrow"),
      String(rows),
    ],
    { cwd: REPO, stdio: "inherit" },
  );
  execFileSync("ln", ["-s", join(REPO, "www"), join(folder, "www")]);
  execFileSync("ln", ["-s", folder, join(folder, "data")]);
  await withStaticServer(
    folder,
    (address) =>
      withPage(async (page) => {
        await page.goto(`${address}bench.html`);
        await page.evaluate(() => customElements.whenDefined("sightline-table"));
        const first = await page.evaluate(firstPaint);
        const ms = (value) => value.toFixed(value < 10 ? 1 : 0);
        console.log(`# The grid in ${await page.evaluate(() => navigator.userAgent.match(/Chrom\w*\/\d+/)[0])}\n`);
        console.log(`${rows.toLocaleString("en")} rows, ${first.megabytes.toFixed(0)} MB of Arrow, ${cpus().length} cores.\n`);
        console.log("| step | ms |\n|---|---|");
        console.log(`| fetch, start of the worker and the engine | ${ms(first.start)} |`);
        console.log(`| load into a table with an index | ${ms(first.load)} |`);
        console.log(`| \`grid.load\` to the first paint of ${first.cells} cells | ${ms(first.paint)} |\n`);
        console.log("| view, 5,000 changed rows a second | shown in, ms | frames a second | p50 | p95 | p99 | worst | rows a second | updates waiting at the end |");
        console.log("|---|---|---|---|---|---|---|---|---|");
        for (const [name, config] of Object.entries(VIEWS)) {
          const { paint, gaps, rate, backlog } = await page.evaluate(frames, { config, rows, seconds });
          const sorted = gaps.toSorted((one, other) => one - other);
          const at = (share) => ms(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]);
          const total = gaps.reduce((one, other) => one + other, 0);
          const fps = (gaps.length / total) * 1000;
          console.log(
            `| ${name} | ${ms(paint)} | ${fps.toFixed(1)} | ${at(0.5)} | ${at(0.95)} | ${at(0.99)} | ${ms(sorted.at(-1))} | ${Math.round(rate)} | ${backlog} |`,
          );
        }
      }, { viewport: { width: 1280, height: 820 } }),
    { pages: { "/bench.html": PAGE } },
  );
} finally {
  await rm(folder, { recursive: true, force: true });
}
