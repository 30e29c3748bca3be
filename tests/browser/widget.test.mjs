// The front end of the notebook widget, with a model that stands in for the notebook: it keeps what the widget sends,
// and answers as the kernel would.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import test from "node:test";
import { withPage } from "../support/chromium.mjs";

const FRONT = new URL("../../host-python/src/sightline/widget/front.js", import.meta.url);

const HARNESS = `
  import front from "FRONT";
  const heard = {};
  window.sent = [];
  window.model = {
    title: "Sales",
    get(name) { return this[name]; },
    on(name, callback) { heard[name] = callback; },
    off(name) { delete heard[name]; },
    send(message) { window.sent.push(message); },
  };
  window.tell = (message) => heard["msg:custom"](message);
  window.heard = heard;
  const el = document.createElement("div");
  document.body.append(el);
  window.end = front.render({ model: window.model, el });
  window.ready = true;
`;

async function withWidget(use) {
  const source = await readFile(FRONT, "utf8");
  const front = `data:text/javascript;base64,${Buffer.from(source).toString("base64")}`;
  await withPage(async (page) => {
    await page.setContent("<body></body>");
    await page.addScriptTag({ type: "module", content: HARNESS.replace("FRONT", front) });
    await page.waitForFunction(() => window.ready);
    await use(page);
  });
}

const cells = (page) =>
  page.$$eval("tr", (rows) => rows.map((row) => [...row.children].map((cell) => cell.textContent.trim())));

test("rows are asked for, drawn, and asked for again when they change", async () => {
  await withWidget(async (page) => {
    assert.deepEqual(await page.evaluate(() => window.sent), [{ type: "rows", start_row: 0, end_row: 19 }]);
    const columns = { __ROW_PATH__: [[], ["Rome"]], "<b>n</b>": [3, null] };
    await page.evaluate((told) => window.tell(told), { type: "rows", columns, n_rows: 2, start_row: 0 });
    assert.deepEqual(await cells(page), [
      ["", "<b>n</b>"],
      ["TOTAL", "3"],
      ["Rome", ""],
    ]);
    assert.equal(await page.textContent("strong"), "Sales");
    // Two changes while a question is under way are one further question.
    await page.evaluate(() => {
      for (let i = 0; i < 3; i += 1) window.tell({ type: "changed" });
    });
    assert.equal(await page.evaluate(() => window.sent.length), 2);
    await page.evaluate((told) => window.tell(told), { type: "rows", columns, n_rows: 2, start_row: 0 });
    assert.equal(await page.evaluate(() => window.sent.length), 3);
  });
});

test("scrolling asks for the rows in sight, and an error is shown", async () => {
  await withWidget(async (page) => {
    await page.evaluate(() => window.tell({ type: "rows", columns: { n: [1] }, n_rows: 1000, start_row: 0 }));
    await page.evaluate(() => {
      document.querySelector(".sightline-scroll").scrollTop = 2200;
    });
    await page.waitForFunction(() => window.sent.length === 2);
    assert.deepEqual(await page.evaluate(() => window.sent[1]), { type: "rows", start_row: 100, end_row: 119 });
    await page.evaluate(() => window.tell({ type: "error", message: "Invalid column 'x'" }));
    assert.equal(await page.textContent(".sightline-error"), "Invalid column 'x'");
    await page.evaluate(() => window.end());
    assert.deepEqual(await page.evaluate(() => Object.keys(window.heard)), []);
  });
});
