// A file of the reader in an engine that runs in a worker of this page. No server is involved.

import { worker } from "sightline";
import { Grid } from "./grid.js";
import { attempt, fill, say } from "./page.js";

const element = (id) => document.getElementById(id);
const grid = new Grid(document.querySelector("regular-table"));
const drop = document.querySelector(".drop");

const SAMPLE = `city,country,year,people,area
Amsterdam,Netherlands,2023,931298,219.3
Berlin,Germany,2023,3878100,891.1
Lisbon,Portugal,2021,545796,100.1
Madrid,Spain,2023,3332035,604.3
Munich,Germany,2023,1510378,310.7
Oslo,Norway,2023,717710,454.1
Porto,Portugal,2021,231800,41.4
Rotterdam,Netherlands,2023,663900,217.6
Seville,Spain,2023,684025,140.8
`;

let client;
let table;
let schema = {};
let sort;

grid.onerror = say;
grid.ondraw = (rows) => {
    element("rows").textContent = `${rows.toLocaleString()} rows`;
};
grid.onsort = (column) => {
    const next = { asc: "desc", desc: undefined }[sort?.[0] === column ? sort[1] : ""];
    sort = sort?.[0] === column ? next && [column, next] : [column, "asc"];
    attempt(show);
};

/** What the engine should take a file for: its name says. */
function formatOf(name) {
    const ending = name.slice(name.lastIndexOf(".") + 1).toLowerCase();
    const format = { csv: "csv", tsv: "csv", json: "json", ndjson: "ndjson", jsonl: "ndjson" }[ending];
    return format ?? "arrow";
}

async function load(name, bytes) {
    client ??= await worker();
    const format = formatOf(name);
    const isColumns = format === "json" && new TextDecoder().decode(bytes.slice(0, 64)).trimStart().startsWith("{");
    const started = performance.now();
    const made = await client.table(bytes, { format: isColumns ? "columns" : format });
    const ms = performance.now() - started;
    const before = table;
    table = made;
    schema = await table.schema();
    sort = undefined;
    element("expression").value = "";
    for (const choice of [element("group"), element("split")]) {
        fill(choice, [["none", ""], ...Object.keys(schema)]);
    }
    await show();
    drop.hidden = true;
    const size = (bytes.byteLength / 1e6).toFixed(1);
    element("time").textContent = `${name}: ${size} MB read in ${ms.toFixed(0)} ms`;
    const { used_size } = await client.system_info();
    element("memory").textContent = `engine holds ${(used_size / 1e6).toFixed(1)} MB`;
    await before?.delete({ lazy: true });
}

async function show() {
    if (table === undefined) {
        return;
    }
    const chosen = (id) => (element(id).value === "" ? [] : [element(id).value]);
    const text = element("expression").value;
    const view = await table.view({
        group_by: chosen("group"),
        split_by: chosen("split"),
        sort: sort === undefined ? [] : [sort],
        expressions: text === "" ? {} : { [text]: text },
    });
    grid.sort = sort;
    await grid.show(view);
}

async function take(file) {
    await load(file.name, await file.arrayBuffer());
}

element("file").onchange = (event) => attempt(() => take(event.target.files[0]));
element("sample").onclick = () => attempt(() => load("cities.csv", new TextEncoder().encode(SAMPLE).buffer));
for (const id of ["group", "split", "expression"]) {
    element(id).onchange = () => attempt(show);
}
document.addEventListener("dragover", (event) => {
    event.preventDefault();
    document.body.classList.add("dragging");
});
document.addEventListener("dragleave", () => document.body.classList.remove("dragging"));
document.addEventListener("drop", (event) => {
    event.preventDefault();
    document.body.classList.remove("dragging");
    const [file] = event.dataTransfer.files;
    if (file !== undefined) {
        attempt(() => take(file));
    }
});
