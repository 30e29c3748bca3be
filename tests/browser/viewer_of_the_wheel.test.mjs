// The 5.6.1 viewer with its charts, as the perspective-python wheel ships it, on our Tornado server: another dialect
// of the protocol than the viewer from npm speaks, and drawn in part from Arrow.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { basename, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { withPage } from "../support/chromium.mjs";
import { python, withDemoServer, withOpenServer } from "../support/demo_server.mjs";

/** The folder with the bundle, in the environment that also runs the server. */
const STATIC = execFileSync(python(), [
  "-c",
  "import importlib.util, pathlib; spec = importlib.util.find_spec('perspective');" +
    "print(pathlib.Path(spec.origin).parent / 'widget' / 'static')",
])
  .toString()
  .trim();

const PAGE = `<!doctype html>
<meta charset="utf-8" />
<link rel="icon" href="data:," />
<link rel="stylesheet" href="/widget/perspective-anywidget.css" />
<style>body { margin: 0 } perspective-viewer { position: absolute; inset: 0 }</style>
<perspective-viewer></perspective-viewer>`;

let address;
let end;
let server;

before(async () => {
  await new Promise((ready, failed) => {
    server = withDemoServer((given) => {
      address = given;
      ready();
      return new Promise((resolve) => {
        end = resolve;
      });
    });
    server.catch(failed);
  });
});

after(async () => {
  end();
  await server;
});

/** A page with the viewer, its own client connected to a server over a websocket. */
const withViewer = (use, at = address) =>
  withPage(async (page) => {
    await page.route("**/widget/*", (route) =>
      route.fulfill({ path: join(STATIC, basename(new URL(route.request().url()).pathname)) }),
    );
    // A page of the server, so that the socket is to its own origin.
    await page.goto(`${at}demo/index.html`);
    await page.setContent(PAGE);
    await page.evaluate(async () => {
      const { ready } = await import("/widget/perspective-anywidget.js");
      await ready;
      await customElements.whenDefined("perspective-viewer");
      const { Client } = customElements.get("perspective-viewer").__wasm_module__;
      const socket = new WebSocket(new URL("/websocket", location.href).href.replace("http", "ws"));
      socket.binaryType = "arraybuffer";
      await new Promise((opened, failed) => {
        socket.onopen = opened;
        socket.onerror = () => failed(new Error("the websocket did not open"));
      });
      const client = new Client(
        async (request) => socket.send(request.slice()),
        () => socket.close(),
      );
      socket.onmessage = ({ data }) => client.handle_response(data);
      await document.querySelector("perspective-viewer").load(client);
    });
    return await use(page);
  });

const restore = (page, config) =>
  page.evaluate(async (wanted) => {
    const viewer = document.querySelector("perspective-viewer");
    await viewer.restore(wanted);
    await viewer.flush();
  }, config);

const rows = async (page) => {
  const texts = await page.locator("regular-table tbody tr").allInnerTexts();
  return texts.map((text) => text.split("\t").filter((cell) => cell !== ""));
};

async function until(page, read, check) {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const value = await read();
    if (check(value)) return value;
    if (Date.now() > deadline) {
      throw new Error(`what was waited for did not come; last seen: ${JSON.stringify(value)}`);
    }
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(resolve)));
  }
}

const shows = (page, expected) =>
  until(
    page,
    () => rows(page),
    (seen) => isDeepStrictEqual(seen, expected),
  );

/** How many pixels of the page have a colour that is not a grey, by colour, the frequent ones only. */
async function colours(page) {
  const shot = (await page.screenshot()).toString("base64");
  return await page.evaluate(async (png) => {
    const bytes = Uint8Array.from(atob(png), (letter) => letter.charCodeAt(0));
    const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
    canvas.drawImage(bitmap, 0, 0);
    const { data } = canvas.getImageData(0, 0, bitmap.width, bitmap.height);
    const counts = {};
    for (let at = 0; at < data.length; at += 4) {
      const [red, green, blue] = data.subarray(at, at + 3);
      if (Math.max(red, green, blue) - Math.min(red, green, blue) > 60) {
        const colour = `${red},${green},${blue}`;
        counts[colour] = (counts[colour] ?? 0) + 1;
      }
    }
    return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 200));
  }, shot);
}

const BASE = {
  table: "superstore",
  plugin: "Datagrid",
  settings: false,
  group_by: [],
  split_by: [],
  filter: [],
  sort: [],
  expressions: {},
  aggregates: {},
};

