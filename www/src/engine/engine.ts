/**
 * The engine as JavaScript hosts use it: sessions that take request bytes and deliver response bytes.
 *
 * Here live the schedule of polls and the guard against an engine that stopped; everything else is in the wasm module,
 * which must be loaded before (`load.ts`).
 */

import { Engine as WasmEngine } from "../../pkg/sightline_engine.js";
import { refusal } from "./failure.js";

type Bytes = Uint8Array<ArrayBuffer>;
/** Takes a response; the bytes are the taker's to keep. */
export type Deliver = (response: Bytes) => void;

/** When changed tables are processed, and subscribers told. */
export type PollPolicy =
    /** At the end of each request. */
    | { readonly kind: "each" }
    /** Once for all requests of a turn of the event loop. */
    | { readonly kind: "turn" }
    /** When the host calls `poll`; it is asked to after each request. */
    | { readonly kind: "host"; readonly ask: () => void };

/** What a session may do, which rows it may see, and which dialect it speaks; the engine reads it as JSON. */
export interface SessionOptions {
    /** All are granted when left out. */
    readonly permissions?: {
        /** Make tables and joins. */
        readonly create?: boolean;
        /** Update and replace rows. */
        readonly update?: boolean;
        /** Remove rows, and clear a table. */
        readonly remove?: boolean;
        /** Delete tables. */
        readonly delete?: boolean;
    };
    /** By table, conditions that every row shown to the session meets. */
    readonly row_filter?: Readonly<Record<string, readonly (readonly [string, string, unknown])[]>>;
    readonly dialect?: "5.5" | "5.6";
}

/** One client's end of an engine. */
export interface EngineSession {
    /** Takes one request. Answers are delivered before it returns, unless it is called from within a delivery. */
    handle(request: Uint8Array): void;
    close(): void;
}

export class Engine {
    readonly #wasm: WasmEngine;
    readonly #policy: PollPolicy;
    readonly #sessions = new Map<number, Deliver>();
    readonly #outgoing: { readonly session: number; readonly bytes: Bytes }[] = [];
    #delivering = false;
    #pollScheduled = false;
    /** Why the engine cannot be used any more. */
    #stopped: string | undefined;

    constructor(policy: PollPolicy) {
        const [seed = 0n] = crypto.getRandomValues(new BigUint64Array(1));
        this.#wasm = new WasmEngine("{}", seed);
        this.#policy = policy;
    }

    /**
     * Opens a session. What the engine has to say to it goes to `deliver`.
     *
     * @throws when the options are not understood, or the engine has stopped.
     */
    openSession(options: SessionOptions, deliver: Deliver): EngineSession {
        if (this.#stopped !== undefined) {
            throw new Error(this.#stopped);
        }
        const id = this.#wasm.open_session(JSON.stringify(options));
        this.#sessions.set(id, deliver);
        return {
            handle: (request) => this.#handle(id, request),
            close: () => {
                if (this.#sessions.delete(id)) {
                    this.#run(() => this.#wasm.close_session(id));
                }
            },
        };
    }

    /** Processes changed tables and tells subscribers. */
    poll(): void {
        this.#run(() => (this.#wasm.needs_poll() ? this.#wasm.poll() : []));
    }

    /** Gives the engine's memory back. Requests that come later are refused. */
    free(): void {
        if (this.#stopped === undefined) {
            this.#stopped = "the engine was closed";
            this.#wasm.free();
        }
    }

    #handle(session: number, request: Uint8Array): void {
        this.#run(() => this.#wasm.handle(session, request));
        if (this.#stopped !== undefined) {
            this.#sessions.get(session)?.(refusal(request, this.#stopped));
            return;
        }
        switch (this.#policy.kind) {
            case "each":
                this.poll();
                break;
            case "turn":
                this.#schedulePoll();
                break;
            case "host":
                this.#policy.ask();
        }
    }

    #schedulePoll(): void {
        if (!this.#pollScheduled && this.#wasm.needs_poll()) {
            this.#pollScheduled = true;
            setTimeout(() => {
                this.#pollScheduled = false;
                this.poll();
            }, 0);
        }
    }

    /**
     * Runs a step of the engine and delivers what comes of it. These steps give errors as messages: one that throws
     * has panicked or run out of memory, and its half-changed state is not used again.
     */
    #run(step: () => (number | Bytes)[]): void {
        if (this.#stopped !== undefined) {
            return;
        }
        let outbox: (number | Bytes)[];
        try {
            outbox = step();
        } catch (error) {
            this.#stopped = `the engine stopped: ${error instanceof Error ? error.message : String(error)}`;
            console.error("sightline:", this.#stopped);
            return;
        }
        for (let at = 0; at + 1 < outbox.length; at += 2) {
            this.#outgoing.push({ session: outbox[at] as number, bytes: outbox[at + 1] as Bytes });
        }
        this.#deliver();
    }

    /** Delivers in order, also when a receiver sends the next request at once. */
    #deliver(): void {
        if (this.#delivering) {
            return;
        }
        this.#delivering = true;
        try {
            for (let next = this.#outgoing.shift(); next !== undefined; next = this.#outgoing.shift()) {
                this.#sessions.get(next.session)?.(next.bytes);
            }
        } finally {
            this.#delivering = false;
        }
    }
}
