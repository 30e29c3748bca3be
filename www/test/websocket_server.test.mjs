// The websocket server for Node: sessions, static files, and what it refuses.

import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { WebSocket } from "ws";
import { WebSocketServer, websocket } from "../dist/node.js";
import { BACKENDS } from "./support/backends.mjs";

/** Status, type and body of an address, which is sent as it is written. */
function get(port, path) {
    return new Promise((resolve, reject) => {
        const asked = request({ host: "127.0.0.1", port, path }, (response) => {
            let body = "";
            response.setEncoding("utf8");
            response.on("data", (chunk) => {
                body += chunk;
            });
            response.on("end", () =>
                resolve({ status: response.statusCode, type: response.headers["content-type"], body }),
            );
        });
        asked.on("error", reject);
        asked.end();
    });
}

for (const makeBackend of BACKENDS) {
    const backend = makeBackend();
    describe(`WebSocketServer over ${backend.name}`, () => {
        let folder;
        const servers = [];
        const served = async (options = {}) => {
            folder ??= await mkdtemp(join(tmpdir(), "sightline-assets-"));
            const server = new WebSocketServer({
                port: 0,
                assets: [join(folder, "pages")],
                server: { make_session: backend.makeSession },
                ...options,
            });
            servers.push(server);
            await server.listening();
            return server;
        };
        after(async () => {
            for (const server of servers) {
                await server.close();
            }
            await rm(folder, { recursive: true });
            await backend.close();
        });

        test("each socket has a session of its own on one server", async () => {
            const server = await served({ session: {} });
            const url = `ws://127.0.0.1:${server.port}/any/path`;
            const [one, two] = [await websocket(url), await websocket(url)];
            const table = await one.table({ a: [1, 2] }, { name: `shared-${backend.name}` });
            const view = await table.view();
            const seen = await (await two.open_table(`shared-${backend.name}`)).view();
            assert.deepEqual(await seen.to_columns(), { a: [1, 2] });
            await view.delete();
            assert.equal(await seen.num_rows(), 2);
            one.terminate();
            two.terminate();
        });

        test("a text message ends the connection", async () => {
            const server = await served();
            const socket = new WebSocket(`ws://127.0.0.1:${server.port}/`);
            await new Promise((resolve) => socket.on("open", resolve));
            socket.send("hello");
            const code = await new Promise((resolve) => socket.on("close", resolve));
            assert.equal(code, 1003);
        });

        test("files come with their type, and nothing from outside the folder", async () => {
            const { port } = await served();
            const pages = join(folder, "pages");
            await mkdir(join(pages, "sub"), { recursive: true });
            await writeFile(join(folder, "secret.txt"), "secret");
            await writeFile(join(pages, "index.html"), "<p>start</p>");
            await writeFile(join(pages, "engine.wasm"), "x");
            await writeFile(join(pages, "a b.js"), "1");
            await symlink(join(folder, "secret.txt"), join(pages, "link.txt"));
            assert.deepEqual(await get(port, "/"), {
                status: 200,
                type: "text/html; charset=utf-8",
                body: "<p>start</p>",
            });
            assert.equal((await get(port, "/engine.wasm?v=1")).type, "application/wasm");
            assert.equal((await get(port, "/a%20b.js")).type, "text/javascript");
            for (const path of ["/absent", "/sub", "/../secret.txt", "/..%2fsecret.txt", "/link.txt"]) {
                assert.equal((await get(port, path)).status, 404, path);
            }
            assert.equal((await get(port, "/%zz")).status, 500);
        });

        test("a port that is taken is an error of `listening`", async () => {
            const server = await served();
            const second = new WebSocketServer({ port: server.port, server: { make_session: backend.makeSession } });
            await assert.rejects(second.listening(), { code: "EADDRINUSE" });
        });
    });
}
