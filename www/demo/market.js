// Tables of the server in a live grid: flat, grouped and split, filtered and sorted.

import { websocket } from "sightline";
import { Grid } from "./grid.js";
import { attempt, fill, say, serverUrl } from "./page.js";

const element = (id) => document.getElementById(id);
const controls = ["table", "group", "then", "split", "column", "operator", "operand"].map(element);
const [tableChoice, groupChoice, thenChoice, splitChoice, filterColumn, filterOperator, filterOperand] = controls;

const grid = new Grid(document.querySelector("regular-table"));
let table;
let schema = {};
let sort;
let updates = 0;

grid.onerror = say;
grid.ondraw = (rows) => {
    element("rows").textContent = `${rows.toLocaleString()} rows`;
};
grid.onsort = (column) => {
    const next = { asc: "desc", desc: undefined }[sort?.[0] === column ? sort[1] : ""];
    sort = sort?.[0] === column ? next && [column, next] : [column, "asc"];
    attempt(show);
};

function operators(type) {
    const ordered = ["==", "!=", ">", ">=", "<", "<="];
    const missing = ["is null", "is not null"];
    return type === "string" ? [...ordered, "contains", "begins with", ...missing] : [...ordered, ...missing];
}

function filter() {
    const column = filterColumn.value;
    const operator = filterOperator.value;
    if (operator.startsWith("is ")) {
        return [[column, operator]];
    }
    if (column === "" || filterOperand.value === "") {
        return [];
    }
    const type = schema[column];
    const operand = { integer: Number, float: Number, boolean: (text) => text === "true" }[type] ?? String;
    return [[column, operator, operand(filterOperand.value)]];
}

async function show() {
    const group_by = [groupChoice.value, thenChoice.value].filter((name, at, all) => name && all.indexOf(name) === at);
    const split_by = splitChoice.value === "" ? [] : [splitChoice.value];
    // Texts and keys say nothing when rows are put together.
    const columns = Object.keys(schema).filter(
        (name) => (group_by.length === 0 && split_by.length === 0) || schema[name] === "float" || name === "volume",
    );
    const view = await table.view({
        columns,
        group_by,
        split_by,
        filter: filter(),
        sort: sort !== undefined && columns.includes(sort[0]) ? [sort] : [],
        aggregates: Object.fromEntries(columns.map((name) => [name, name === "volume" ? "sum" : "mean"])),
        ...(group_by.length === 0 ? {} : { group_by_depth: 1 }),
    });
    await view.on_update(() => {
        updates += 1;
    });
    grid.sort = sort;
    await grid.show(view);
}

async function choose(client, name) {
    table = await client.open_table(name);
    schema = await table.schema();
    sort = undefined;
    const texts = Object.keys(schema).filter((column) => schema[column] === "string");
    for (const choice of [groupChoice, thenChoice, splitChoice]) {
        fill(choice, [["none", ""], ...texts]);
    }
    fill(filterColumn, [["none", ""], ...Object.keys(schema)]);
    fill(filterOperator, operators(undefined));
    filterOperand.value = "";
    await show();
}

await attempt(async () => {
    const client = await websocket(serverUrl());
    element("link").textContent = "connected";
    await client.on_error((error) => {
        element("link").textContent = "connection lost, coming back...";
        say(error);
    });
    await client.on_reconnect(() => {
        element("link").textContent = "connected";
        say(undefined);
    });
    const names = await client.get_hosted_table_names();
    fill(tableChoice, names.sort());
    tableChoice.onchange = () => attempt(() => choose(client, tableChoice.value));
    filterColumn.onchange = () => {
        fill(filterOperator, operators(schema[filterColumn.value]));
        attempt(show);
    };
    for (const control of [groupChoice, thenChoice, splitChoice, filterOperator, filterOperand]) {
        control.onchange = () => attempt(show);
    }
    await choose(client, tableChoice.value);
});

setInterval(() => {
    element("rate").textContent = `${updates} updates a second`;
    updates = 0;
}, 1000);
