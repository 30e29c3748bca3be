// Perspective's viewer 5.5.1 from npm, unchanged, on this engine: over the websocket, and in a worker of the page.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { isDeepStrictEqual } from "node:util";
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

const TABLES = { remote: "superstore", local: "orders" };

/** The demo's page, its viewer loaded from an engine of the given kind. */
const withViewer = (kind, use) =>
  withPage(async (page) => {
    await page.goto(`${address}demo/viewer.html`);
    await page.waitForFunction(() => document.querySelector("#table").value !== "");
    await page.selectOption("#engine", kind);
    await page.waitForFunction(
      (name) => [...document.querySelector("#table").options].some((option) => option.value === name),
      TABLES[kind],
    );
    // The page shows a table of its own choice first; what a test asks for must come after that.
    await page.selectOption("#table", TABLES[kind]);
    await page.waitForFunction(async (name) => {
      const viewer = document.querySelector("perspective-viewer");
      await viewer.flush();
      return (await viewer.save()).table === name && document.querySelector("regular-table tbody td") !== null;
    }, TABLES[kind]);
    return await use(page);
  });

/** Gives the viewer a config and waits until it is drawn. */
const restore = (page, config) =>
  page.evaluate(async (wanted) => {
    const viewer = document.querySelector("perspective-viewer");
    await viewer.restore(wanted);
    await viewer.flush();
  }, config);

/** The grid's body, row by row, without empty cells. */
const rows = async (page) => {
  const texts = await page.locator("regular-table tbody tr").allInnerTexts();
  return texts.map((text) => text.split("\t").filter((cell) => cell !== ""));
};

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

/** Waits until the grid shows just this; it draws some time after the viewer says that it is done. */
const shows = (page, read, expected) =>
  until(
    page,
    () => read(page),
    (seen) => isDeepStrictEqual(seen, expected),
  );

describe("the viewer over the websocket", () => {
  test("groups, splits and sorts", () =>
    withViewer("remote", async (page) => {
      await restore(page, {
        table: "superstore",
        plugin: "Datagrid",
        group_by: ["Region"],
        split_by: ["Category"],
        columns: ["Sales"],
        sort: [["Sales", "desc"]],
      });
      await shows(page, rows, [
        ["TOTAL", "741,999.80", "719,047.03", "836,154.03"],
        ["West", "252,612.74", "220,853.25", "251,991.83"],
        ["East", "208,291.20", "205,516.06", "264,973.98"],
        ["Central", "163,797.16", "167,026.42", "170,416.31"],
        ["South", "117,298.68", "125,651.31", "148,771.91"],
      ]);
    }));

  test("filters, computes expressions and windows", () =>
    withViewer("remote", async (page) => {
      await restore(page, {
        table: "superstore",
        group_by: [],
        split_by: [],
        columns: ["Row ID", "twice", "running"],
        sort: [],
        filter: [["Row ID", "<=", 3]],
        expressions: { twice: '"Row ID" * 2' },
        windows: { running: { column: "Row ID", aggregate: "sum", cumulative: true, order_by: ["Row ID", "asc"] } },
      });
      assert.deepEqual(await rows(page), [
        ["1", "2.00", "1.00"],
        ["2", "4.00", "3.00"],
        ["3", "6.00", "6.00"],
      ]);
    }));

  test("shows updates as they come", () =>
    withViewer("remote", async (page) => {
      await restore(page, { table: "market", group_by: ["venue"], columns: ["volume"], filter: [], expressions: {}, sort: [] });
      const before = await rows(page);
      assert.equal(before.length, 6);
      await until(
        page,
        () => rows(page),
        (now) => now.join() !== before.join(),
      );
    }));

  test("expands and collapses groups", () =>
    withViewer("remote", async (page) => {
      await restore(page, { table: "superstore", group_by: ["Region", "Category"], columns: ["Sales"], filter: [], expressions: {} });
      await shows(page, async () => (await rows(page)).length, 17);
      await page.locator("regular-table tbody th", { hasText: "Central" }).click();
      await until(
        page,
        () => rows(page),
        (now) => now.length === 14,
      );
    }));

  test("suggests the values of a column for a filter", () =>
    withViewer("remote", async (page) => {
      const values = await page.evaluate(async () => {
        const viewer = document.querySelector("perspective-viewer");
        await viewer.restore({ table: "superstore" });
        const view = await (await viewer.getTable()).view({ group_by: ["Region"], columns: [] });
        return await view.to_csv();
      });
      assert.match(values, /^"Region \(Group by 1\)"\n\n"Central"\n"East"\n"South"\n"West"\n$/);
    }));

  test("a session that may only look cannot edit", () =>
    withViewer("remote", async (page) => {
      const message = await page.evaluate(async () => {
        const viewer = document.querySelector("perspective-viewer");
        await viewer.restore({ table: "superstore" });
        const table = await viewer.getTable();
        return await table.update([{ "Row ID": 1 }]).then(
          () => "accepted",
          (error) => error.message,
        );
      });
      assert.match(message, /permission denied/);
    }));
});

