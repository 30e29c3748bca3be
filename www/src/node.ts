/**
 * Sightline in Node: the engine in this process, clients over websockets and message ports, and a websocket server.
 */

import type { MessagePort } from "node:worker_threads";
import { WebSocket } from "ws";
import { Client, type SendRequestFn } from "./client/client.js";
import type { Table } from "./client/table.js";
import { connectPort, connectSocket, type Port, type Socket } from "./client/transport.js";
import type {
    ErrorCallback,
    JoinOptions,
    Schema,
    SystemInfo,
    TableInitOptions,
    UpdateData,
    WebSocketOptions,
} from "./client/types.js";
import type { View } from "./client/view.js";
import type { SessionOptions } from "./engine/engine.js";
import { processServer } from "./node/process_server.js";
import { type ServerSession, SightlineServer } from "./node/server.js";
import { WebSocketServer } from "./node/websocket_server.js";

export { Client, type SendRequestFn } from "./client/client.js";
export type { ProxySession } from "./client/proxy.js";
export { Table } from "./client/table.js";
export type * from "./client/types.js";
export { View } from "./client/view.js";
export type { SessionOptions } from "./engine/engine.js";
export { processServer as default_server } from "./node/process_server.js";
export { type SendResponse, type ServerOptions, type ServerSession, SightlineServer } from "./node/server.js";
export { cwd_static_file_handler } from "./node/static_files.js";
export { WebSocketServer, type WebSocketServerOptions } from "./node/websocket_server.js";
/** Perspective's name for the server, for programs that are moved over. */
export { SightlineServer as PerspectiveServer };

let ownClient: Client | undefined;

/** The client by which this module's functions reach the server of this process. */
function inProcess(): Client {
    if (ownClient === undefined) {
        // All code in the process shares it, so that no part of it can terminate it.
        const session = processServer().make_session((response) => client.handle_response(response));
        const client = new Client((request) => session.handle_request(request));
        ownClient = client;
    }
    return ownClient;
}

/** Makes a table in this process. */
export async function table(data: UpdateData | Schema | View, options?: TableInitOptions | null): Promise<Table> {
    return await inProcess().table(data, options);
}

/** Joins two tables of this process. */
export async function join(
    left: Table | string,
    right: Table | string,
    on: string,
    options?: JoinOptions | null,
): Promise<Table> {
    return await inProcess().join(left, right, on, options);
}

export async function get_hosted_table_names(): Promise<string[]> {
    return await inProcess().get_hosted_table_names();
}

export async function on_hosted_tables_update(callback: () => void): Promise<number> {
    return await inProcess().on_hosted_tables_update(callback);
}

export async function remove_hosted_tables_update(update_id: number): Promise<void> {
    await inProcess().remove_hosted_tables_update(update_id);
}

export async function on_error(callback: ErrorCallback): Promise<number> {
    return await inProcess().on_error(callback);
}

export async function system_info(): Promise<SystemInfo> {
    return await inProcess().system_info();
}

/** A session of the server of this process, for a transport of one's own. */
export async function make_session(
    send_response: (response: Uint8Array<ArrayBuffer>) => void | Promise<void>,
    options?: SessionOptions,
): Promise<ServerSession> {
    return processServer().make_session(send_response, options);
}

/** A client over a transport of one's own: `send_request` sends, and responses go to `client.handle_response`. */
export function make_client(send_request: SendRequestFn, close?: () => void): Client {
    return new Client(send_request, close);
}

/** Connects to a server. When the connection breaks it is made anew; see `WebSocketOptions`. */
export async function websocket(url: string | URL, options?: WebSocketOptions): Promise<Client> {
    return await connectSocket(() => new WebSocket(url) as unknown as Socket, options);
}

/** Connects to an engine at the other end of a message port. */
export async function worker(port: Promise<MessagePort>): Promise<Client> {
    const given = await port;
    return await connectPort(given as unknown as Port, undefined, () => given.close());
}

/** Whether WebAssembly here may have memories beyond 4 GiB. The engine does not need them; programs ask. */
export function host_supports_memory64(): boolean {
    // The smallest module with such a memory.
    return WebAssembly.validate(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 5, 3, 1, 4, 1));
}

export default {
    table,
    join,
    websocket,
    worker,
    get_hosted_table_names,
    on_hosted_tables_update,
    remove_hosted_tables_update,
    on_error,
    host_supports_memory64,
    system_info,
    make_session,
    make_client,
    SightlineServer,
    WebSocketServer,
};
