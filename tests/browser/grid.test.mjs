// `<sightline-table>` as a reader meets it: what is in its cells, where the keyboard leads, what is said to assistive
// technology. Everything here runs on an engine in the page, under the strictest content security policy.

import assert from "node:assert/strict";
import { test } from "node:test";
import { withGrid } from "../support/grid_page.mjs";

test("cells, headers and their roles", () =>
  withGrid(async (grid) => {
    await grid.untilColumn("symbol", ["AAA", "BBB", "AAA", "CCC", "BBB", "AAA"]);
    assert.deepEqual(await grid.column("price"), ["1.50", "20.00", "2.50", "300.00", "25.00", ""]);
    assert.deepEqual((await grid.column("day")).slice(0, 1), ["Jan 1, 2024"]);
    assert.equal(await grid.status.textContent(), "6 rows");
    const roles = await grid.scroller.evaluate((scroller) => ({
      grid: scroller.getAttribute("role"),
      name: scroller.getAttribute("aria-label"),
      counts: [scroller.getAttribute("aria-rowcount"), scroller.getAttribute("aria-colcount")],
      headers: [...scroller.querySelectorAll("thead tr [role=columnheader]")].map((cell) => cell.ariaColIndex),
      rows: [...scroller.querySelectorAll("tbody [role=row]")].map((row) => row.ariaRowIndex),
      cells: scroller.querySelectorAll("tbody [role=gridcell]").length,
    }));
    assert.deepEqual(roles, {
      grid: "grid",
      name: "Trades",
      counts: ["7", "6"],
      headers: ["1", "2", "3", "4", "5", "6"],
      rows: ["2", "3", "4", "5", "6", "7"],
      cells: 36,
    });
  }, { attributes: { locale: "en-US" } }));

test("arrows, Home, End and pages move the active cell", () =>
  withGrid(async (grid) => {
    await grid.untilColumn("id", ["1"]);
    await grid.focus();
    const press = async (key, text, role = "gridcell") => {
      await grid.page.keyboard.press(key);
      await grid.until(() => grid.active(), (active) => active?.text === text && active.role === role);
    };
    await press("ArrowRight", "AAA");
    await press("ArrowDown", "BBB");
    assert.deepEqual(await grid.active(), { text: "BBB", role: "gridcell", column: 2, row: 3 });
    await press("End", "Jan 2, 2024");
    await press("Control+Home", "1");
    await press("Control+End", "Jan 6, 2024");
    await press("PageUp", "Jan 1, 2024");
    await press("ArrowUp", "day", "columnheader");
  }, { attributes: { locale: "en-US" } }));

const MILLION = { rows: 1_000_000 };

/** A table that is taller than a browser lets an element be. */
function withMillion(use) {
  return withGrid(async (grid) => {
    await grid.page.evaluate(async ({ rows }) => {
      const n = Array.from({ length: rows }, (_, row) => row);
      window.table = await window.client.table({ n, twice: n.map((value) => value * 2) });
      await document.querySelector("sightline-table").load(window.table);
    }, MILLION);
    await grid.untilColumn("n", ["0", "1"]);
    await use(grid);
  }, { attributes: { locale: "en-US" } });
}

test("every row of a million is reached: by keys, by the wheel, by the bar and by number", () =>
  withMillion(async (grid) => {
    const first = (text) => grid.until(() => grid.column("n"), (texts) => texts[0] === text);
    await grid.focus();
    await grid.page.keyboard.press("Control+End");
    await grid.until(() => grid.active(), (active) => active?.text === "1,999,998");
    assert.ok((await grid.column("n")).includes("999,999"), "the last row is in sight");
    await grid.page.keyboard.press("ArrowUp");
    await grid.until(() => grid.active(), (active) => active?.text === "1,999,996");
    await grid.element.evaluate((element) => element.goTo(654_321, 0));
    await grid.until(() => grid.active(), (active) => active?.text === "654,321");
    await first("654,321");
    const { y, x } = await grid.scroller.boundingBox();
    await grid.page.mouse.move(x + 60, y + 200);
    await grid.page.mouse.wheel(0, 28 * 3);
    await first("654,324");
    await grid.page.mouse.wheel(0, -28);
    await first("654,323");
    await grid.scroller.evaluate((scroller) => {
      scroller.scrollTop = 5_000_000;
    });
    const [top] = await grid.until(() => grid.column("n"), (texts) => texts[0] !== "654,323");
    assert.ok(Math.abs(Number(top.replaceAll(",", "")) - 500_000) < 1_000, `the middle of the bar shows ${top}`);
    assert.ok((await grid.rows()).length < 40, "only what is in sight is drawn");
  }));

