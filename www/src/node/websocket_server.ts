/** `WebSocketServer`: static files over HTTP, and a session of a server for each websocket. */

import { createServer, type Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocketServer as SocketServer, type WebSocket } from "ws";
import { messageOf } from "../client/errors.js";
import type { SessionOptions } from "../engine/engine.js";
import { processServer } from "./process_server.js";
import { type SendResponse, SightlineServer } from "./server.js";
import { cwd_static_file_handler } from "./static_files.js";

/** What answers requests: a `SightlineServer`, or anything that makes sessions as it does. */
export interface SessionMaker {
    make_session(send_response: SendResponse, options?: SessionOptions): RequestHandler | Promise<RequestHandler>;
}

interface RequestHandler {
    handle_request(request: Uint8Array): void | Promise<void>;
    close(): void;
}

export interface WebSocketServerOptions {
    /** Port to listen on; 0 takes any that is free, which `port` then tells. */
    port?: number;
    /** Address to listen on. The default is this machine only; `"0.0.0.0"` is every network it is on. */
    host?: string;
    /** Folders whose files are served. */
    assets?: string[];
    /** What answers; the server of this process when left out. */
    server?: SessionMaker;
    /** What each session may do. The default is to look, and to change nothing. */
    session?: SessionOptions;
    /** Greatest size of a request, in bytes. */
    max_payload?: number;
}

/** What strangers may do: look at tables. */
const READ_ONLY: SessionOptions = {
    permissions: { create: false, update: false, remove: false, delete: false },
};

/** Bytes that may wait for one reader before its connection is given up. */
const MOST_WAITING = 64 * 1024 * 1024;

export class WebSocketServer {
    readonly _server: HttpServer;
    /** @internal For programs of the reference's that reach in; in no published type, which would need those of `ws`. */
    readonly _wss: SocketServer;
    readonly #listening: Promise<void>;

    /** Starts to listen at once; `listening` tells when that is done, or why it cannot be. */
    constructor(options: WebSocketServerOptions = {}) {
        const { port = 8080, host = "127.0.0.1", assets = ["./"], session = READ_ONLY } = options;
        const server = options.server ?? processServer();
        this._server = createServer((request, response) => {
            void cwd_static_file_handler(request, response, assets);
        });
        this._wss = new SocketServer({
            server: this._server,
            perMessageDeflate: true,
            maxPayload: options.max_payload ?? 1024 ** 3,
        });
        this._wss.on("connection", (socket) => serve(socket, server, session));
        this.#listening = new Promise((resolve, reject) => {
            this._server.once("listening", resolve);
            // The socket server passes on the errors of the HTTP server.
            this._wss.on("error", reject);
        });
        this.#listening.catch((error: unknown) => {
            console.error("sightline: the server does not listen:", messageOf(error));
        });
        this._server.listen(port, host);
    }

    /** The port, once the server listens. */
    get port(): number | undefined {
        return (this._server.address() as AddressInfo | null)?.port;
    }

    /** Resolves when the server listens, and rejects when it cannot. */
    listening(): Promise<void> {
        return this.#listening;
    }

    /** Closes every connection, and stops listening. */
    async close(): Promise<void> {
        for (const socket of this._wss.clients) {
            socket.terminate();
        }
        await new Promise<void>((resolve) => this._server.close(() => resolve()));
    }
}

function serve(socket: WebSocket, server: SessionMaker, options: SessionOptions): void {
    // Requests are handled one after the other, the first ones once there is a session.
    let closed = false;
    let session: Promise<RequestHandler> | undefined;
    socket.binaryType = "arraybuffer";
    socket.on("error", (error) => console.error("sightline: a websocket failed:", error.message));
    socket.on("close", () => {
        closed = true;
        // A session that failed has said so below, and there is nothing of it to close.
        session?.then((open) => open.close()).catch(() => {});
    });
    socket.on("message", (data: ArrayBuffer, isBinary: boolean) => {
        if (!isBinary) {
            socket.close(1003, "requests are binary");
            return;
        }
        session = session?.then(async (open) => {
            if (!closed) {
                await open.handle_request(new Uint8Array(data));
            }
            return open;
        });
        session?.catch((error: unknown) => refuse(socket, error));
    });
    // Other servers than ours may hand out views into their memory, which are only good during the call.
    const keep = server instanceof SightlineServer ? same : copy;
    session = Promise.resolve(server.make_session((response) => send(socket, keep(response)), options));
    session.catch((error: unknown) => refuse(socket, error));
}

const same = (bytes: Uint8Array): Uint8Array => bytes;
const copy = (bytes: Uint8Array): Uint8Array => bytes.slice();

/** The session failed as a whole: its client is told by the end of the connection. */
function refuse(socket: WebSocket, error: unknown): void {
    console.error("sightline: a session failed:", error);
    socket.close(1011, "the session failed");
}

/** Sends a response. A reader that does not keep up loses its connection, and comes back when it can. */
function send(socket: WebSocket, response: Uint8Array): void {
    if (socket.readyState !== socket.OPEN) {
        return;
    }
    if (socket.bufferedAmount > MOST_WAITING) {
        socket.close(1013, "too much is waiting to be read");
        return;
    }
    socket.send(response);
}
