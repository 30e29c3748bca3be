// The pages of the demo, as a reader meets them: live tables of the server, and files in the page's own engine.

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { execFileSync } from "node:child_process";
import { after, before, test } from "node:test";
import { withPage } from "../support/chromium.mjs";
import { python, withDemoServer } from "../support/demo_server.mjs";
import { Grid, until } from "../support/grid_page.mjs";

let address;
let end;
let server;

before(async () => {
  await new Promise((ready) => {
    server = withDemoServer((given) => {
      address = given;
      ready();
      return new Promise((resolve) => {
        end = resolve;
      });
    });
  });
});

after(async () => {
  end();
  await server;
});

const open = (name, use, { prepare, ...options } = {}) =>
  withPage(async (page) => {
    await prepare?.(page);
    await page.addInitScript(() => {
      // One language on every machine.
      document.addEventListener("DOMContentLoaded", () =>
        document.querySelector("sightline-table")?.setAttribute("locale", "en-US"),
      );
    });
    await page.goto(`${address}demo/${name}`);
    return await use(page, new Grid(page));
  }, options);

test("the start page leads to the others, with a line on each", () =>
  open("index.html", async (page) => {
    for (const name of ["market.html", "file.html", "viewer.html"]) {
      const card = page.locator(`.cards a[href="${name}"]`);
      assert.ok(await card.isVisible());
      assert.ok((await card.innerText()).length > 40, `${name} is explained`);
    }
    await page.locator('.cards a[href="file.html"]').click();
    await page.getByRole("heading", { name: "Your file" }).waitFor();
  }));

test("the market ticks, sorted and filtered while it moves", () =>
  open("market.html", async (page, grid) => {
    await grid.until(() => grid.status.textContent(), (text) => text === "2,000 rows");
    const before = await grid.rows();
    await grid.until(() => grid.rows(), (rows) => rows.join() !== before.join());
    await grid.page.locator("[data-flash]").first().waitFor({ state: "attached" });
    await page.getByLabel("Filter on venue").fill("= ALPHA");
    await page.getByLabel("Filter on venue").press("Enter");
    await grid.until(() => grid.status.textContent(), (text) => text === "400 of 2,000 rows");
    await grid.header("last").click();
    const numbers = (texts) => texts.map((text) => Number(text.replaceAll(",", "")));
    await grid.until(
      async () => numbers(await grid.column("last")),
      (found) => found.length > 10 && found.every((value, at) => at === 0 || found[at - 1] <= value),
    );
    assert.ok((await grid.column("venue")).every((text) => text === "ALPHA"));
  }));

test("every way the market is shown shows something", () =>
  open("market.html", async (page, grid) => {
    await grid.until(() => page.inputValue("#table"), (name) => name === "market");
    await page.selectOption("#preset", "Sectors and symbols");
    await grid.until(() => grid.labels(), (labels) => labels[0] === "Total" && labels.includes("Energy"));
    await page.selectOption("#preset", "Sectors by venue");
    await grid.until(
      () => page.locator("th.group-head").allInnerTexts(),
      (texts) => texts.join() === "ALPHA,BRAVO,DELTA,OMEGA,SIGMA",
    );
    await page.selectOption("#preset", "Heat map");
    await page.getByRole("img", { name: /^Heat map of 8 rows by 5 columns/ }).waitFor();
    await page.selectOption("#preset", "Bars by sector");
    await page.getByRole("img", { name: "Bar chart of volume: 8 points" }).waitFor();
    await page.selectOption("#table", "superstore");
    await page.selectOption("#preset", "Regions and categories");
    await grid.untilLabels(["Total", "Central", "East", "South", "West"]);
    assert.deepEqual((await grid.column("Sales"))[0], "$2,297,201");
    await page.selectOption("#preset", "Sales over time");
    await page.getByRole("img", { name: /^Line chart of Sales, Profit: \d+ points/ }).waitFor();
  }));

test("a server that is lost is missed in words, and the page goes on when it is back", () =>
  withDemoServer((first) =>
    open(
      "index.html",
      async (page, grid) => {
        await page.goto(`${first}demo/market.html`);
            await grid.until(() => grid.status.textContent(), (text) => text === "2,000 rows");
        // The connection breaks under the page; the server is there again when it is tried anew.
        await page.evaluate(() => window.sockets.at(-1).close());
        await grid.until(
          () => page.evaluate(() => window.lost),
          (lost) => lost.some((text) => text.startsWith("The connection is lost")),
        );
        await grid.message.waitFor({ state: "hidden" });
        const before = await grid.rows();
        await grid.until(() => grid.rows(), (rows) => rows.join() !== before.join());
        await grid.header("id").click();
        await grid.header("id").click();
        await grid.untilColumn("id", ["1,999", "1,998"]);
      },
      { allowConsoleErrors: true, prepare: watchSockets },
    ),
  ));

/** Keeps the page's sockets, and every sentence that stood in the grid's message. */
async function watchSockets(page) {
  await page.addInitScript(() => {
    window.sockets = [];
    window.lost = [];
    const Native = window.WebSocket;
    window.WebSocket = class extends Native {
      constructor(...given) {
        super(...given);
        window.sockets.push(this);
      }
    };
    document.addEventListener("sightline-error", ({ target }) => {
      window.lost.push(target.shadowRoot.querySelector(".message").textContent);
    });
  });
}