const GROUPED = { group_by: ["symbol", "side"], columns: ["price", "quantity"] };

test("groups open and close by mouse and by keys, and say so", () =>
  withGrid(async (grid) => {
    await grid.untilLabels(["Total", "AAA", "BBB", "CCC"]);
    assert.equal(await grid.scroller.getAttribute("role"), "treegrid");
    assert.deepEqual(await grid.column("quantity"), ["210", "100", "70", "40"]);
    await grid.page.locator("tbody th", { hasText: "AAA" }).click();
    await grid.untilLabels(["Total", "AAA", "buy", "sell", "BBB", "CCC"]);
    const levels = () =>
      grid.scroller.evaluate((scroller) =>
        [...scroller.querySelectorAll("tbody tr")].map((row) => `${row.ariaLevel} ${row.ariaExpanded}`),
      );
    assert.deepEqual((await levels()).slice(0, 5), ["1 true", "2 true", "3 null", "3 null", "2 false"]);
    await grid.page.keyboard.press("ArrowLeft");
    await grid.untilLabels(["Total", "AAA", "BBB", "CCC"]);
    await grid.page.keyboard.press("ArrowDown");
    await grid.page.keyboard.press("ArrowRight");
    await grid.untilLabels(["Total", "AAA", "BBB", "buy", "sell", "CCC"]);
    await grid.page.keyboard.press("Enter");
    await grid.untilLabels(["Total", "AAA", "BBB", "CCC"]);
    await grid.button("Open all groups").click();
    await grid.untilLabels(["Total", "AAA", "buy", "sell", "BBB", "buy", "sell", "CCC", "buy"]);
    await grid.button("Close all groups").click();
    await grid.untilLabels(["Total", "AAA", "BBB", "CCC"]);
  }, { config: GROUPED }));

test("an open group stays open while rows arrive", () =>
  withGrid(async (grid) => {
    await grid.untilLabels(["Total", "AAA", "BBB", "CCC"]);
    await grid.page.locator("tbody th", { hasText: "AAA" }).click();
    await grid.untilLabels(["Total", "AAA", "buy", "sell", "BBB", "CCC"]);
    await grid.page.evaluate(() => window.table.update([{ id: 9, symbol: "AAB", side: "buy", price: 1, quantity: 5 }]));
    await grid.untilLabels(["Total", "AAA", "buy", "sell", "AAB", "BBB", "CCC"]);
    assert.equal((await grid.column("quantity"))[0], "215");
  }, { config: GROUPED }));

test("header groups of a split close to one column, by mouse and by keys", () =>
  withGrid(async (grid) => {
    const heads = () =>
      grid.scroller.evaluate((scroller) =>
        [...scroller.querySelectorAll("thead tr")].map((row) =>
          [...row.querySelectorAll("th:not(.corner)")].map((cell) => `${cell.textContent}:${cell.colSpan}`).join(" "),
        ),
      );
    const are = (top, bottom) => grid.until(heads, (found) => found.join("|") === `${top}|${bottom}`);
    await are("buy:2 sell:2", "price:1 quantity:1 price:1 quantity:1");
    assert.equal(await grid.page.locator("th.group-head").first().getAttribute("aria-expanded"), "true");
    await grid.page.locator("th.group-head", { hasText: "buy" }).click();
    await are("buy:1 sell:2", "price:1 price:1 quantity:1");
    assert.equal(await grid.page.locator("th.group-head").first().getAttribute("aria-expanded"), "false");
    assert.deepEqual((await grid.rows())[0], ["326.50", "22.50", "50"]);
    await grid.focus();
    for (const key of ["ArrowRight", "ArrowUp", "ArrowUp"]) {
      await grid.page.keyboard.press(key);
    }
    await grid.until(() => grid.active(), (active) => active?.text === "buy" && active.role === "columnheader");
    await grid.page.keyboard.press("Enter");
    await are("buy:2 sell:2", "price:1 quantity:1 price:1 quantity:1");
  }, { config: { group_by: ["symbol"], split_by: ["side"], columns: ["price", "quantity"] } }));

