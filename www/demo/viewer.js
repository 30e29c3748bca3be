// Perspective's viewer from npm, unchanged, on this engine. Its own client is used throughout: all that is ours is at
// the other end of the websocket, or in the worker that is handed to it.

import "@perspective-dev/viewer";
import "@perspective-dev/viewer-datagrid";
import perspective from "@perspective-dev/client";
import { engineWasm, engineWorker } from "sightline";
import { attempt, fill, say, serverUrl } from "./page.js";

const viewer = document.querySelector("perspective-viewer");
const engineChoice = document.getElementById("engine");
const tableChoice = document.getElementById("table");

// The viewer's client is made of the viewer's own WebAssembly: it must be there first.
await customElements.whenDefined("perspective-viewer");
perspective.init_server(engineWasm, true);

/** A client of the viewer on an engine in this page, with a table of made-up orders that grows every second. */
async function local() {
    const client = await perspective.worker(engineWorker());
    const start = Date.now();
    const order = (id) => ({
        id,
        item: ["apple", "bread", "cheese", "dates", "eggs"][(id * 7) % 5],
        shop: ["North", "South", "West"][(id * 11) % 3],
        count: 1 + ((id * 13) % 9),
        price: 1 + ((id * 17) % 400) / 25,
        at: start + id * 1000,
    });
    const orders = Array.from({ length: 500 }, (_, id) => order(id));
    const schema = { id: "integer", item: "string", shop: "string", count: "integer", price: "float", at: "datetime" };
    const table = await client.table(schema, { name: "orders", index: "id" });
    await table.update(orders);
    setInterval(() => {
        orders.push(order(orders.length));
        attempt(() => table.update(orders.slice(-1)));
    }, 1000);
    return client;
}

/** What the page says for as long as it is without its server. */
let lost;

/** A client of the viewer on the server. Should it be lost, the page says so, and what brings it back. */
async function remote() {
    const client = await perspective.websocket(serverUrl());
    await client.on_error((error) => {
        lost = `The connection to the server is lost (${error.message}). Load the page again when the server is back.`;
        say(lost);
    });
    return client;
}

/** Runs an action of the reader. That it went well does not mean that the server is back. */
async function act(action) {
    await attempt(action);
    if (lost !== undefined && engineChoice.value === "remote") {
        say(lost);
    }
}

const clients = { remote: undefined, local: undefined };

async function open() {
    const kind = engineChoice.value;
    clients[kind] ??= kind === "local" ? local() : remote();
    const client = await clients[kind].catch((error) => {
        // Asked again, it may be there.
        clients[kind] = undefined;
        // The reference rejects with a text.
        throw error instanceof Error ? error : new Error(String(error));
    });
    const names = (await client.get_hosted_table_names()).sort();
    fill(tableChoice, names);
    await viewer.load(client);
    await show();
}

async function show() {
    await viewer.restore({ table: tableChoice.value, plugin: "Datagrid", settings: true });
}

engineChoice.onchange = () => act(open);
tableChoice.onchange = () => act(show);
await act(open);
