/**
 * A session for a client that reaches the server through another client: whole requests go through unchanged, and the
 * answers come back unchanged. Ids are random, so the two clients do not disturb each other.
 */

import type { Connection } from "./connection.js";

export class ProxySession {
    readonly #connection: Connection;
    #respond: ((response: Uint8Array) => void) | undefined;

    private constructor(connection: Connection, on_response: (response: Uint8Array) => void) {
        this.#connection = connection;
        this.#respond = on_response;
    }

    /** @internal */
    static over(connection: Connection, on_response: (response: Uint8Array) => void): ProxySession {
        return new ProxySession(connection, on_response);
    }

    /** Sends on one request of the other client. */
    async handle_request(request: ArrayBuffer | Uint8Array): Promise<void> {
        // A copy: the caller may reuse its buffer at once.
        const bytes = request instanceof Uint8Array ? new Uint8Array(request) : new Uint8Array(request.slice(0));
        await this.#connection.forward(bytes, (response) => this.#respond?.(response));
    }

    /** Stops handing over answers. What the other client opened lives on until the carrying session ends. */
    async close(): Promise<void> {
        this.#respond = undefined;
    }
}