test("a header sorts by click and by key; shift adds, and the order is said", () =>
  withGrid(async (grid) => {
    await grid.header("price").click();
    await grid.untilColumn("price", ["", "1.50", "2.50", "20.00", "25.00", "300.00"]);
    assert.equal(await grid.header("price").getAttribute("aria-sort"), "ascending");
    await grid.header("price").click();
    await grid.untilColumn("price", ["300.00", "25.00"]);
    await grid.header("price").click();
    await grid.untilColumn("id", ["1", "2", "3"]);
    assert.equal(await grid.header("price").getAttribute("aria-sort"), "none");
    await grid.header("symbol").click();
    await grid.untilColumn("symbol", ["AAA", "AAA", "AAA", "BBB"]);
    await grid.header("quantity").click({ modifiers: ["Shift"] });
    await grid.header("quantity").click({ modifiers: ["Shift"] });
    await grid.untilColumn("quantity", ["60", "30", "10", "50", "20", "40"]);
    assert.deepEqual((await grid.save()).sort, [["symbol", "asc"], ["quantity", "desc"]]);
    await grid.focus();
    await grid.page.keyboard.press("Control+Home");
    await grid.page.keyboard.press("ArrowUp");
    await grid.page.keyboard.press("Enter");
    await grid.page.keyboard.press("Enter");
    await grid.untilColumn("id", ["6", "5", "4"]);
    assert.equal(await grid.header("id").getAttribute("aria-sort"), "descending");
  }));

test("the filter row filters, explains what it cannot read, and clears", () =>
  withGrid(async (grid) => {
    await grid.button("Filter row").click();
    const box = (name) => grid.element.getByLabel(`Filter on ${name}`);
    await box("price").fill("2 .. 30");
    await box("price").press("Enter");
    await grid.untilColumn("id", ["2", "3", "5"]);
    assert.equal(await grid.status.textContent(), "3 of 6 rows");
    await box("symbol").fill("b");
    await box("symbol").press("Enter");
    await grid.until(() => grid.column("id"), (texts) => texts.join() === "2,5");
    await box("quantity").fill("many");
    await box("quantity").press("Enter");
    const error = grid.element.getByRole("alert").filter({ hasText: '"many" is not a whole number' });
    await error.waitFor();
    assert.equal(await box("quantity").getAttribute("aria-invalid"), "true");
    assert.deepEqual(await grid.column("id"), ["2", "5"]);
    await box("quantity").fill("> 1000");
    await box("quantity").press("Enter");
    await error.waitFor({ state: "hidden" });
    await grid.button("Clear the filter").click();
    await grid.untilColumn("id", ["1", "2", "3", "4", "5", "6"]);
    await grid.until(() => box("symbol").inputValue(), (text) => text === "");
  }));

test("the engine's own objection to a filter stands in the grid, which goes on as before", () =>
  withGrid(async (grid) => {
    await grid.button("Filter row").click();
    const box = grid.element.getByLabel("Filter on symbol");
    await box.fill("~(");
    await box.press("Enter");
    await grid.message.waitFor();
    assert.match(await grid.message.innerText(), /invalid regular expression/);
    await grid.untilColumn("id", ["1", "2", "3"]);
    await box.fill("~^[AC]");
    await box.press("Enter");
    await grid.until(() => grid.column("symbol"), (texts) => texts.join() === "AAA,AAA,CCC,AAA");
    await grid.message.waitFor({ state: "hidden" });
  }));

test("cells that change flash, up and down, and others do not", () =>
  withGrid(async (grid) => {
    await grid.untilColumn("id", ["1", "2"]);
    await grid.page.evaluate(() => window.table.update([{ id: 1, price: 9 }, { id: 2, price: 3 }]));
    await grid.untilColumn("price", ["9.00", "3.00"]);
    const flashes = await grid.scroller.evaluate((scroller) =>
      [...scroller.querySelectorAll("[data-flash]")].map((cell) => `${cell.textContent} ${cell.dataset.flash}`),
    );
    assert.deepEqual(flashes, ["9.00 up-1", "3.00 down-1"]);
    await grid.header("price").click();
    await grid.untilColumn("price", ["", "2.50", "3.00"]);
    assert.equal(await grid.page.locator("[data-flash]").count(), 0, "rows that moved did not change");
  }));