const FILES = {
  "prices.csv": "symbol,price\nAAA,1.5\nBBB,2.5\nAAA,3.5\n",
  "prices.json": '[{"symbol":"AAA","price":1.5},{"symbol":"BBB","price":2.5},{"symbol":"AAA","price":3.5}]',
  "columns.json": '{"symbol":["AAA","BBB","AAA"],"price":[1.5,2.5,3.5]}',
  "prices.ndjson": '{"symbol":"AAA","price":1.5}\n{"symbol":"BBB","price":2.5}\n{"symbol":"AAA","price":3.5}\n',
  "prices.arrow": arrowFile("feather.write_feather(table, out, compression='lz4')"),
  "prices.parquet": arrowFile("parquet.write_table(table, out, compression='zstd', row_group_size=2)"),
  // The content says what it is, whatever the name.
  prices: arrowFile("parquet.write_table(table, out, compression='snappy')"),
};

/** The same prices as bytes that pyarrow writes. */
function arrowFile(write) {
  const program = `
import sys, io
import pyarrow as pa
from pyarrow import feather, parquet
table = pa.table({"symbol": ["AAA", "BBB", "AAA"], "price": [1.5, 2.5, 3.5]})
out = io.BytesIO()
${write}
sys.stdout.buffer.write(out.getvalue())
`;
  return execFileSync(python(), ["-c", program]);
}

for (const [name, content] of Object.entries(FILES)) {
  test(`${name} opens in the page's own engine`, () =>
    open("file.html", async (page, grid) => {
      const requests = [];
      page.on("request", (request) => requests.push(request.method()));
      page.on("websocket", () => assert.fail("no server is involved"));
      await page.setInputFiles("#file", { name, mimeType: "text/plain", buffer: Buffer.from(content) });
      await grid.until(() => grid.status.textContent(), (rows) => rows === "3 rows");
      await grid.untilColumn("symbol", ["AAA", "BBB", "AAA"]);
      await grid.untilColumn("price", ["1.50", "2.50", "3.50"]);
      await grid.restore({ group_by: ["symbol"] });
      await grid.untilLabels(["Total", "AAA", "BBB"]);
      assert.ok(requests.every((method) => method === "GET"));
    }));
}

test("Parquet keeps types, nulls and 64-bit integers", () =>
  open("file.html", async (page, grid) => {
    const program = `
import sys, io, datetime, decimal
import pyarrow as pa
from pyarrow import parquet
table = pa.table({
    "big": pa.array([9007199254740993, None], pa.int64()),
    "day": pa.array([datetime.date(2024, 2, 29), None], pa.date32()),
    "at": pa.array([1709214330250, None], pa.timestamp("ms")),
    "yes": pa.array([True, None]),
    "money": pa.array([decimal.Decimal("12.34"), None], pa.decimal128(9, 2)),
    "list": pa.array([[1, 2], None]),
})
out = io.BytesIO()
parquet.write_table(table, out, compression="gzip")
sys.stdout.buffer.write(out.getvalue())
`;
    const buffer = execFileSync(python(), ["-c", program]);
    await page.setInputFiles("#file", { name: "types.parquet", mimeType: "text/plain", buffer });
    await grid.untilColumn("big", ["9,007,199,254,740,993", ""]);
    assert.deepEqual(await grid.rows(), [
      ["9,007,199,254,740,993", "Feb 29, 2024", "2/29/24, 1:45:30 PM", "true", "12.34", "[\"1\",\"2\"]"],
      ["", "", "", "", "", ""],
    ]);
  }));

test("a file is dropped, looked at and edited", () =>
  open("file.html", async (page, grid) => {
    const transfer = await page.evaluateHandle(() => {
      const given = new DataTransfer();
      given.items.add(new File(["a,b\n1,2\n3,4\n"], "dropped.csv"));
      return given;
    });
    await page.dispatchEvent("body", "dragover", { dataTransfer: transfer });
    assert.ok(await page.locator("body.dragging").isVisible());
    await page.dispatchEvent("body", "drop", { dataTransfer: transfer });
    await grid.untilColumn("a", ["1", "3"]);
    assert.match(await page.textContent("#time"), /^dropped\.csv: 0\.0 MB read and shown in \d+ ms$/);
    await grid.cell(0, 1).dblclick();
    await page.locator(".cell-editor input").fill("20");
    await page.locator(".cell-editor input").press("Enter");
    await grid.untilColumn("b", ["20", "4"]);
  }));

test("files that cannot be read are explained in the page, which goes on", () =>
  open("file.html", async (page, grid) => {
    const give = (name, content) =>
      page.setInputFiles("#file", { name, mimeType: "text/plain", buffer: Buffer.from(content) });
    const message = page.locator("body > .message");
    await give("broken.json", '[{"a": 1');
    await until(page, () => message.textContent(), (text) => /^broken\.json cannot be read: ./.test(text));
    await give("broken.arrow", "this is not arrow");
    await until(page, () => message.textContent(), (text) => /^broken\.arrow cannot be read: .*[Aa]rrow/.test(text));
    await give("broken.parquet", "PAR1 and then nothing of the kind");
    await until(page, () => message.textContent(), (text) => /^broken\.parquet cannot be read: ./.test(text));
    const cut = FILES["prices.parquet"].subarray(0, 40);
    await give("cut.parquet", Buffer.concat([cut, FILES["prices.parquet"].subarray(-40)]));
    await until(page, () => message.textContent(), (text) => /^cut\.parquet cannot be read: ./.test(text));
    await give("good.csv", "a,b\n1,2\n");
    await message.waitFor({ state: "hidden" });
    await grid.untilColumn("a", ["1"]);
    await give("broken.csv", 'a,b\n"1,2\n');
    await message.waitFor();
    assert.deepEqual(await grid.column("a"), ["1"], "the table before stays");
  }));

test("the sample is one click away", () =>
  open("file.html", async (page, grid) => {
    await page.getByRole("button", { name: "Or take a sample" }).click();
    await grid.untilColumn("city", ["Amsterdam", "Berlin"]);
  }));
