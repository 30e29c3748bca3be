/**
 * The worker's end of a message port: the handshake that Perspective's clients use, then requests in and responses out.
 *
 * Each port is a session of its own. There is no message that says a port was closed.
 */

import { DIALECT } from "../client/dialect.js";
import { Engine, type EngineSession } from "./engine.js";
import { refusal } from "./failure.js";
import { loadEngine, type WasmSource } from "./load.js";

/** The side of a port that the host needs. */
export interface HostPort {
    postMessage(message: unknown, transfer: Transferable[]): void;
    onmessage: ((event: MessageEvent<unknown>) => void) | null;
}

interface Init {
    readonly cmd: "init";
    readonly args?: readonly unknown[];
    readonly id?: unknown;
}

/** One engine behind any number of ports. */
export class PortHost {
    readonly #ownWasm: () => Promise<WasmSource>;
    #engine: Promise<Engine> | undefined;

    /** `ownWasm` gives the module when a page sends none. */
    constructor(ownWasm: () => Promise<WasmSource>) {
        this.#ownWasm = ownWasm;
    }

    /** Serves a port from its first message on. */
    serve(port: HostPort): void {
        let session: EngineSession | undefined;
        let failure: string | undefined;
        let early: Uint8Array[] = [];
        const handle = (request: Uint8Array): void => {
            if (failure !== undefined) {
                send(port, refusal(request, failure));
            } else if (session === undefined) {
                early.push(request);
            } else {
                session.handle(request);
            }
        };
        const start = async (init: Init): Promise<void> => {
            try {
                const engine = await this.#start(init.args?.[0]);
                session?.close();
                session = engine.openSession({ dialect: DIALECT }, (response) => send(port, response));
                port.postMessage({ id: init.id }, []);
            } catch (error) {
                failure = error instanceof Error ? error.message : String(error);
                port.postMessage({ id: init.id, error: failure }, []);
            }
            const requests = early;
            early = [];
            requests.forEach(handle);
        };
        port.onmessage = ({ data }) => {
            if (data instanceof ArrayBuffer) {
                handle(new Uint8Array(data));
            } else if (data instanceof Uint8Array) {
                handle(data);
            } else if (isInit(data)) {
                void start(data);
            } else {
                console.error("sightline: the worker was sent a message that is neither a request nor its start");
            }
        };
    }

    #start(sent: unknown): Promise<Engine> {
        this.#engine ??= (async () => {
            await loadEngine(() => (isOurs(sent) ? sent : this.#ownWasm()));
            return new Engine({ kind: "turn" });
        })().catch((error: unknown) => {
            this.#engine = undefined;
            throw error;
        });
        return this.#engine;
    }
}

function send(port: HostPort, response: Uint8Array<ArrayBuffer>): void {
    const whole = response.byteLength === response.buffer.byteLength ? response : response.slice();
    port.postMessage(whole.buffer, [whole.buffer]);
}

function isInit(message: unknown): message is Init {
    return typeof message === "object" && message !== null && "cmd" in message && message.cmd === "init";
}

/**
 * Whether what a page sent is this engine. Perspective's `worker` always sends the module it knows, which is its own
 * unless the page registered ours; the names that wasm-bindgen gives our exports stand in the file as they are.
 */
function isOurs(sent: unknown): sent is WasmSource {
    if (sent instanceof WebAssembly.Module) {
        return WebAssembly.Module.exports(sent).some(({ name }) => name === MARK);
    }
    if (!(sent instanceof ArrayBuffer || sent instanceof Uint8Array)) {
        return false;
    }
    const bytes = sent instanceof Uint8Array ? sent : new Uint8Array(sent);
    const mark = new TextEncoder().encode(MARK);
    for (let at = bytes.indexOf(mark[0] ?? 0); at !== -1; at = bytes.indexOf(mark[0] ?? 0, at + 1)) {
        if (mark.every((byte, offset) => bytes[at + offset] === byte)) {
            return true;
        }
    }
    return false;
}

/** An export of our module that no other has. */
const MARK = "engine_open_session";
