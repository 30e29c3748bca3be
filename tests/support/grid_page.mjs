// A page with nothing but `<sightline-table>` on the page's own engine, under the strictest content security policy.
//
// In: what table to show and how. Out: `withGrid`, which gives a test a `Grid`: the page, and what a reader sees in it.

import { fileURLToPath } from "node:url";
import { withPage } from "./chromium.mjs";
import { STRICT_CSP, withStaticServer } from "./static_server.mjs";

const WWW = fileURLToPath(new URL("../../www", import.meta.url));
const PAGE = `<!doctype html><html lang="en"><head><title>Grid</title>
<script type="module" src="/dist/grid.js"></script></head>
<body><main><h1>Trades</h1><sightline-table label="Trades"></sightline-table></main></body></html>`;

/** Waits until `read` gives something that passes `check`, and gives it back. */
export async function until(page, read, check) {
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

/** What a reader sees of a `<sightline-table>`, and does with it. */
export class Grid {
  constructor(page) {
    this.page = page;
    this.element = page.locator("sightline-table");
    this.scroller = page.locator("sightline-regular-table");
    this.message = page.locator("sightline-table .message");
    this.status = page.locator("sightline-table .status span").first();
  }

  header(name) {
    return this.page.locator(`sightline-regular-table thead th[data-column="${name}"]`).first();
  }

  labels() {
    return this.page.locator("sightline-regular-table tbody th").allInnerTexts();
  }

  /** The texts of the body, row by row, without row headers. */
  rows() {
    return this.scroller.evaluate((scroller) =>
      [...scroller.querySelectorAll("tbody tr")].map((row) =>
        [...row.querySelectorAll("td")].map((cell) => cell.textContent),
      ),
    );
  }

  /** The texts of one column, by the name in the lowest header row. */
  column(name) {
    return this.scroller.evaluate((scroller, wanted) => {
      const heads = [...scroller.querySelectorAll("thead th[data-column]")];
      const at = heads.findIndex((head) => head.dataset.column === wanted);
      const cells = [...scroller.querySelectorAll("tbody tr")].map((row) => row.querySelectorAll("td")[at]);
      return at < 0 ? [] : cells.map((cell) => cell?.textContent ?? "");
    }, name);
  }

  cell(row, column) {
    return this.page.locator("sightline-regular-table tbody tr").nth(row).locator("td").nth(column);
  }

  /** The cell that assistive technology is told of. */
  active() {
    return this.scroller.evaluate((scroller) => {
      const id = scroller.getAttribute("aria-activedescendant");
      const cell = id === null ? null : scroller.querySelector(`#${id}`);
      return cell === null
        ? undefined
        : {
            text: cell.textContent.trim(),
            role: cell.getAttribute("role"),
            column: Number(cell.getAttribute("aria-colindex")),
            row: Number(cell.closest("tr").getAttribute("aria-rowindex")),
          };
    });
  }

  until(read, check) {
    return until(this.page, read, check);
  }

  /** Waits for the texts of a column. */
  async untilColumn(name, texts) {
    await this.until(
      () => this.column(name),
      (found) => found.slice(0, texts.length).join() === texts.join(),
    );
  }

  async untilLabels(texts) {
    await this.until(
      () => this.labels(),
      (found) => found.join() === texts.join(),
    );
  }

  restore(config) {
    return this.element.evaluate((grid, change) => grid.restore(change), config);
  }

  save() {
    return this.element.evaluate((grid) => grid.save());
  }

  focus() {
    return this.scroller.focus();
  }

  button(name) {
    return this.element.getByRole("button", { name, exact: true });
  }
}

export const TRADES = {
  id: [1, 2, 3, 4, 5, 6],
  symbol: ["AAA", "BBB", "AAA", "CCC", "BBB", "AAA"],
  side: ["buy", "sell", "sell", "buy", "buy", "buy"],
  price: [1.5, 20, 2.5, 300, 25, null],
  quantity: [10, 20, 30, 40, 50, 60],
  day: ["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-04", "2024-01-05", "2024-01-06"],
};

/**
 * Opens the page, loads a table of `data` and runs `use(grid)`. The page keeps `window.client` and `window.table`.
 */
export function withGrid(use, { data = TRADES, options = { index: "id" }, config = {}, attributes = {}, ...page } = {}) {
  const serve = { headers: { "content-security-policy": STRICT_CSP }, pages: { "/grid.html": PAGE } };
  return withStaticServer(
    WWW,
    (address) =>
      withPage(async (opened) => {
        await opened.goto(`${address}grid.html`);
        await opened.evaluate(
          async ([given, tableOptions, first, names]) => {
            document.body.style.margin = "0";
            const grid = document.querySelector("sightline-table");
            grid.style.height = "600px";
            await customElements.whenDefined("sightline-table");
            for (const [name, value] of Object.entries(names)) {
              grid.setAttribute(name, value);
            }
            const { worker } = await import("/dist/index.js");
            window.client = await worker();
            window.table = await window.client.table(given, tableOptions);
            await grid.restore(first);
            await grid.load(window.table);
          },
          [data, options, config, attributes],
        );
        return await use(new Grid(opened));
      }, page),
    serve,
  );
}
