/** `SightlineServer`: an engine in this process, for any number of sessions. */

import { readFileSync } from "node:fs";
import { Client } from "../client/client.js";
import { DIALECT } from "../client/dialect.js";
import { Engine, type SessionOptions } from "../engine/engine.js";
import { loadEngineSync } from "../engine/load.js";

/** Takes a response; the bytes are the taker's to keep. */
export type SendResponse = (response: Uint8Array<ArrayBuffer>) => void | Promise<void>;

export interface ServerOptions {
    /**
     * Called after requests, for a host that says by `poll` when changed tables are processed and subscribers told.
     * Without it that happens at the end of each request.
     */
    readonly on_poll_request?: (server: SightlineServer) => void;
}

/** One client's end of a server. */
export interface ServerSession {
    handle_request(request: Uint8Array): Promise<void>;
    poll(): Promise<void>;
    close(): void;
}

export class SightlineServer {
    readonly #engine: Engine;

    constructor(options: ServerOptions = {}) {
        loadEngineSync(() => readFileSync(new URL("./sightline_engine_bg.wasm", import.meta.url)));
        const { on_poll_request } = options;
        this.#engine = new Engine(
            on_poll_request === undefined ? { kind: "each" } : { kind: "host", ask: () => on_poll_request(this) },
        );
    }

    /** Opens a session. By default it may do everything, and speaks the dialect of this package. */
    make_session(send_response: SendResponse, options: SessionOptions = {}): ServerSession {
        const session = this.#engine.openSession({ dialect: DIALECT, ...options }, (response) => {
            // A transport that fails loses its own session's messages, and nobody else's.
            Promise.resolve(send_response(response)).catch((error: unknown) => {
                console.error("sightline: a response could not be sent:", error);
            });
        });
        return {
            handle_request: async (request) => session.handle(request),
            poll: () => this.poll(),
            close: () => session.close(),
        };
    }

    /** A client in this process; `terminate` closes its session. */
    make_client(options?: SessionOptions): Client {
        const session = this.make_session((response) => client.handle_response(response), options);
        const client = new Client(
            (request) => session.handle_request(request),
            () => session.close(),
        );
        return client;
    }

    /** Processes changed tables and tells subscribers. */
    async poll(): Promise<void> {
        this.#engine.poll();
    }

    /** Gives the engine's memory back. */
    delete(): void {
        this.#engine.free();
    }
}
