// A file of the reader in an engine that runs in a worker of this page. No server is involved.

import { worker } from "sightline";
import "sightline/grid";
import { formatOf } from "./file_format.js";
import { attempt, followTheme } from "./page.js";

const element = (id) => document.getElementById(id);
const grid = document.querySelector("sightline-table");
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

/** Reads a file into a table of the page's own engine. */
async function read(name, bytes) {
    client ??= await worker();
    const format = formatOf(name, bytes);
    if (format === "parquet") {
        const { parquetTable } = await import("./parquet.js");
        return await parquetTable(client, bytes);
    }
    return await client.table(bytes, { format });
}

async function load(name, bytes) {
    const started = performance.now();
    element("time").textContent = `reading ${name}…`;
    let made;
    try {
        made = await read(name, bytes);
        await grid.load(made);
    } catch (error) {
        element("time").textContent = "";
        throw new Error(`${name} cannot be read: ${String(error.message).replace(/^Abort\(\): /, "")}`);
    }
    const ms = performance.now() - started;
    const before = table;
    table = made;
    drop.hidden = true;
    const size = (bytes.byteLength / 1e6).toFixed(1);
    element("time").textContent = `${name}: ${size} MB read and shown in ${ms.toFixed(0)} ms`;
    const { used_size } = await client.system_info();
    element("memory").textContent = `engine holds ${(used_size / 1e6).toFixed(1)} MB`;
    await before?.delete({ lazy: true });
}

const open = (file) => attempt(async () => load(file.name, new Uint8Array(await file.arrayBuffer())));

followTheme(element("theme"), grid);

element("file").onchange = ({ target }) => {
    if (target.files.length > 0) {
        open(target.files[0]);
    }
};
element("sample").onclick = () => attempt(() => load("cities.csv", new TextEncoder().encode(SAMPLE)));

document.ondragover = (event) => {
    if (event.dataTransfer.types.includes("Files")) {
        event.preventDefault();
        document.body.classList.add("dragging");
    }
};
document.ondragleave = (event) => {
    if (event.relatedTarget === null) {
        document.body.classList.remove("dragging");
    }
};
document.ondrop = (event) => {
    document.body.classList.remove("dragging");
    const [file] = event.dataTransfer.files;
    if (file !== undefined) {
        event.preventDefault();
        open(file);
    }
};
