// What a reader does with `<sightline-table>`: arranges columns, writes expressions, edits, copies, exports, draws.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { test } from "node:test";
import { tableFromIPC } from "../support/arrow.mjs";
import { withGrid } from "../support/grid_page.mjs";

const zone = (grid, name) => grid.page.locator(`.panel ul[data-zone="${name}"]`);
const item = (grid, name, column) => zone(grid, name).locator(`.item[data-column="${column}"]`);
const items = (grid, name) =>
  zone(grid, name).evaluate((list) => [...list.querySelectorAll(".item")].map((one) => one.dataset.column));
const focused = (grid) =>
  grid.element.evaluate((element) => {
    const one = element.shadowRoot.activeElement;
    return `${one?.closest("[data-zone]")?.dataset.zone} ${one?.dataset.column}`;
  });

test("the panel by mouse: drag to group and split, back again, show and hide, aggregate", () =>
  withGrid(async (grid) => {
    await grid.button("Columns and groups").click();
    await item(grid, "all", "symbol").dragTo(zone(grid, "group_by"));
    await grid.untilLabels(["Total", "AAA", "BBB", "CCC"]);
    await item(grid, "all", "side").dragTo(zone(grid, "split_by"));
    await grid.until(() => items(grid, "split_by"), (list) => list.join() === "side");
    await grid.until(() => grid.page.locator("th.group-head").allInnerTexts(), (texts) => texts.join() === "buy,sell");
    await item(grid, "split_by", "side").dragTo(zone(grid, "all"), { targetPosition: { x: 100, y: 8 } });
    await grid.until(() => grid.page.locator("th.group-head").count(), (count) => count === 0);
    for (const name of ["id", "symbol", "side", "day"]) {
      await grid.button(`Hide ${name}`).click();
    }
    await grid.until(() => items(grid, "columns"), (list) => list.join() === "price,quantity");
    await grid.element.getByLabel("Aggregate of price").selectOption("max");
    await grid.untilColumn("price", ["300.00", "2.50", "25.00", "300.00"]);
    await grid.button("Take symbol out").click();
    await grid.until(() => grid.labels(), (labels) => labels.length === 0);
    await item(grid, "columns", "quantity").dragTo(item(grid, "columns", "price"), { targetPosition: { x: 40, y: 2 } });
    await grid.until(() => items(grid, "columns"), (list) => list.join() === "quantity,price");
  }, { attributes: { locale: "en-US" } }));

test("the panel by keyboard alone: pick up, carry between lists, put down, put back, take out", () =>
  withGrid(async (grid) => {
    const press = (key) => grid.page.keyboard.press(key);
    await grid.button("Columns and groups").press("Enter");
    await item(grid, "columns", "id").focus();
    await press("ArrowDown");
    assert.equal(await focused(grid), "columns symbol");
    await press(" ");
    const live = grid.page.locator(".panel [aria-live]");
    assert.match(await live.textContent(), /symbol picked up from Columns/);
    await press("ArrowRight");
    await grid.untilLabels(["Total", "AAA", "BBB", "CCC"]);
    assert.match(await live.textContent(), /symbol in Group by, place 1/);
    await press(" ");
    assert.match(await live.textContent(), /symbol put down in Group by/);
    assert.equal(await focused(grid), "group_by symbol");
    await item(grid, "columns", "price").focus();
    await press(" ");
    await press("ArrowUp");
    await press("ArrowUp");
    await grid.until(() => items(grid, "columns"), (list) => list.join() === "price,id,side,quantity,day");
    await press("Escape");
    await grid.until(() => items(grid, "columns"), (list) => list.join() === "id,side,price,quantity,day");
    await item(grid, "columns", "day").focus();
    await press("Delete");
    await grid.until(() => items(grid, "columns"), (list) => list.join() === "id,side,price,quantity");
    await item(grid, "all", "day").focus();
    await press("Enter");
    await grid.until(() => items(grid, "columns"), (list) => list.join() === "id,side,price,quantity,day");
  }));

test("formats, colours and filters in the panel", () =>
  withGrid(async (grid) => {
    await grid.button("Columns and groups").click();
    await grid.button("Format and colour of price").click();
    const settings = grid.element.getByRole("group", { name: "Format and colour of price" });
    await settings.getByLabel("Format").selectOption("currency");
    await grid.untilColumn("price", ["$1.50", "$20.00"]);
    await settings.getByRole("textbox", { name: "Currency" }).fill("??");
    await settings.getByRole("textbox", { name: "Currency" }).press("Enter");
    await settings.getByRole("alert").waitFor();
    assert.match(await settings.getByRole("alert").textContent(), /format of column "price" cannot be used/);
    await settings.getByLabel("Colour").selectOption("bar");
    await grid.until(() => grid.page.locator("td[data-shade=bar-up]").count(), (count) => count > 3);
    await grid.element.getByLabel("Add a filter").selectOption("side");
    await grid.element.getByLabel("Filter on side").fill("= sell");
    await grid.element.getByLabel("Filter on side").press("Enter");
    await grid.untilColumn("id", ["2", "3"]);
    await grid.button("Remove the filter on side").click();
    await grid.untilColumn("id", ["1", "2", "3", "4", "5", "6"]);
  }, { attributes: { locale: "en-US" } }));

