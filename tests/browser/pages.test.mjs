// The pages of the demo, as a reader meets them: live tables of the server, and files in the page's own engine.

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { after, before, test } from "node:test";
import { withPage } from "../support/chromium.mjs";
import { withDemoServer } from "../support/demo_server.mjs";

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

const open = (name, use, options) =>
  withPage(async (page) => {
    await page.goto(`${address}demo/${name}`);
    return await use(page);
  }, options);

const cells = (page) => page.locator("regular-table tbody td");
const labels = (page) => page.locator("regular-table tbody th");
const header = (page, name) => page.locator("regular-table thead th.sortable", { hasText: name }).first();

/** The texts of one column of the flat grid. */
async function column(page, name) {
  const names = await page.locator("regular-table thead tr:last-child th").allInnerTexts();
  const at = names.findIndex((text) => text.replace(/ [↑↓]$/, "") === name);
  return await page.locator(`regular-table tbody td:nth-child(${at + 1})`).allInnerTexts();
}

/** Waits until `read` gives something that passes `check`, and gives it back. */
async function until(page, read, check) {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const value = await read();
    if (check(value)) {
      return value;
    }
    if (Date.now() > deadline) {
      throw new Error(`what was waited for did not come; last seen: ${JSON.stringify(value)}`);
    }
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(resolve)));
  }
}

test("the start page leads to the others", () =>
  open("index.html", async (page) => {
    for (const name of ["market.html", "file.html", "viewer.html"]) {
      assert.ok(await page.locator(`.cards a[href="${name}"]`).isVisible());
    }
  }));

test("the market ticks", () =>
  open("market.html", async (page) => {
    await page.selectOption("#table", "market");
    await until(
      page,
      () => page.textContent("#rows"),
      (text) => text === "2,000 rows",
    );
    const before = await cells(page).allInnerTexts();
    await until(
      page,
      () => cells(page).allInnerTexts(),
      (texts) => texts.join() !== before.join(),
    );
  }));

test("a click on a header sorts up, then down, then not at all", () =>
  open("market.html", async (page) => {
    await page.selectOption("#table", "superstore");
    await until(page, () => column(page, "Row ID"), (texts) => texts[0] === "1");
    const ordered = (order) => (texts) => {
      const numbers = texts.map((text) => Number(text.replaceAll(",", "")));
      return numbers.length > 5 && numbers.every((value, at) => at === 0 || order(numbers[at - 1], value));
    };
    await header(page, "Row ID").click();
    await until(page, () => column(page, "Row ID"), ordered((one, next) => one < next));
    await header(page, "Row ID").click();
    await until(page, () => column(page, "Row ID"), ordered((one, next) => one > next));
    await header(page, "Row ID").click();
    await until(page, () => column(page, "Row ID"), (texts) => texts[0] === "1");
  }));

test("groups show totals and open on a click", () =>
  open("market.html", async (page) => {
    await page.selectOption("#table", "superstore");
    await page.selectOption("#group", "Region");
    await page.selectOption("#then", "Category");
    const regions = ["Total", "Central", "East", "South", "West"];
    await until(page, () => labels(page).allInnerTexts(), (texts) => texts.join() === regions.join());
    await labels(page).nth(2).click();
    const opened = ["Total", "Central", "East", "Furniture", "Office Supplies", "Technology", "South", "West"];
    await until(page, () => labels(page).allInnerTexts(), (texts) => texts.join() === opened.join());
    await labels(page).nth(2).click();
    await until(page, () => labels(page).allInnerTexts(), (texts) => texts.join() === regions.join());
  }));

test("a split gives a column for each value", () =>
  open("market.html", async (page) => {
    await page.selectOption("#table", "superstore");
    await page.selectOption("#group", "Region");
    await page.selectOption("#split", "Category");
    const tops = page.locator("regular-table thead tr:first-child th");
    await until(
      page,
      () => tops.allInnerTexts(),
      (texts) => texts.includes("Furniture") && texts.includes("Office Supplies"),
    );
  }));

test("a filter leaves what matches, and a wrong one is explained in the page", () =>
  open(
    "market.html",
    async (page) => {
      await page.selectOption("#table", "superstore");
      await page.selectOption("#column", "Region");
      await page.fill("#operand", "West");
      await page.press("#operand", "Enter");
      await until(page, () => column(page, "Region"), (texts) => texts.length > 5 && texts.every((text) => text === "West"));
      assert.equal(await page.textContent("#rows"), "3,203 rows");
    },
    {},
  ));

const FILES = {
  "prices.csv": "symbol,price\nAAA,1.5\nBBB,2.5\nAAA,3.5\n",
  "prices.json": '[{"symbol":"AAA","price":1.5},{"symbol":"BBB","price":2.5},{"symbol":"AAA","price":3.5}]',
  "columns.json": '{"symbol":["AAA","BBB","AAA"],"price":[1.5,2.5,3.5]}',
  "prices.ndjson": '{"symbol":"AAA","price":1.5}\n{"symbol":"BBB","price":2.5}\n{"symbol":"AAA","price":3.5}\n',
};

for (const [name, text] of Object.entries(FILES)) {
  test(`${name} opens in the page's own engine`, () =>
    open("file.html", async (page) => {
      const requests = [];
      page.on("request", (request) => requests.push(request.method()));
      page.on("websocket", () => assert.fail("no server is involved"));
      await page.setInputFiles("#file", { name, mimeType: "text/plain", buffer: Buffer.from(text) });
      await until(page, () => page.textContent("#rows"), (rows) => rows === "3 rows");
      assert.deepEqual(await column(page, "symbol"), ["AAA", "BBB", "AAA"]);
      await page.selectOption("#group", "symbol");
      await until(page, () => labels(page).allInnerTexts(), (texts) => texts.join() === "Total,AAA,BBB");
      assert.ok(requests.every((method) => method === "GET"));
    }));
}

test("a file that is none, and a wrong expression, are explained in the page", () =>
  open("file.html", async (page) => {
    const give = (name, text) =>
      page.setInputFiles("#file", { name, mimeType: "text/plain", buffer: Buffer.from(text) });
    const message = page.locator(".message");
    await give("broken.json", '[{"a": 1');
    await message.waitFor({ state: "visible" });
    assert.match(await message.textContent(), /^Abort\(\): ./);
    await give("broken.arrow", "this is not arrow");
    await until(page, () => message.textContent(), (text) => /^Abort\(\): .*[Aa]rrow/.test(text));
    await give("good.csv", "a,b\n1,2\n");
    await message.waitFor({ state: "hidden" });
    await page.fill("#expression", '"absent" + 1');
    await page.press("#expression", "Enter");
    await message.waitFor({ state: "visible" });
    assert.match(await message.textContent(), /absent/);
    await page.fill("#expression", '"a" + "b"');
    await page.press("#expression", "Enter");
    await message.waitFor({ state: "hidden" });
    await until(page, () => cells(page).allInnerTexts(), (texts) => texts.includes("3"));
  }));
