/**
 * The ways a client's bytes travel: a message port (worker, shared worker, page) or a websocket.
 *
 * A websocket that breaks is made anew after a growing delay, and what was open on it is opened again. A port has no
 * such event: when its worker fails, that is the end.
 */

import { Client } from "./client.js";
import { messageOf, transportError } from "./errors.js";
import type { WebSocketOptions } from "./types.js";

/** What a worker, a shared worker's port and a message channel's port have in common. */
export interface Port {
    postMessage(message: unknown, transfer: Transferable[]): void;
    addEventListener(type: "message", listener: (event: MessageEvent) => void): void;
    addEventListener(type: "error" | "messageerror", listener: (event: Event) => void): void;
    removeEventListener(type: "message", listener: (event: MessageEvent) => void): void;
    removeEventListener(type: "error" | "messageerror", listener: (event: Event) => void): void;
    start?(): void;
}

/** The answer of a worker whose engine did not start. */
interface FailedStart {
    readonly error: string;
}

/**
 * Connects through a port to an engine, by the handshake that Perspective's workers use.
 *
 * @param wasm what the engine is made of, for a worker that does not find it by itself.
 * @param close ends the other side.
 * @throws when the engine does not start; the message says why.
 */
export async function connectPort(
    port: Port,
    wasm: ArrayBuffer | WebAssembly.Module | undefined,
    close: () => void,
): Promise<Client> {
    port.start?.();
    await handshake(port, wasm, close);
    const client = new Client((request) => {
        port.postMessage(request.buffer, [request.buffer]);
    }, close);
    const { connection } = Client.sessionOf(client);
    port.addEventListener("message", ({ data }: MessageEvent<ArrayBuffer | Uint8Array>) => {
        connection.receive(data instanceof Uint8Array ? data : new Uint8Array(data));
    });
    port.addEventListener("error", (event) => {
        Client.sessionOf(client).lost(`the engine's worker failed: ${eventText(event)}`, undefined, false);
    });
    return client;
}

async function handshake(
    port: Port,
    wasm: ArrayBuffer | WebAssembly.Module | undefined,
    close: () => void,
): Promise<void> {
    try {
        await new Promise<void>((resolve, reject) => {
            const settle = (act: () => void) => {
                port.removeEventListener("message", onMessage);
                port.removeEventListener("error", onError);
                act();
            };
            const onMessage = ({ data }: MessageEvent<unknown>) => {
                settle(() => (isFailedStart(data) ? reject(new Error(data.error)) : resolve()));
            };
            const onError = (event: Event) => {
                settle(() => reject(new Error(`the engine's worker did not start: ${eventText(event)}`)));
            };
            port.addEventListener("message", onMessage);
            port.addEventListener("error", onError);
            const transfer = wasm instanceof ArrayBuffer ? [wasm] : [];
            port.postMessage({ cmd: "init", args: wasm === undefined ? [] : [wasm] }, transfer);
        });
    } catch (error) {
        close();
        throw error;
    }
}

function isFailedStart(message: unknown): message is FailedStart {
    return typeof message === "object" && message !== null && "error" in message && typeof message.error === "string";
}

function eventText(event: Event): string {
    // A script that could not be loaded at all gives an event without a message.
    const { message, filename } = event as Partial<ErrorEvent>;
    return message ? `${message}${filename ? ` (${filename})` : ""}` : "its script could not be loaded";
}

/** The part of `WebSocket` that is used, which browsers and Node's `ws` share. */
export interface Socket {
    binaryType: string;
    send(data: Uint8Array<ArrayBuffer>): void;
    close(): void;
    onopen: ((event: never) => void) | null;
    onmessage: ((event: { data: unknown }) => void) | null;
    onerror: ((event: never) => void) | null;
    onclose: ((event: { code: number; reason: string }) => void) | null;
}

/** Connects to a server through sockets that `open` makes. */
export async function connectSocket(open: () => Socket, options: WebSocketOptions = {}): Promise<Client> {
    const link = new SocketLink(open, options);
    await link.connect();
    return link.client;
}

class SocketLink {
    readonly client: Client;
    readonly #open: () => Socket;
    readonly #automatic: boolean;
    readonly #delays: { first: number; most: number; attempts: number };
    #socket: Socket | undefined;
    #timer: ReturnType<typeof setTimeout> | undefined;
    #terminated = false;

    constructor(open: () => Socket, options: WebSocketOptions) {
        this.#open = open;
        this.#automatic = options.reconnect ?? true;
        this.#delays = {
            first: options.reconnect_delay ?? 250,
            most: options.reconnect_delay_max ?? 15_000,
            attempts: options.reconnect_attempts ?? Number.POSITIVE_INFINITY,
        };
        this.client = new Client(
            (request) => {
                if (this.#socket === undefined) {
                    throw transportError("the connection is closed");
                }
                this.#socket.send(request);
            },
            () => this.#terminate(),
        );
    }

    /** Makes the first connection. */
    async connect(): Promise<void> {
        await this.#dial();
        // The server learns the dialect before anything else. A refusal shows in the calls that follow.
        this.#session.features().catch(() => {});
    }

    get #session() {
        return Client.sessionOf(this.client);
    }

    #dial(): Promise<void> {
        return new Promise((resolve, reject) => {
            const socket = this.#open();
            socket.binaryType = "arraybuffer";
            let opened = false;
            socket.onopen = () => {
                opened = true;
                this.#socket = socket;
                resolve();
            };
            socket.onmessage = ({ data }) => {
                if (data instanceof ArrayBuffer) {
                    this.#session.connection.receive(new Uint8Array(data));
                }
            };
            // What failed is told by `close`, which follows every error.
            socket.onerror = () => {};
            socket.onclose = ({ code, reason }) => {
                const message = `WebSocket closed ${code}${reason === "" ? "" : `: ${reason}`}`;
                if (!opened) {
                    reject(transportError(message));
                } else if (this.#socket === socket) {
                    this.#socket = undefined;
                    this.#lost(message);
                }
            };
        });
    }

    #lost(message: string): void {
        if (this.#terminated) {
            return;
        }
        this.#session.lost(message, () => this.#comeBack(), this.#automatic);
        if (this.#automatic) {
            this.#schedule(0);
        }
    }

    /** One attempt to be whole again. */
    async #comeBack(): Promise<void> {
        clearTimeout(this.#timer);
        if (this.#socket !== undefined) {
            return;
        }
        await this.#dial();
        await this.#session.restore();
    }

    #schedule(attempt: number): void {
        if (attempt >= this.#delays.attempts) {
            this.#session.abandon(`gave up after ${attempt} attempts to reconnect`);
            return;
        }
        const most = Math.min(this.#delays.first * 2 ** attempt, this.#delays.most);
        // Spread out, so that the clients of a server that restarts do not all return in the same instant.
        const delay = most * (0.5 + Math.random() / 2);
        this.#timer = setTimeout(() => {
            this.#comeBack().catch((error: unknown) => this.#retry(attempt + 1, error));
        }, delay);
    }

    #retry(attempt: number, error: unknown): void {
        if (this.#terminated) {
            return;
        }
        if (this.#socket === undefined) {
            this.#schedule(attempt);
        } else {
            // The server is there and refuses: coming back again would be refused again.
            this.#session.abandon(messageOf(error));
        }
    }

    #terminate(): void {
        this.#terminated = true;
        clearTimeout(this.#timer);
        this.#socket?.close();
        this.#socket = undefined;
    }
}
