/**
 * Sightline in Node: clients over websockets and message ports, and over any transport a program brings itself.
 */

import type { MessagePort } from "node:worker_threads";
import { WebSocket } from "ws";
import { Client, type SendRequestFn } from "./client/client.js";
import { connectPort, connectSocket, type Port, type Socket, type WebSocketOptions } from "./client/transport.js";

export { Client, type SendRequestFn } from "./client/client.js";
export type { ProxySession } from "./client/proxy.js";
export { Table } from "./client/table.js";
export type { WebSocketOptions } from "./client/transport.js";
export type * from "./client/types.js";
export { View } from "./client/view.js";

/** Connects to a server. When the connection breaks it is made anew; see `WebSocketOptions`. */
export async function websocket(url: string | URL, options?: WebSocketOptions): Promise<Client> {
    return await connectSocket(() => new WebSocket(url) as unknown as Socket, options);
}

/** Connects to an engine at the other end of a message port. */
export async function worker(port: Promise<MessagePort>): Promise<Client> {
    const given = await port;
    return await connectPort(given as unknown as Port, undefined, () => given.close());
}

/** A client over a transport of one's own: `send_request` sends, and responses go to `client.handle_response`. */
export function make_client(send_request: SendRequestFn, close?: () => void): Client {
    return new Client(send_request, close);
}

export default { websocket, worker, make_client };
