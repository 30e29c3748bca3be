/** `Table`: a handle on a table of the server, which is known by name. */

import type { Client } from "./client.js";
import { orderedSchema, schemaOf } from "./columns.js";
import { expressionTexts, viewConfig } from "./config.js";
import { tableData } from "./data.js";
import { DISPOSE } from "./dispose.js";
import { deleteOptions, updateOptions } from "./options.js";
import type { Session, TableInfo } from "./session.js";
import type {
    DeleteOptions,
    Schema,
    UpdateData,
    UpdateOptions,
    ValidatedExpressions,
    ViewConfigUpdate,
} from "./types.js";
import { View } from "./view.js";

export class Table {
    readonly #client: Client;
    readonly #session: Session;
    readonly #info: TableInfo;

    private constructor(client: Client, session: Session, info: TableInfo) {
        this.#client = client;
        this.#session = session;
        this.#info = info;
    }

    /** @internal */
    static open(client: Client, session: Session, info: TableInfo): Table {
        return new Table(client, session, info);
    }

    async get_index(): Promise<string | undefined> {
        return this.#info.index;
    }

    async get_limit(): Promise<number | undefined> {
        return this.#info.limit;
    }

    async get_name(): Promise<string> {
        return this.#info.id;
    }

    async get_client(): Promise<Client> {
        return this.#client;
    }

    /** Number of rows. */
    async size(): Promise<number> {
        const answer = await this.#session.connection.call(
            this.#info,
            { case: "tableSizeReq", value: {} },
            "tableSizeResp",
        );
        return answer.size;
    }

    /** Type of each column. */
    async schema(): Promise<Schema> {
        const answer = await this.#session.connection.call(
            this.#info,
            { case: "tableSchemaReq", value: {} },
            "tableSchemaResp",
        );
        return orderedSchema(answer.schema);
    }

    /** Names of the columns, in order. */
    async columns(): Promise<string[]> {
        const answer = await this.#session.connection.call(
            this.#info,
            { case: "tableSchemaReq", value: {} },
            "tableSchemaResp",
        );
        return (answer.schema?.schema ?? []).map(({ name }) => name);
    }

    /** Removes all rows. */
    async clear(): Promise<void> {
        await this.#replace([], undefined);
    }

    /** Takes the table from the server. Fails while it has views, unless `lazy`. */
    async delete(options?: DeleteOptions | null): Promise<void> {
        const { lazy } = deleteOptions(options);
        await this.#session.connection.call(
            this.#info,
            { case: "tableDeleteReq", value: { isImmediate: !lazy } },
            "tableDeleteResp",
        );
    }

    /** A new port: a mark on one's updates, by which one's subscriptions recognise them. */
    async make_port(): Promise<number> {
        const answer = await this.#session.connection.call(
            this.#info,
            { case: "tableMakePortReq", value: {} },
            "tableMakePortResp",
        );
        return answer.portId;
    }

    /** Adds rows, or changes those whose index value is there already. Columns not named keep their values. */
    async update(data: UpdateData, options?: UpdateOptions | null): Promise<void> {
        const { portId, format } = updateOptions(options);
        const value = { portId, data: tableData(data, format, "update") };
        await this.#session.connection.call(this.#info, { case: "tableUpdateReq", value }, "tableUpdateResp");
    }

    /** Puts this data in the place of all rows. */
    async replace(data: UpdateData, options?: UpdateOptions | null): Promise<void> {
        await this.#replace(data, options);
    }

    /** Removes rows by index value: an array of values, or Arrow with a column of them. */
    async remove(
        data: readonly unknown[] | string | ArrayBuffer | Uint8Array,
        options?: UpdateOptions | null,
    ): Promise<void> {
        const { format } = updateOptions(options);
        const value = { data: tableData(data, format, "update") };
        await this.#session.connection.call(this.#info, { case: "tableRemoveReq", value }, "tableRemoveResp");
    }

    /** Opens a view. Without a config it shows the table as it is. */
    async view(config?: ViewConfigUpdate | null): Promise<View> {
        const checked = config === undefined || config === null ? undefined : viewConfig(config);
        return View.open(this.#session, await this.#session.openView(this.#info, checked));
    }

    /** Types of expressions, and what is wrong with those that are not valid. */
    async validate_expressions(expressions: Record<string, string> | string[]): Promise<ValidatedExpressions> {
        const answer = await this.#session.connection.call(
            this.#info,
            { case: "tableValidateExprReq", value: { columnToExpr: expressionTexts(expressions) } },
            "tableValidateExprResp",
        );
        return {
            expression_schema: schemaOf(answer.expressionSchema),
            errors: Object.fromEntries(
                Object.entries(answer.errors).map(([alias, error]) => [
                    alias,
                    { error_message: error.errorMessage, line: error.line, column: error.column },
                ]),
            ),
            expression_alias: answer.expressionAlias,
        };
    }

    /** Calls back when the table is deleted. */
    async on_delete(callback: () => void): Promise<number> {
        return await this.#session.connection.subscribe({
            entity: this.#info,
            request: { case: "tableOnDeleteReq", value: {} },
            once: true,
            notify: () => callback(),
        });
    }

    async remove_delete(callback_id: number): Promise<void> {
        const id = this.#session.connection.unsubscribe(callback_id);
        if (id === undefined) {
            return; // It was called, or never was: either way it will not be.
        }
        await this.#session.connection.call(
            this.#info,
            { case: "tableRemoveDeleteReq", value: { id } },
            "tableRemoveDeleteResp",
        );
    }

    __getClassname(): string {
        return "Table";
    }

    /** Nothing to do: memory is the garbage collector's here. Kept for programs written for the reference client. */
    free(): void {}

    [DISPOSE](): void {
        this.free();
    }

    async #replace(data: unknown, options: unknown): Promise<void> {
        const { format } = updateOptions(options);
        const value = { data: tableData(data, format, "update") };
        await this.#session.connection.call(this.#info, { case: "tableReplaceReq", value }, "tableReplaceResp");
    }
}