test("expressions: the place of a mistake is shown while it is typed", () =>
  withGrid(async (grid) => {
    await grid.button("Columns and groups").click();
    await grid.button("+ New expression").click();
    const dialog = grid.element.getByRole("dialog");
    const text = dialog.getByLabel("Expression", { exact: true });
    const error = dialog.getByRole("alert");
    await dialog.getByLabel("Name of the expression").fill("value");
    await text.fill('"price" *\n  "quantty"');
    await grid.until(() => error.textContent(), (found) => found.startsWith("Line 2, column 3:"));
    assert.match(await error.textContent(), /Line 2, column 3: .*"quantty" does not exist/);
    assert.equal(await dialog.locator("mark").textContent(), '"quantty"');
    assert.equal(await text.getAttribute("aria-invalid"), "true");
    assert.equal(await dialog.getByRole("button", { name: "Save" }).isDisabled(), true);
    await error.click();
    assert.equal(await text.evaluate((area) => area.selectionStart), '"price" *\n  '.length);
    await text.fill('"price" * ');
    await grid.until(() => error.textContent(), (found) => /^Line 1, column \d+: ./.test(found));
    await dialog.getByRole("button", { name: "quantity", exact: true }).click();
    await dialog.getByText("The result is of type float.").waitFor();
    await dialog.getByLabel("Name of the expression").fill("price");
    await grid.until(() => error.textContent(), (found) => found === "there is a column “price” already");
    await dialog.getByLabel("Name of the expression").fill("value");
    await text.press("Control+Enter");
    await grid.untilColumn("value", ["15.00", "400.00", "75.00"]);
    await item(grid, "all", "value").focus();
    await grid.page.keyboard.press("F2");
    await text.fill('"price" + 1');
    await dialog.getByRole("button", { name: "Save" }).click();
    await grid.untilColumn("value", ["2.50", "21.00"]);
    await grid.button("Edit the expression value").click();
    await dialog.getByRole("button", { name: "Delete" }).click();
    await grid.until(() => grid.header("value").count(), (count) => count === 0);
    assert.deepEqual((await grid.save()).expressions, {});
  }, { attributes: { locale: "en-US" } }));

const rowOf = (grid, id) =>
  grid.page.evaluate(async (key) => {
    const view = await window.table.view({ filter: [["id", "==", key]] });
    const [row] = await view.to_json();
    await view.delete();
    return row;
  }, id);

test("editing: checked at the cell, sent to the table, moved on by Enter and Tab", () =>
  withGrid(async (grid) => {
    await grid.untilColumn("id", ["1"]);
    const box = grid.page.locator(".cell-editor input");
    const error = grid.page.locator(".cell-editor [role=alert]");
    await grid.cell(1, 3).dblclick();
    assert.equal(await box.inputValue(), "20");
    await box.fill("cheap");
    await box.press("Enter");
    await error.waitFor();
    assert.equal(await error.textContent(), '"cheap" is not a number');
    assert.equal(await box.getAttribute("aria-invalid"), "true");
    assert.equal((await rowOf(grid, 2)).price, 20);
    await box.fill("21.25");
    await box.press("Enter");
    await grid.untilColumn("price", ["1.50", "21.25"]);
    assert.equal((await rowOf(grid, 2)).price, 21.25);
    // Typing begins an edit; Tab goes to the next column.
    await grid.until(() => grid.active(), (active) => active?.text === "2.50");
    await grid.page.keyboard.type("7");
    await box.press("Tab");
    await grid.untilColumn("price", ["1.50", "21.25", "7.00"]);
    await grid.until(() => grid.active(), (active) => active?.text === "30" && active.column === 5);
    await grid.page.keyboard.press("F2");
    await box.fill("99");
    await box.press("Escape");
    assert.equal(await box.isVisible(), false);
    assert.equal((await rowOf(grid, 3)).quantity, 30);
    // An empty box is null; a date is checked as a date.
    await grid.page.keyboard.press("Enter");
    await box.fill("");
    await box.press("Enter");
    await grid.until(() => rowOf(grid, 3), (row) => row.quantity === null);
    await grid.cell(0, 5).dblclick();
    await box.fill("2024-02-30");
    await box.press("Enter");
    await grid.until(() => error.textContent(), (text) => text.startsWith('"2024-02-30" is not a date'));
    await box.press("Escape");
    // The key of a row is not edited: that would make another row.
    await grid.cell(0, 0).dblclick();
    assert.equal(await box.isVisible(), false);
  }, { attributes: { editable: "", locale: "en-US" } }));