describe("the viewer on a worker of the page", () => {
  test("groups and sorts while rows are added", () =>
    withViewer("local", async (page) => {
      await restore(page, {
        table: "orders",
        plugin: "Datagrid",
        group_by: ["shop"],
        columns: ["id"],
        aggregates: { id: "count" },
        sort: [["shop", "desc"]],
      });
      const labels = async () => (await rows(page)).map(([label]) => label);
      await shows(page, labels, ["TOTAL", "West", "South", "North"]);
      const before = await rows(page);
      await until(
        page,
        () => rows(page),
        (now) => now[0][1] !== before[0][1],
      );
    }));

  test("splits, filters, computes expressions and windows", () =>
    withViewer("local", async (page) => {
      const plain = { table: "orders", plugin: "Datagrid", settings: false, sort: [], expressions: {}, filter: [["id", "<", 4]] };
      await restore(page, { ...plain, group_by: ["shop"], split_by: ["item"], columns: ["count"] });
      await shows(page, rows, [
        ["TOTAL", "1", "4", "5", "9"],
        ["North", "1", "4"],
        ["South", "9"],
        ["West", "5"],
      ]);
      await restore(page, {
        ...plain,
        group_by: [],
        split_by: [],
        columns: ["id", "twice", "running"],
        expressions: { twice: '"count" * 2' },
        windows: { running: { column: "count", aggregate: "sum", cumulative: true, order_by: ["id", "asc"] } },
      });
      await shows(page, rows, [
        ["0", "2.00", "1.00"],
        ["1", "10.00", "6.00"],
        ["2", "18.00", "15.00"],
        ["3", "8.00", "19.00"],
      ]);
    }));

  test("an edited cell changes the table", () =>
    withViewer("local", async (page) => {
      await restore(page, {
        table: "orders",
        plugin: "Datagrid",
        plugin_config: { edit_mode: "EDIT" },
        group_by: [],
        columns: ["id", "item"],
        sort: [["id", "asc"]],
      });
      const cell = page.locator("regular-table tbody tr").nth(1).locator("td").nth(1);
      await cell.click();
      await page.keyboard.press("Control+A");
      await page.keyboard.type("figs");
      await page.keyboard.press("Enter");
      const item = () =>
        page.evaluate(async () => {
          const table = await document.querySelector("perspective-viewer").getTable();
          const view = await table.view({ filter: [["id", "==", 1]], columns: ["item"] });
          const [row] = await view.to_json();
          await view.delete();
          return row.item;
        });
      await until(page, item, (text) => text === "figs");
    }));

  test("typed arrays reach the charts", () =>
    withViewer("local", async (page) => {
      const shape = await page.evaluate(async () => {
        const table = await document.querySelector("perspective-viewer").getTable();
        const view = await table.view({ group_by: ["item"], columns: ["price"] });
        let result;
        await view.with_typed_arrays(null, (names, values, _, dictionaries) => {
          result = { names, kinds: values.map((array) => array.constructor.name), words: dictionaries[0] };
        });
        return result;
      });
      assert.deepEqual(shape.names, ["__ROW_PATH_0__", "price"]);
      assert.deepEqual(shape.kinds, ["Int32Array", "Float64Array"]);
      assert.deepEqual([...shape.words].sort(), ["apple", "bread", "cheese", "dates", "eggs"]);
    }));
});
