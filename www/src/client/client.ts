/**
 * `Client`: a user's end of a connection to an engine. It makes tables and hands out those that others made.
 *
 * A client knows nothing of how bytes travel: it is given a function that sends requests, and is given responses.
 */

import { JoinType } from "../proto/sightline_pb.js";
import { SERVER } from "./connection.js";
import { tableData } from "./data.js";
import { DISPOSE } from "./dispose.js";
import { unknownError } from "./errors.js";
import { randomName } from "./ids.js";
import { mirror } from "./mirror.js";
import { joinOptions, tableOptions } from "./options.js";
import { ProxySession } from "./proxy.js";
import { replicate } from "./replica.js";
import { Session, type TableInfo } from "./session.js";
import { Table } from "./table.js";
import type { ErrorCallback, JoinOptions, Schema, SystemInfo, TableInitOptions, UpdateData } from "./types.js";
import { View } from "./view.js";

/**
 * Sends one request. The bytes are the callee's to keep. A rejection fails the call that the request belongs to.
 */
export type SendRequestFn = (request: Uint8Array<ArrayBuffer>) => void | Promise<void>;

export class Client {
    readonly #session: Session;
    readonly #close: (() => void) | undefined;

    constructor(send_request: SendRequestFn, close?: (() => void) | null) {
        this.#session = new Session(send_request);
        this.#close = close ?? undefined;
    }

    /** Takes in one response of the server. */
    async handle_response(data: ArrayBuffer | Uint8Array): Promise<void> {
        this.#session.connection.receive(data instanceof Uint8Array ? data : new Uint8Array(data));
    }

    /**
     * The transport failed: pending calls fail and `on_error` callbacks run. They are given a function that calls
     * `reconnect` and then opens again what was open; without `reconnect` everything ends here.
     */
    async handle_error(message: string, reconnect?: (() => Promise<void>) | null): Promise<void> {
        const recover =
            reconnect == null
                ? undefined
                : async () => {
                      await reconnect();
                      await this.#session.restore();
                  };
        this.#session.lost(message, recover, false);
    }

    /** Calls back when the connection fails, or something fails that no call could report. */
    async on_error(callback: ErrorCallback): Promise<number> {
        return this.#session.onError(callback);
    }

    /** Calls back when a lost connection is whole again: views are open and subscriptions run as before. */
    async on_reconnect(callback: () => void): Promise<number> {
        return this.#session.onReconnect(callback);
    }

    /** Ends an `on_error` or `on_reconnect` subscription. */
    async remove_callback(callback_id: number): Promise<void> {
        this.#session.removeCallback(callback_id);
    }

