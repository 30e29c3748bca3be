// Tables of the server in a live grid: flat, grouped and split, filtered, sorted and drawn.

import { websocket } from "sightline";
import "sightline/grid";
import { attempt, fill, followTheme, say, serverUrl } from "./page.js";

const element = (id) => document.getElementById(id);
const grid = document.querySelector("sightline-table");

// What each table can be shown as; the reader goes on from there.
const PRESETS = {
    market: {
        Quotes: {
            formats: { bid: { digits: 2 }, ask: { digits: 2 }, last: { digits: 2 }, change: { digits: 3 } },
            colours: { change: "sign" },
            filter_row: true,
        },
        "Sectors and symbols": {
            group_by: ["sector", "symbol"],
            columns: ["last", "change", "volume"],
            aggregates: { last: "avg", change: "avg", volume: "sum" },
            formats: { change: { digits: 3 }, volume: { style: "compact", digits: 1 } },
            colours: { change: "sign" },
        },
        "Sectors by venue": {
            group_by: ["sector"],
            split_by: ["venue"],
            columns: ["change", "volume"],
            aggregates: { change: "avg", volume: "sum" },
            formats: { change: { digits: 3 }, volume: { style: "compact", digits: 1 } },
            colours: { change: { scale: [-2, 2] } },
        },
        "Heat map": {
            group_by: ["sector"],
            split_by: ["venue"],
            columns: ["change"],
            aggregates: { change: "avg" },
            formats: { change: { digits: 3 } },
            show_as: "heatmap",
        },
        "Bars by sector": {
            group_by: ["sector"],
            columns: ["volume"],
            aggregates: { volume: "sum" },
            show_as: "bar",
        },
    },
    superstore: {
        Orders: {
            formats: { Sales: { style: "currency", currency: "USD" }, Profit: { style: "currency", currency: "USD" } },
            colours: { Profit: "sign" },
            filter_row: true,
        },
        "Regions and categories": {
            group_by: ["Region", "Category", "Sub-Category"],
            columns: ["Sales", "Profit", "Quantity"],
            formats: { Sales: { style: "currency", currency: "USD", digits: 0 } },
            colours: { Profit: "sign", Sales: { bar: [0, 750000] } },
        },
        "Regions by category": {
            group_by: ["Region", "State"],
            split_by: ["Category"],
            columns: ["Sales", "Profit"],
            colours: { Profit: "sign" },
        },
        "Sales over time": {
            group_by: ["Order Date"],
            columns: ["Sales", "Profit"],
            show_as: "line",
        },
    },
};
const PLAIN = { Rows: {} };

/** Everything a preset may leave out, so that one does not show through the next. */
const BLANK = {
    columns: undefined,
    group_by: [],
    split_by: [],
    filter: [],
    sort: [],
    expressions: {},
    aggregates: {},
    formats: {},
    colours: {},
    show_as: "table",
    filter_row: false,
};

let updates = 0;
let counted;

async function choose(client, name) {
    const table = await client.open_table(name);
    const presets = PRESETS[name] ?? PLAIN;
    fill(element("preset"), Object.keys(presets));
    await grid.load(table, { ...BLANK, ...presets[element("preset").value] });
    const view = await table.view({ columns: [] });
    await view.on_update(() => {
        updates += 1;
    });
    await counted?.delete();
    counted = view;
}

async function show(presets) {
    await grid.restore({ ...BLANK, ...presets[element("preset").value] });
}

followTheme(element("theme"), grid);

await attempt(async () => {
    const client = await websocket(serverUrl());
    element("link").textContent = "connected";
    await client.on_error(() => {
        element("link").textContent = "connection lost, coming back…";
    });
    await client.on_reconnect(() => {
        element("link").textContent = "connected";
        say(undefined);
    });
    const names = await client.get_hosted_table_names();
    const tables = element("table");
    fill(tables, names.sort());
    tables.onchange = () => attempt(() => choose(client, tables.value));
    element("preset").onchange = () => attempt(() => show(PRESETS[tables.value] ?? PLAIN));
    await choose(client, tables.value);
});

let frames = 0;
const frame = () => {
    frames += 1;
    requestAnimationFrame(frame);
};
requestAnimationFrame(frame);

setInterval(() => {
    element("rate").textContent = `${updates} updates a second`;
    element("frames").textContent = `${frames} frames a second`;
    updates = 0;
    frames = 0;
}, 1000);