test("formats and colours by value", () =>
  withGrid(async (grid) => {
    await grid.until(() => grid.column("price"), (texts) => texts[1] === "€20.0");
    assert.equal(await grid.cell(0, 5).textContent(), "2024-01-01");
    const shades = await grid.scroller.evaluate((scroller) =>
      [...scroller.querySelectorAll("td[data-shade]")].map((cell) => [
        cell.dataset.shade,
        cell.style.getPropertyValue("--_share"),
      ]),
    );
    assert.deepEqual(shades.slice(0, 3), [["bar-up", "10%"], ["back-up", "2%"], ["bar-up", "20%"]]);
    await assert.rejects(grid.restore({ formats: { price: { style: "money" } } }), /style "money", which is none of number, /);
    await assert.rejects(grid.restore({ formats: { price: { style: "currency" } } }), /needs a `currency`/);
  }, {
    attributes: { locale: "en-US" },
    config: {
      formats: { price: { style: "currency", currency: "EUR", digits: 1 }, day: { date: "iso" } },
      colours: { quantity: { bar: [0, 100] }, price: { scale: [0, 1000] } },
    },
  }));

test("a config is saved, restored elsewhere, and refused as a whole when it is wrong", () =>
  withGrid(async (grid) => {
    await grid.restore({
      group_by: ["symbol"],
      columns: ["price", "value"],
      expressions: { value: '"price" * "quantity"' },
      aggregates: { price: "max" },
      sort: [["value", "desc"]],
      filter: [["side", "==", "buy"]],
    });
    await grid.untilLabels(["Total", "CCC", "BBB", "AAA"]);
    const saved = JSON.parse(JSON.stringify(await grid.save()));
    const rows = await grid.rows();
    await grid.restore({ group_by: [], columns: ["id"], expressions: {}, aggregates: {}, sort: [], filter: [] });
    await grid.untilColumn("id", ["1", "2"]);
    await assert.rejects(grid.restore({ columns: ["id", "absent"] }), /absent/);
    await assert.rejects(grid.restore({ group: ["symbol"] }), /no field `group`/);
    assert.deepEqual((await grid.save()).columns, ["id"]);
    assert.deepEqual(await grid.column("id"), ["1", "2", "3", "4", "5", "6"]);
    await grid.restore(saved);
    await grid.untilLabels(["Total", "CCC", "BBB", "AAA"]);
    assert.deepEqual(await grid.rows(), rows);
  }));

test("light, dark, and a page's own colours", () =>
  withGrid(async (grid) => {
    const paper = () => grid.scroller.evaluate((scroller) => getComputedStyle(scroller).backgroundColor);
    await grid.untilColumn("id", ["1"]);
    await grid.element.evaluate((element) => element.setAttribute("theme", "light"));
    assert.equal(await paper(), "rgb(255, 255, 255)");
    await grid.restore({ theme: "dark" });
    assert.equal(await paper(), "rgb(23, 27, 34)");
    await grid.element.evaluate((element) => element.style.setProperty("--sightline-paper", "rgb(1, 2, 3)"));
    assert.equal(await paper(), "rgb(1, 2, 3)");
  }));

test("never more than one reading is under way while rows pour in", () =>
  withGrid(async (grid) => {
    const seen = await grid.page.evaluate(async () => {
      const element = document.querySelector("sightline-table");
      const { table } = window;
      let now = 0;
      let most = 0;
      let reads = 0;
      // The element's own view, seen from the outside.
      const open = table.view.bind(table);
      table.view = async (config) => {
        const view = await open(config);
        const read = view.to_columns_string.bind(view);
        view.to_columns_string = async (window) => {
          now += 1;
          reads += 1;
          most = Math.max(most, now);
          try {
            return await read(window);
          } finally {
            now -= 1;
          }
        };
        return view;
      };
      await element.restore({ sort: [["id", "desc"]] });
      for (let turn = 1; turn <= 100; turn += 1) {
        await table.update(Array.from({ length: 100 }, (_, row) => ({ id: row, price: turn, quantity: turn })));
      }
      await element.redraw();
      const last = element.shadowRoot.querySelector("tbody td:nth-child(4)").textContent;
      return { most, reads, last };
    });
    assert.equal(seen.most, 1);
    assert.ok(seen.reads > 1 && seen.reads < 100, `${seen.reads} readings for 100 updates`);
    assert.equal(seen.last, "100.00");
  }, { attributes: { locale: "en-US" } }));

test("a table that is deleted is missed in words", () =>
  withGrid(async (grid) => {
    await grid.untilColumn("id", ["1"]);
    await grid.page.evaluate(() => {
      // It is answered when the last view is gone.
      void window.table.delete({ lazy: true });
    });
    await grid.element.evaluate((element) => element.view.delete());
    await grid.message.waitFor();
    assert.match(await grid.message.innerText(), /the table was deleted|View not found|Couldn't find/);
  }));