    /**
     * Makes a table from data, from a schema (`{column: type}`), or from a view, which the table then follows.
     *
     * @throws when the data is of no known form, or the server refuses it.
     */
    async table(data: UpdateData | Schema | View, options?: TableInitOptions | null): Promise<Table> {
        const checked = tableOptions(options);
        if (data instanceof Table) {
            throw new Error("Failed to construct table from a table: pass one of its views");
        }
        if (data instanceof View) {
            return await mirror(this, data, checked);
        }
        const info: TableInfo = {
            id: checked.name ?? randomName(),
            index: checked.index,
            limit: checked.limit,
        };
        const value = {
            data: tableData(data, checked.format, "construct"),
            options: checked.request,
        };
        await this.#session.connection.call(info, { case: "makeTableReq", value }, "makeTableResp");
        return Table.open(this, this.#session, info);
    }

    /**
     * Makes a table that stays equal to a view of this or another client, through updates, removals and outages. It is
     * fed from the view: write to the view's own table.
     *
     * @throws when the view has `split_by`: the columns of a table are fixed.
     */
    async replicate(view: View, options?: { name?: string } | null): Promise<Table> {
        return await replicate(this, view, tableOptions(options));
    }

    /** Makes a read-only table that joins two others on a key column, and follows them. */
    async join(left: Table | string, right: Table | string, on: string, options?: JoinOptions | null): Promise<Table> {
        const checked = joinOptions(options);
        // Not an index that rows could be removed by: the reference names the key column so.
        const info: TableInfo = { id: checked.name ?? randomName(), index: on, limit: undefined };
        const value = {
            leftTableId: await tableName(left),
            rightTableId: await tableName(right),
            onColumn: on,
            joinType: checked.joinType ?? JoinType.INNER,
            rightOnColumn: checked.rightOn ?? "",
        };
        await this.#session.connection.call(info, { case: "makeJoinTableReq", value }, "makeJoinTableResp");
        return Table.open(this, this.#session, info);
    }

    /** The table of that name. */
    async open_table(name: string): Promise<Table> {
        const hosted = (await this.#hostedTables()).find((table) => table.entityId === name);
        if (hosted === undefined) {
            throw unknownError(`Unknown table "${name}"`);
        }
        return Table.open(this, this.#session, { id: name, index: hosted.index, limit: hosted.limit });
    }

    async get_hosted_table_names(): Promise<string[]> {
        return (await this.#hostedTables()).map((table) => table.entityId);
    }

    /** Calls back whenever a table comes or goes. */
    async on_hosted_tables_update(callback: () => void): Promise<number> {
        return await this.#session.connection.subscribe({
            entity: SERVER,
            request: { case: "getHostedTablesReq", value: { subscribe: true } },
            once: false,
            notify: () => callback(),
            resumed: async () => callback(),
        });
    }

    async remove_hosted_tables_update(update_id: number): Promise<void> {
        const id = this.#session.connection.unsubscribe(update_id);
        if (id === undefined) {
            throw unknownError("remove_update");
        }
        await this.#session.connection.call(
            SERVER,
            { case: "removeHostedTablesUpdateReq", value: { id } },
            "removeHostedTablesUpdateResp",
        );
    }

    /** Memory and processor time of the server, and memory of this client where the environment tells. */
    async system_info(): Promise<SystemInfo> {
        const info = await this.#session.connection.call(
            SERVER,
            { case: "serverSystemInfoReq", value: {} },
            "serverSystemInfoResp",
        );
        const memory = clientMemory();
        return {
            heap_size: Number(info.heapSize),
            used_size: Number(info.usedSize),
            cpu_time: info.cpuTime,
            cpu_time_epoch: info.cpuTimeEpoch,
            timestamp: performance.now(),
            client_heap: memory?.total ?? null,
            client_used: memory?.used ?? null,
        };
    }

    /** A session for another client that reaches the server through this one. */
    new_proxy_session(on_response: (response: Uint8Array) => void): ProxySession {
        return ProxySession.over(this.#session.connection, on_response);
    }

    /** Closes the connection. Views of this client end with it. */
    terminate(): void {
        if (this.#close === undefined) {
            throw new Error("Client type cannot be terminated");
        }
        this.#session.abandon("the client was terminated");
        this.#close();
    }

    /** A handle on a view that is known by id, without asking the server. */
    __unsafe_open_view(view_id: string): View {
        const table: TableInfo = { id: "", index: undefined, limit: undefined };
        return View.open(this.#session, { id: view_id, table, config: undefined, depth: undefined });
    }

    __getClassname(): string {
        return "Client";
    }

    /** Nothing to do: memory is the garbage collector's here. Kept for programs written for the reference client. */
    free(): void {}

    [DISPOSE](): void {
        this.free();
    }

    /** @internal The state that transports drive. */
    static sessionOf(client: Client): Session {
        return client.#session;
    }

    async #hostedTables() {
        const answer = await this.#session.connection.call(
            SERVER,
            { case: "getHostedTablesReq", value: { subscribe: false } },
            "getHostedTablesResp",
        );
        return answer.tableInfos;
    }
}

async function tableName(table: Table | string): Promise<string> {
    return typeof table === "string" ? table : await table.get_name();
}

function clientMemory(): { total: number; used: number } | undefined {
    // Not standard: Chromium and Node each have their own.
    const { memory } = performance as { memory?: { totalJSHeapSize: number; usedJSHeapSize: number } };
    if (memory !== undefined) {
        return { total: memory.totalJSHeapSize, used: memory.usedJSHeapSize };
    }
    const { process } = globalThis as {
        process?: { memoryUsage?: () => { heapTotal: number; heapUsed: number } };
    };
    const usage = process?.memoryUsage?.();
    return usage === undefined ? undefined : { total: usage.heapTotal, used: usage.heapUsed };
}