test("editing: a page's own rule, and the server's no, stand at the cell", () =>
  withGrid(async (grid) => {
    await grid.untilColumn("id", ["1"]);
    await grid.element.evaluate((element) => {
      window.edits = [];
      element.addEventListener("sightline-edit", ({ detail }) => window.edits.push(detail));
      element.validator = (value, { column }) =>
        column === "price" && value > 1000 ? `${value} is above the limit of 1000` : undefined;
    });
    const box = grid.page.locator(".cell-editor input");
    const error = grid.page.locator(".cell-editor [role=alert]");
    await grid.cell(0, 3).dblclick();
    await box.fill("5000");
    await box.press("Enter");
    await grid.until(() => error.textContent(), (text) => text === "5000 is above the limit of 1000");
    await grid.page.evaluate(() => {
      window.table.update = async () => {
        throw new Error("Abort(): updates are not permitted");
      };
    });
    await box.fill("500");
    await box.press("Enter");
    await grid.until(() => error.textContent(), (text) => text === "updates are not permitted");
    await grid.page.evaluate(() => {
      delete window.table.update;
    });
    await box.press("Enter");
    await grid.untilColumn("price", ["500.00"]);
    assert.deepEqual(await grid.page.evaluate(() => window.edits), [{ column: "price", key: 1, value: 500 }]);
  }, { attributes: { editable: "", locale: "en-US" } }));

test("rows without a key are edited by their number, and keep 64-bit integers exact", () =>
  withGrid(async (grid) => {
    await grid.untilColumn("name", ["one", "two"]);
    assert.deepEqual(await grid.column("big"), ["9,007,199,254,740,993", "2"]);
    await grid.cell(1, 0).dblclick();
    const box = grid.page.locator(".cell-editor input");
    await box.fill("9007199254740995");
    await box.press("Enter");
    await grid.untilColumn("big", ["9,007,199,254,740,993", "9,007,199,254,740,995"]);
    assert.equal(await grid.status.textContent(), "2 rows");
  }, {
    data: "big,name\n9007199254740993,one\n2,two\n",
    options: {},
    attributes: { editable: "", locale: "en-US" },
  }));

test("the selection grows by shift and by the mouse, is summed, and is copied", () =>
  withGrid(async (grid) => {
    await grid.untilColumn("id", ["1"]);
    await grid.element.evaluate((element) => {
      window.copies = [];
      element.addEventListener("sightline-copy", ({ detail }) => window.copies.push(detail.text));
    });
    const copied = async (text) => {
      await grid.until(() => grid.page.evaluate(() => window.copies.at(-1)), (found) => found === text);
    };
    await grid.cell(0, 1).click();
    await grid.page.keyboard.press("Control+c");
    await copied("AAA");
    await grid.cell(0, 3).click();
    await grid.cell(2, 4).click({ modifiers: ["Shift"] });
    assert.equal(await grid.page.locator("td[aria-selected=true]").count(), 6);
    await grid.page.locator(".status", { hasText: "6 cells   sum 84.00   mean 14.00" }).waitFor();
    await grid.page.keyboard.press("Control+c");
    await copied("price\tquantity\n1.5\t10\n20\t20\n2.5\t30");
    await grid.page.keyboard.press("Shift+ArrowUp");
    await grid.until(() => grid.page.locator("td[aria-selected=true]").count(), (count) => count === 4);
    await grid.cell(1, 1).hover();
    await grid.page.mouse.down();
    await grid.cell(2, 2).hover();
    await grid.page.mouse.up();
    await grid.until(() => grid.page.locator("td[aria-selected=true]").count(), (count) => count === 4);
    await grid.page.keyboard.press("Escape");
    await grid.until(() => grid.page.locator("td[aria-selected=true]").count(), (count) => count === 0);
    await grid.page.keyboard.press("Control+a");
    await grid.page.keyboard.press("Control+c");
    await grid.until(
      () => grid.page.evaluate(() => window.copies.at(-1)),
      (text) => text.split("\n").length === 7 && text.startsWith("id\tsymbol\tside") && text.endsWith("2024-01-06"),
    );
  }, { attributes: { locale: "en-US" } }));

