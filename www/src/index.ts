/**
 * Sightline in the browser: an engine in a worker, or a server at the other end of a websocket, behind one `Client`.
 *
 * The worker script and the wasm file lie beside this module; `import.meta.url` finds them, with or without a bundler.
 */

import type { Client } from "./client/client.js";
import { connectPort, connectSocket, type Port, type Socket } from "./client/transport.js";
import type { WebSocketOptions } from "./client/types.js";

export { Client, type SendRequestFn } from "./client/client.js";
export type { ProxySession } from "./client/proxy.js";
export type { Table } from "./client/table.js";
export type { Port } from "./client/transport.js";
export type * from "./client/types.js";
export type { View } from "./client/view.js";

/** A worker that runs the engine, for those who connect it by themselves, as `perspective.worker(...)` does. */
export async function engineWorker(): Promise<Worker> {
    return new Worker(new URL("./sightline.worker.js", import.meta.url), { type: "module", name: "sightline" });
}

/** A shared worker that runs the engine: all pages of the same origin that ask by the same name share its tables. */
export async function engineSharedWorker(name = "sightline"): Promise<SharedWorker> {
    return new SharedWorker(new URL("./sightline.worker.js", import.meta.url), { type: "module", name });
}

/** The wasm file of the engine, for `perspective.init_server(engineWasm(), true)`. */
export function engineWasm(): Promise<Response> {
    return fetch(new URL("./sightline_engine_bg.wasm", import.meta.url));
}

/** Starts an engine in a worker of this page, or connects to one that is given. */
export async function worker(source?: Promise<SharedWorker | Worker | MessagePort>): Promise<Client> {
    const given = await (source ?? engineWorker());
    if (typeof SharedWorker !== "undefined" && given instanceof SharedWorker) {
        return await connectShared(given);
    }
    if (given instanceof MessagePort) {
        return await connectPort(given, undefined, () => given.close());
    }
    const own = given as Worker;
    return await connectPort(own as Port, undefined, () => own.terminate());
}

/** Connects to the engine that all pages of this origin share under a name, and starts it if need be. */
export async function sharedWorker(name?: string): Promise<Client> {
    return await connectShared(await engineSharedWorker(name));
}

/**
 * Connects to a server. When the connection breaks it is made anew, with tables, views and subscriptions as before;
 * see `WebSocketOptions`.
 */
export async function websocket(url: string | URL, options?: WebSocketOptions): Promise<Client> {
    return await connectSocket(() => new WebSocket(url) as unknown as Socket, options);
}

async function connectShared(shared: SharedWorker): Promise<Client> {
    const { port } = shared;
    // A script that cannot be loaded is told to the worker object, not to its port.
    const failed = new Promise<never>((_, reject) => {
        shared.addEventListener("error", () => {
            reject(new Error("the engine's worker did not start: its script could not be loaded"));
        });
    });
    return await Promise.race([connectPort(port, undefined, () => port.close()), failed]);
}

/** Whether WebAssembly here may have memories beyond 4 GiB. The engine does not need them; programs ask. */
export function host_supports_memory64(): boolean {
    // The smallest module with such a memory.
    return WebAssembly.validate(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 5, 3, 1, 4, 1));
}

export default {
    worker,
    sharedWorker,
    websocket,
    engineWorker,
    engineSharedWorker,
    engineWasm,
    host_supports_memory64,
};
