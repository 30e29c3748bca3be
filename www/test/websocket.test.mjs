// Clients over real websockets: what they go through when the line breaks.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { websocket } from "../dist/node.js";
import { BACKENDS } from "./support/backends.mjs";
import { serveSockets } from "./support/socket_server.mjs";

const QUICK = { reconnect_delay: 1, reconnect_delay_max: 5 };

function signal() {
    let resolve;
    const promise = new Promise((settle) => {
        resolve = settle;
    });
    return { promise, resolve };
}

/** The client once it has come back after `act` broke its line. */
async function afterOutage(client, act) {
    const back = signal();
    const id = await client.on_reconnect(back.resolve);
    await act();
    await back.promise;
    await client.remove_callback(id);
}

for (const makeBackend of BACKENDS) {
    const backend = makeBackend();
    describe(`websocket to ${backend.name}`, () => {
        const servers = [];
        const clients = [];
        after(async () => {
            for (const client of clients) {
                client.terminate();
            }
            for (const server of servers) {
                await server.close();
            }
            await backend.close();
        });
        const served = async () => {
            const server = await serveSockets(backend.makeSession);
            servers.push(server);
            return server;
        };
        const connected = async (server, options = QUICK) => {
            const client = await websocket(server.url, options);
            clients.push(client);
            return client;
        };

        test("views and subscriptions outlive an outage", async () => {
            const server = await served();
            const client = await connected(server);
            const owner = await backend.connect();
            const source = await owner.table({ id: [1, 2], price: [1.5, 2.5] }, { index: "id" });
            const table = await client.open_table(await source.get_name());
            const view = await table.view({ columns: ["price"], sort: [["price", "desc"]] });
            const plain = signal();
            const plainId = await view.on_update(plain.resolve);
            let rows = signal();
            await view.on_update((data) => rows.resolve(data), { mode: "row" });
            await view.num_rows();

            await afterOutage(client, () => server.cut());
            // Each subscriber hears that something may have changed; one that wants rows is given all of them.
            assert.equal((await plain.promise).delta, null);
            const { delta } = await rows.promise;
            const whole = await owner.table(delta);
            assert.deepEqual(await (await whole.view()).to_columns(), { price: [2.5, 1.5] });

            rows = signal();
            await source.update([{ id: 1, price: 9.5 }]);
            const next = await owner.table((await rows.promise).delta);
            assert.deepEqual(await (await next.view()).to_columns(), { price: [9.5] });
            assert.deepEqual(await view.to_columns(), { price: [9.5, 2.5] });
            await view.remove_update(plainId);
            await view.delete();
            await assert.rejects(view.num_rows(), { message: "View not found" });
        });

        test("depth, removals, deletions and hosted tables are heard of as before", async () => {
            const server = await served();
            const client = await connected(server);
            const owner = await backend.connect();
            const source = await owner.table({ id: [1, 2], group: ["a", "b"] }, { index: "id" });
            const table = await client.open_table(await source.get_name());
            const view = await table.view({ group_by: ["group", "id"], columns: [] });
            await view.set_depth(0);
            const removed = signal();
            const viewGone = signal();
            const tableGone = signal();
            let hosted = signal();
            await view.on_remove(removed.resolve);
            await view.on_delete(viewGone.resolve);
            await table.on_delete(tableGone.resolve);
            await client.on_hosted_tables_update(() => hosted.resolve());
            const rows = await view.num_rows();

            await afterOutage(client, () => server.cut());
            assert.equal(await view.num_rows(), rows);
            await source.remove([1]);
            await removed.promise;
            hosted = signal();
            await owner.table({ a: "integer" });
            await hosted.promise;
            await view.delete();
            await viewGone.promise;
            await source.delete({ lazy: true });
            await tableGone.promise;
        });

        test("a call under way fails, a call during the outage waits", async () => {
            const server = await served();
            const client = await connected(server);
            const owner = await backend.connect();
            const source = await owner.table({ id: [1, 2] });
            const table = await client.open_table(await source.get_name());
            const lost = signal();
            await client.on_error((error, reconnect) => lost.resolve({ error, reconnect }));
            server.cut();
            const underWay = table.size();
            await assert.rejects(underWay, { message: /^Transport error: WebSocket closed 1006/ });
            assert.equal(await table.size(), 2);
            const { error, reconnect } = await lost.promise;
            assert.match(error.message, /^Unknown error: WebSocket closed 1006/);
            assert.equal(typeof reconnect, "function");
        });

        test("a table that is gone ends its views and says so", async () => {
            const server = await served();
            const client = await connected(server);
            const owner = await backend.connect();
            const doomed = await owner.table({ id: [1, 2] });
            const kept = await owner.table({ id: [1, 2, 3] });
            const doomedView = await (await client.open_table(await doomed.get_name())).view();
            const keptView = await (await client.open_table(await kept.get_name())).view();
            await doomedView.num_rows();
            const said = [];
            await client.on_error((error) => said.push(error.message));
            await afterOutage(client, async () => {
                await server.down();
                await doomed.delete();
                server.up();
            });
            assert.equal(await keptView.num_rows(), 3);
            await assert.rejects(doomedView.num_rows(), { message: "View not found" });
            assert.ok(said.some((message) => message.includes(" could not be opened again: ")));
        });

        test("without automatic reconnect the error callback holds the way back", async () => {
            const server = await served();
            const client = await connected(server, { reconnect: false });
            const owner = await backend.connect();
            const source = await owner.table({ id: [1, 2] });
            const view = await (await client.open_table(await source.get_name())).view();
            const lost = signal();
            await client.on_error((_, reconnect) => lost.resolve(reconnect));
            server.cut();
            const reconnect = await lost.promise;
            await assert.rejects(view.num_rows(), { message: "Transport error: the connection is closed" });
            await reconnect();
            assert.equal(await view.num_rows(), 2);
        });

        test("waiting calls fail when the attempts are used up", async () => {
            const server = await served();
            const client = await connected(server, { ...QUICK, reconnect_attempts: 2 });
            const lost = signal();
            await client.on_error((_, reconnect) => lost.resolve(reconnect));
            await server.down();
            const reconnect = await lost.promise;
            const gaveUp = { message: "Transport error: gave up after 2 attempts to reconnect" };
            await assert.rejects(client.get_hosted_table_names(), gaveUp);
            await assert.rejects(client.get_hosted_table_names(), gaveUp);
            server.up();
            await reconnect();
            await client.get_hosted_table_names();
        });

        test("a table follows a view of another server through an outage", async () => {
            const server = await served();
            const client = await connected(server);
            const here = await backend.connect();
            const owner = await backend.connect();
            const source = await owner.table({ id: [1, 2], price: [1.5, 2.5] }, { index: "id" });
            const view = await (await client.open_table(await source.get_name())).view();
            const copy = await here.table(view);
            const copyView = await copy.view({ sort: [["id", "asc"]] });
            let changed = signal();
            await copyView.on_update(() => changed.resolve());
            await afterOutage(client, async () => {
                // Nobody tells the client of a removal while it is away: only a fresh copy is equal again.
                await server.down();
                await source.remove([1]);
                server.up();
            });
            await changed.promise;
            assert.deepEqual(await copyView.to_columns(), { id: [2], price: [2.5] });
            changed = signal();
            await source.update([{ id: 5, price: 5.5 }]);
            await changed.promise;
            assert.deepEqual(await copyView.to_columns(), { id: [2, 5], price: [2.5, 5.5] });
        });
    });
}

test("a server that is not there is an error", async () => {
    await assert.rejects(websocket("ws://127.0.0.1:9/websocket"), {
        message: /^Transport error: WebSocket closed 1006/,
    });
});