test("a column is made wider by its edge, and its width is saved and restored", () =>
  withGrid(async (grid) => {
    await grid.untilColumn("id", ["1"]);
    const width = async () => Math.round((await grid.header("symbol").boundingBox()).width);
    const before = await width();
    const edge = await grid.header("symbol").locator(".rt-column-resize").boundingBox();
    await grid.page.mouse.move(edge.x + edge.width / 2, edge.y + 5);
    await grid.page.mouse.down();
    await grid.page.mouse.move(edge.x + edge.width / 2 + 60, edge.y + 5, { steps: 4 });
    await grid.until(width, (now) => now === before + 60);
    await grid.page.mouse.up();
    const saved = await grid.save();
    assert.deepEqual(saved.widths, { symbol: before + 60 });
    assert.deepEqual(saved.sort, [], "the edge is no header to sort by");
    await grid.restore({ widths: { symbol: 200 } });
    await grid.until(width, (now) => now === 200);
    // Another sorting opens another view: the width stays.
    await grid.header("price").click();
    await grid.untilColumn("id", ["6"]);
    assert.equal(await width(), 200);
  }));

test("the view is exported as CSV, JSON, JSON lines and Arrow", () =>
  withGrid(async (grid) => {
    await grid.untilLabels(["Total", "AAA", "BBB", "CCC"]);
    const file = async (name) => {
      await grid.button("Export the view").click();
      const waiting = grid.page.waitForEvent("download");
      await grid.button(name).click();
      const done = await waiting;
      return { name: done.suggestedFilename(), bytes: await readFile(await done.path()) };
    };
    const csv = await file("CSV");
    assert.match(csv.name, /\.csv$/);
    assert.match(csv.bytes.toString(), /"AAA",100/);
    const json = await file("JSON");
    assert.deepEqual(JSON.parse(json.bytes.toString())[1], { __ROW_PATH__: ["AAA"], quantity: 100 });
    const lines = await file("JSON lines");
    assert.equal(lines.bytes.toString().trim().split("\n").length, 4);
    const arrow = await file("Arrow");
    assert.match(arrow.name, /\.arrow$/);
    assert.deepEqual(await tableFromIPC(grid.page, arrow.bytes), [210, 100, 70, 40]);
  }, { config: { group_by: ["symbol"], columns: ["quantity"] } }));

/** How many different colours are in the picture. */
const colours = (grid) =>
  grid.page.locator(".chart canvas").first().evaluate((canvas) => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return new Set(new Uint32Array(data.buffer)).size;
  });

test("line, bar, scatter and heat map of the current view, which follow it", () =>
  withGrid(async (grid) => {
    for (const [name, label] of [
      ["Line chart", "Line chart of price, quantity: 3 points"],
      ["Bar chart", "Bar chart of price, quantity: 3 points"],
      ["Scatter chart", "Scatter chart of quantity: 3 points"],
    ]) {
      await grid.button(name).click();
      await grid.element.getByRole("img", { name: label, exact: true }).waitFor();
      assert.ok((await colours(grid)) > 5, `${name} draws something`);
      assert.equal(await grid.button(name).getAttribute("aria-pressed"), "true");
    }
    await grid.button("Heat map").click();
    await grid.element.getByRole("img", { name: "Heat map of 3 rows by 2 columns, from 4.00 to 300.00" }).waitFor();
    await grid.page.evaluate(() => window.table.update([{ id: 7, symbol: "DDD", price: 5, quantity: 5 }]));
    await grid.element.getByRole("img", { name: /^Heat map of 4 rows by 2 columns, from / }).waitFor();
    await grid.restore({ group_by: [], columns: ["side"] });
    await grid.page.getByText("nothing to draw: show a column of numbers").waitFor();
    await grid.button("Table").click();
    await grid.untilColumn("side", ["buy", "sell", "sell"]);
  }, { config: { group_by: ["symbol"], columns: ["price", "quantity"] }, attributes: { locale: "en-US" } }));

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

/** What axe-core, a checker of accessibility, finds wrong with the page. */
async function complaints(grid) {
  await grid.page.evaluate(await readFile(AXE, "utf8"));
  return await grid.page.evaluate(async () => {
    const { violations } = await window.axe.run(document);
    return violations.map(({ id, nodes }) => `${id}: ${nodes[0].html.slice(0, 200)} ${nodes[0].failureSummary}`);
  });
}

test("a checker of accessibility finds nothing wrong, in light and dark", () =>
  withGrid(async (grid) => {
    await grid.untilColumn("id", ["1"]);
    assert.deepEqual(await complaints(grid), []);
    await grid.restore({ theme: "dark", panel: true, filter_row: true });
    await grid.element.getByLabel("Filter on price").waitFor();
    assert.deepEqual(await complaints(grid), []);
    await grid.restore({ group_by: ["symbol"], split_by: ["side"], columns: ["price", "quantity"], theme: "light" });
    await grid.untilLabels(["Total", "AAA", "BBB", "CCC"]);
    assert.deepEqual(await complaints(grid), []);
    await grid.button("+ New expression").click();
    assert.deepEqual(await complaints(grid), []);
  }));
