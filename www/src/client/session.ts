/**
 * What a client, its tables and its views share: the connection, and the memory of what is open on it, so that it can
 * be opened again when the transport was lost and came back.
 */

import type { GetFeaturesResp, ViewConfig } from "../proto/sightline_pb.js";
import { Connection, type Entity, type RequestBody, SERVER, type SendRequest } from "./connection.js";
import { DIALECT } from "./dialect.js";
import { messageOf, transportError, unknownError } from "./errors.js";
import { randomName } from "./ids.js";
import type { ErrorCallback } from "./types.js";

/** The first request on a transport that does not know the client's dialect: it names it. */
const ASK_FEATURES: RequestBody = { case: "getFeaturesReq", value: { dialect: DIALECT } };

/** A table, as far as the client knows it. */
export interface TableInfo extends Entity {
    readonly index: string | undefined;
    readonly limit: number | undefined;
}

/** An open view, with all it takes to open it again. */
export interface OpenView extends Entity {
    id: string;
    readonly table: TableInfo;
    readonly config: ViewConfig | undefined;
    /** Depth last set, if any. */
    depth: number | undefined;
}

export class Session {
    readonly connection: Connection;
    readonly #views = new Set<OpenView>();
    readonly #errorCallbacks = new Map<number, ErrorCallback>();
    readonly #reconnectCallbacks = new Map<number, () => void>();
    #nextCallback = 1;
    #features: Promise<GetFeaturesResp> | undefined;

    constructor(send: SendRequest) {
        this.connection = new Connection(send, (error) => this.report(error));
    }

    /** What the server offers. It is asked once for each transport. */
    features(): Promise<GetFeaturesResp> {
        return this.#remember(this.#features ?? this.connection.call(SERVER, ASK_FEATURES, "getFeaturesResp"));
    }

    #remember(features: Promise<GetFeaturesResp>): Promise<GetFeaturesResp> {
        this.#features = features;
        features.catch(() => {
            // The caller hears of it; the next one asks again.
            if (this.#features === features) {
                this.#features = undefined;
            }
        });
        return features;
    }

    /** Opens a view on a table. `config` absent means all defaults. */
    async openView(table: TableInfo, config: ViewConfig | undefined): Promise<OpenView> {
        const view: OpenView = { id: randomName(), table, config, depth: undefined };
        const answer = await this.connection.call(
            table,
            { case: "tableMakeViewReq", value: makeViewRequest(view) },
            "tableMakeViewResp",
        );
        checkViewId(view, answer.viewId);
        this.#views.add(view);
        return view;
    }

    /** The view is gone on the server, or about to go. */
    forgetView(view: OpenView): void {
        this.#views.delete(view);
    }

    onError(callback: ErrorCallback): number {
        const id = this.#nextCallback++;
        this.#errorCallbacks.set(id, callback);
        return id;
    }

    onReconnect(callback: () => void): number {
        const id = this.#nextCallback++;
        this.#reconnectCallbacks.set(id, callback);
        return id;
    }

    removeCallback(id: number): void {
        this.#errorCallbacks.delete(id);
        this.#reconnectCallbacks.delete(id);
    }

    /**
     * The transport failed. `reconnect` makes a new one; without it there is no way back. With `wait`, somebody is at
     * it already, and calls made meanwhile wait.
     */
    lost(message: string, reconnect: (() => Promise<void>) | undefined, wait: boolean): void {
        this.#features = undefined;
        if (reconnect === undefined) {
            this.connection.abandon(message);
            this.#views.clear();
        } else {
            this.connection.lost(message, wait);
        }
        this.report(unknownError(message), reconnect);
    }

    /** Attempts to come back are over. */
    abandon(message: string): void {
        this.connection.abandon(message);
        this.#views.clear();
    }

    /** Opens on a new transport what was open on the old one. */
    async restore(): Promise<void> {
        this.connection.reopen();
        await this.#remember(this.connection.callNow(SERVER, ASK_FEATURES, "getFeaturesResp"));
        for (const view of [...this.#views]) {
            await this.#reopen(view);
        }
        await this.connection.resume((entity) => !isView(entity) || this.#views.has(entity));
        for (const callback of this.#reconnectCallbacks.values()) {
            this.connection.enqueue(callback);
        }
    }

    async #reopen(view: OpenView): Promise<void> {
        // The server may not know yet that the old session is dead and hold the old id: take a new one.
        view.id = randomName();
        try {
            const answer = await this.connection.callNow(
                view.table,
                { case: "tableMakeViewReq", value: makeViewRequest(view) },
                "tableMakeViewResp",
            );
            checkViewId(view, answer.viewId);
            if (view.depth !== undefined) {
                await this.connection.callNow(
                    view,
                    { case: "viewSetDepthReq", value: { depth: view.depth } },
                    "viewSetDepthResp",
                );
            }
        } catch (error) {
            const message = messageOf(error);
            if (message.startsWith("Transport error")) {
                throw error;
            }
            this.#views.delete(view);
            this.report(
                unknownError(`a view of table "${view.table.id}" could not be opened again: ${message}`),
                undefined,
            );
        }
    }

    /** Tells the user of a failure that no call can carry. */
    report(error: Error, reconnect?: () => Promise<void>): void {
        if (this.#errorCallbacks.size === 0 && reconnect === undefined) {
            console.error("sightline:", error.message);
            return;
        }
        const recover = async () => {
            if (reconnect === undefined) {
                throw transportError("this client cannot reconnect");
            }
            await reconnect();
        };
        for (const callback of this.#errorCallbacks.values()) {
            this.connection.enqueue(() => callback(error, recover));
        }
    }
}

function makeViewRequest(view: OpenView): { viewId: string; config?: ViewConfig } {
    return view.config === undefined ? { viewId: view.id } : { viewId: view.id, config: view.config };
}

function checkViewId(view: OpenView, answered: string): void {
    if (answered !== view.id) {
        throw unknownError(`the server answered for view "${answered}" instead of "${view.id}"`);
    }
}

function isView(entity: Entity): entity is OpenView {
    return "table" in entity;
}