describe("the viewer of the wheel over the websocket", () => {
  test("groups, splits, sorts and filters", () =>
    withViewer(async (page) => {
      await restore(page, { ...BASE, group_by: ["Region"], split_by: ["Category"], columns: ["Sales"], sort: [["Sales", "desc"]] });
      await shows(page, [
        ["TOTAL", "741,999.80", "719,047.03", "836,154.03"],
        ["West", "252,612.74", "220,853.25", "251,991.83"],
        ["East", "208,291.20", "205,516.06", "264,973.98"],
        ["Central", "163,797.16", "167,026.42", "170,416.31"],
        ["South", "117,298.68", "125,651.31", "148,771.91"],
      ]);
      await restore(page, {
        ...BASE,
        group_by: ["Region"],
        columns: ["Sales"],
        aggregates: { Sales: "count" },
        filter: [["Category", "==", "Technology"]],
      });
      await shows(page, [
        ["TOTAL", "1,847"],
        ["Central", "420"],
        ["East", "535"],
        ["South", "293"],
        ["West", "599"],
      ]);
    }));

  test("computes expressions, describes them first, and windows", () =>
    withViewer(async (page) => {
      await restore(page, {
        ...BASE,
        columns: ["Row ID", "twice", "running"],
        filter: [["Row ID", "<=", 3]],
        expressions: { twice: '"Row ID" * 2' },
        windows: { running: { column: "Row ID", aggregate: "sum", cumulative: true, order_by: ["Row ID", "asc"] } },
      });
      await shows(page, [
        ["1", "2.00", "1.00"],
        ["2", "4.00", "3.00"],
        ["3", "6.00", "6.00"],
      ]);
      const refused = await page.evaluate(async () => {
        const viewer = document.querySelector("perspective-viewer");
        return await viewer.restore({ expressions: { broken: '"Row ID" +' }, columns: ["broken"] }).then(
          () => "accepted",
          (error) => String(error.message ?? error),
        );
      });
      assert.match(refused, /Premature end of expression|broken/);
    }));

  test("every aggregate that it offers for a number is understood", () =>
    withViewer(async (page) => {
      await restore(page, { ...BASE, group_by: ["Region"], columns: ["Quantity"], aggregates: { Quantity: "sum or zero" } });
      await shows(page, [
        ["TOTAL", "37,873"],
        ["Central", "8,780"],
        ["East", "10,618"],
        ["South", "6,209"],
        ["West", "12,266"],
      ]);
    }));

  test("shows updates as they come", () =>
    withViewer(async (page) => {
      await restore(page, { ...BASE, table: "market", group_by: ["venue"], columns: ["volume"] });
      const before = await until(
        page,
        () => rows(page),
        (seen) => seen.length === 6,
      );
      await until(
        page,
        () => rows(page),
        (now) => now.length === 6 && now.join() !== before.join(),
      );
    }));

  test("a session that may only look cannot edit", () =>
    withViewer(async (page) => {
      await restore(page, { ...BASE, columns: ["Row ID"] });
      const message = await page.evaluate(async () => {
        const table = await document.querySelector("perspective-viewer").getTable();
        return await table.update([{ "Row ID": 1 }]).then(
          () => "accepted",
          (error) => error.message,
        );
      });
      assert.match(message, /permission denied/);
    }));

  test("an edited cell changes the table, and what others see of it", () =>
    withOpenServer((at) =>
      withViewer(async (page) => {
        const config = { ...BASE, table: "orders", plugin_config: { edit_mode: "EDIT" }, columns: ["id", "item", "price"], filter: [["id", "<", 2]] };
        await restore(page, config);
        await shows(page, [
          ["0", "apple", "1.50"],
          ["1", "bread", "1.50"],
        ]);
        await page.evaluate(async () => {
          const table = await document.querySelector("perspective-viewer").getTable();
          const view = await table.view({ filter: [["id", "==", 1]] });
          window.told = new Promise((told) => view.on_update(async () => told((await view.to_json())[0].item)));
          await view.num_rows();
        });
        await page.locator("regular-table tbody tr").nth(1).locator("td").nth(1).click();
        await page.keyboard.press("Control+A");
        await page.keyboard.type("figs");
        await page.keyboard.press("Enter");
        assert.equal(await page.evaluate(() => window.told), "figs");
        await shows(page, [
          ["0", "apple", "1.50"],
          ["1", "figs", "1.50"],
        ]);
      }, at),
    ));

  test("draws charts of grouped and split data", () =>
    withViewer(async (page) => {
      const drawn = { group_by: ["Region"], split_by: ["Category"] };
      // Colours come from the second column in the last two.
      const kinds = { "Y Bar": ["Sales"], "X Bar": ["Sales"], "Y Area": ["Sales"], Treemap: ["Sales", "Profit"], Heatmap: ["Sales", "Profit"] };
      for (const [plugin, columns] of Object.entries(kinds)) {
        await restore(page, { ...BASE, ...drawn, columns, plugin });
        await until(
          page,
          () => colours(page),
          (found) => Object.keys(found).length >= 3,
        ).catch((error) => {
          throw new Error(`${plugin}: ${error.message}`);
        });
      }
    }));

  test("draws charts anew when rows change", () =>
    withViewer(async (page) => {
      await restore(page, { ...BASE, table: "market", plugin: "Y Bar", group_by: ["venue"], columns: ["change"], aggregates: { change: "avg" } });
      const before = await until(
        page,
        () => colours(page),
        (found) => Object.keys(found).length > 0,
      );
      await until(
        page,
        () => colours(page),
        (now) => Object.keys(now).length > 0 && !isDeepStrictEqual(now, before),
      );
    }));
});
