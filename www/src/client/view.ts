/** `View`: a handle on an open view. It reads windows of the result and hears of changes. */

import type { MessageInitShape } from "@bufbuild/protobuf";
import { type ColumnPathLevel, ViewOnUpdateReq_Mode, type ViewPortSchema } from "../proto/sightline_pb.js";
import { readArrow } from "./arrow.js";
import { type Bag, boolean, invalidType, isBag, number, optional, text, word } from "./check.js";
import { scalar, schemaOf } from "./columns.js";
import { readConfig } from "./config.js";
import { DISPOSE } from "./dispose.js";
import { unknownError } from "./errors.js";
import type { OpenView, Session } from "./session.js";
import { typedArrays } from "./typed_arrays.js";
import type {
    ColumnWindow,
    OnRemoveData,
    OnUpdateData,
    OnUpdateOptions,
    Scalar,
    Schema,
    TypedArrayCallback,
    TypedArrayWindow,
    ViewConfig,
    ViewDimensions,
    ViewWindow,
} from "./types.js";

type Viewport = MessageInitShape<typeof ViewPortSchema>;

const UPDATE_MODES = new Map([["row", ViewOnUpdateReq_Mode.ROW]]);

export class View {
    readonly #session: Session;
    readonly #view: OpenView;

    private constructor(session: Session, view: OpenView) {
        this.#session = session;
        this.#view = view;
    }

    /** @internal */
    static open(session: Session, view: OpenView): View {
        return new View(session, view);
    }

    /** @internal What a table that follows the view must know of it. */
    static internalsOf(view: View): { session: Session; open: OpenView } {
        return { session: view.#session, open: view.#view };
    }

    /** Type of each column, without those of group levels. */
    async schema(): Promise<Schema> {
        const answer = await this.#session.connection.call(
            this.#view,
            { case: "viewSchemaReq", value: {} },
            "viewSchemaResp",
        );
        return schemaOf(answer.schema);
    }

    /** Type of each expression column. */
    async expression_schema(): Promise<Schema> {
        if (!(await this.#session.features()).expressions) {
            return {};
        }
        const answer = await this.#session.connection.call(
            this.#view,
            { case: "viewExpressionSchemaReq", value: {} },
            "viewExpressionSchemaResp",
        );
        return schemaOf(answer.schema);
    }

    async get_config(): Promise<ViewConfig> {
        const { config } = await this.#session.connection.call(
            this.#view,
            { case: "viewGetConfigReq", value: {} },
            "viewGetConfigResp",
        );
        if (config === undefined) {
            throw unknownError("the server answered without a config");
        }
        return readConfig(config);
    }

    async dimensions(): Promise<ViewDimensions> {
        const answer = await this.#session.connection.call(
            this.#view,
            { case: "viewDimensionsReq", value: {} },
            "viewDimensionsResp",
        );
        return {
            num_table_rows: answer.numTableRows,
            num_table_columns: answer.numTableColumns,
            num_view_rows: answer.numViewRows,
            num_view_columns: answer.numViewColumns,
        };
    }

    async num_rows(): Promise<number> {
        return (await this.dimensions()).num_view_rows;
    }

    async num_columns(): Promise<number> {
        return (await this.dimensions()).num_view_columns;
    }

    /** Names of the columns; those of a split view are the split values and the column, joined by `|`. */
    async column_paths(window?: ColumnWindow | null): Promise<string[]> {
        const { start_col, end_col } = windowBag(window);
        const { startCol, endCol } = viewport({ start_col, end_col });
        const answer = await this.#session.connection.call(
            this.#view,
            {
                case: "viewColumnPathsReq",
                value: {
                    ...(startCol === undefined ? {} : { startCol }),
                    ...(endCol === undefined ? {} : { endCol }),
                },
            },
            "viewColumnPathsResp",
        );
        // Servers that speak only the 5.6 dialect give the levels of the paths instead.
        return answer.paths.length > 0 ? answer.paths : joinedPaths(answer.area);
    }

    /** Smallest and greatest value of a column's rows. */
    async get_min_max(column: string): Promise<[min: Scalar, max: Scalar]> {
        const answer = await this.#session.connection.call(
            this.#view,
            { case: "viewGetMinMaxReq", value: { columnName: text(column) } },
            "viewGetMinMaxResp",
        );
        return [scalar(answer.min), scalar(answer.max)];
    }

    /** Opens the group at a row. Gives back the number of rows that appear. */
    async expand(row_index: number): Promise<number> {
        const answer = await this.#session.connection.call(
            this.#view,
            { case: "viewExpandReq", value: { rowIndex: position(row_index) } },
            "viewExpandResp",
        );
        return answer.numChanged;
    }

    /** Closes the group at a row. Gives back the number of rows that disappear. */
    async collapse(row_index: number): Promise<number> {
        const answer = await this.#session.connection.call(
            this.#view,
            { case: "viewCollapseReq", value: { rowIndex: position(row_index) } },
            "viewCollapseResp",
        );
        return answer.numChanged;
    }

    /** Opens all groups down to a depth, and closes those below. */
    async set_depth(depth: number): Promise<void> {
        const whole = position(depth);
        await this.#session.connection.call(
            this.#view,
            { case: "viewSetDepthReq", value: { depth: whole } },
            "viewSetDepthResp",
        );
        this.#view.depth = whole;
    }

    /**
     * Values by column name. Numbers are JavaScript numbers: an integer beyond 2^53 loses its last digits here, and
     * keeps them in `to_columns_string` and `to_arrow`.
     */
    async to_columns(window?: ViewWindow | null): Promise<Record<string, unknown[]>> {
        return JSON.parse(await this.to_columns_string(window)) as Record<string, unknown[]>;
    }

    /** Rows as objects, with the precision of `to_columns`. */
    async to_json(window?: ViewWindow | null): Promise<Record<string, unknown>[]> {
        return JSON.parse(await this.to_json_string(window)) as Record<string, unknown>[];
    }

    async to_columns_string(window?: ViewWindow | null): Promise<string> {
        const answer = await this.#session.connection.call(
            this.#view,
            { case: "viewToColumnsStringReq", value: jsonWindow(window) },
            "viewToColumnsStringResp",
        );
        return answer.jsonString;
    }

    async to_json_string(window?: ViewWindow | null): Promise<string> {
        const answer = await this.#session.connection.call(
            this.#view,
            { case: "viewToRowsStringReq", value: jsonWindow(window) },
            "viewToRowsStringResp",
        );
        return answer.jsonString;
    }

    async to_ndjson(window?: ViewWindow | null): Promise<string> {
        const answer = await this.#session.connection.call(
            this.#view,
            { case: "viewToNdjsonStringReq", value: jsonWindow(window) },
            "viewToNdjsonStringResp",
        );
        return answer.ndjsonString;
    }

    async to_csv(window?: ViewWindow | null): Promise<string> {
        const answer = await this.#session.connection.call(
            this.#view,
            { case: "viewToCsvReq", value: { viewport: jsonWindow(window).viewport } },
            "viewToCsvResp",
        );
        return answer.csv;
    }

    /** An Arrow IPC stream of one record batch. */
    async to_arrow(window?: ViewWindow | null): Promise<ArrayBuffer> {
        const bytes = await this.#arrow(jsonWindow(window).viewport, window?.compression);
        return bytes.slice().buffer;
    }

    /** Hands the columns of a window to `callback`, as typed arrays, and waits for what it returns. */
    async with_typed_arrays(window: TypedArrayWindow | null | undefined, callback: TypedArrayCallback): Promise<void> {
        const bag = windowBag(window);
        const float32 = optional(bag["float32"], boolean) ?? false;
        const bytes = await this.#arrow({ ...viewport(bag), machineColumnNames: false }, undefined);
        const { names, values, validities, dictionaries } = typedArrays(readArrow(bytes), float32);
        await callback(names, values, validities, dictionaries);
    }

    /**
     * Calls back after updates. Callbacks are queued, and never run inside the call that caused them. After a
     * reconnect one call tells that something may have changed; its delta, in mode `row`, is the whole view.
     */
    async on_update(callback: (data: OnUpdateData) => void, options?: OnUpdateOptions | null): Promise<number> {
        const mode = optional(options?.mode, (value) => word(value, UPDATE_MODES));
        return await this.#session.connection.subscribe({
            entity: this.#view,
            request: { case: "viewOnUpdateReq", value: mode === undefined ? {} : { mode } },
            once: false,
            notify: (body) => {
                if (body.case === "viewOnUpdateResp") {
                    callback({ delta: body.value.delta ?? null, port_id: body.value.portId });
                }
            },
            resumed: async () => {
                const delta = mode === undefined ? null : new Uint8Array(await this.to_arrow());
                callback({ delta, port_id: 0 });
            },
        });
    }

    async remove_update(callback_id: number): Promise<void> {
        const id = this.#session.connection.unsubscribe(callback_id);
        if (id === undefined) {
            throw unknownError("remove_update");
        }
        await this.#session.connection.call(
            this.#view,
            { case: "viewRemoveOnUpdateReq", value: { id } },
            "viewRemoveOnUpdateResp",
        );
    }

    /** Calls back with the index values of rows that left the table. */
    async on_remove(callback: (data: OnRemoveData) => void): Promise<number> {
        return await this.#session.connection.subscribe({
            entity: this.#view,
            request: { case: "viewOnRemoveReq", value: {} },
            once: false,
            notify: (body) => {
                if (body.case === "viewOnRemoveResp") {
                    const { indices, portId } = body.value;
                    callback({ indices: indices ?? new Uint8Array(), port_id: portId });
                }
            },
        });
    }

    async remove_remove(callback_id: number): Promise<void> {
        const id = this.#session.connection.unsubscribe(callback_id);
        if (id === undefined) {
            throw unknownError("remove_update");
        }
        await this.#session.connection.call(
            this.#view,
            { case: "viewRemoveOnRemoveReq", value: { id } },
            "viewRemoveOnRemoveResp",
        );
    }

    /** Calls back when the view is deleted. */
    async on_delete(callback: () => void): Promise<number> {
        return await this.#session.connection.subscribe({
            entity: this.#view,
            request: { case: "viewOnDeleteReq", value: {} },
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
            this.#view,
            { case: "viewRemoveDeleteReq", value: { id } },
            "viewRemoveDeleteResp",
        );
    }

    /** Closes the view. */
    async delete(): Promise<void> {
        this.#session.forgetView(this.#view);
        await this.#session.connection.call(this.#view, { case: "viewDeleteReq", value: {} }, "viewDeleteResp");
        this.#session.connection.unsubscribeFrom(this.#view);
    }

    /** Marks the object as a view for `client.table(view)`. */
    __get_model(): View {
        return this;
    }

    __unsafe_get_name(): string {
        return this.#view.id;
    }

    /** Nothing to do: memory is the garbage collector's here. Kept for programs written for the reference client. */
    free(): void {}

    [DISPOSE](): void {
        this.free();
    }

    async #arrow(window: Viewport, compression: unknown): Promise<Uint8Array> {
        const named = optional(compression, text);
        const answer = await this.#session.connection.call(
            this.#view,
            {
                case: "viewToArrowReq",
                value: { viewport: window, ...(named === undefined ? {} : { compression: named }) },
            },
            "viewToArrowResp",
        );
        return answer.arrow;
    }
}

function windowBag(window: unknown): Bag {
    if (window === undefined || window === null) {
        return {};
    }
    if (!isBag(window)) {
        throw invalidType(window, "a window object");
    }
    return window;
}

function viewport(window: Bag): Viewport {
    const startRow = optional(window["start_row"], (value) => clamp(Math.floor(number(value))));
    const endRow = optional(window["end_row"], (value) => clamp(Math.ceil(number(value))));
    const startCol = optional(window["start_col"], (value) => clamp(Math.floor(number(value))));
    const endCol = optional(window["end_col"], (value) => clamp(Math.ceil(number(value))));
    // On the wire the presence of this field asks for machine names, whatever its value: `true` is the default here
    // and must stay away.
    const legacyNames = optional(window["emit_legacy_row_path_names"], boolean);
    return {
        ...(startRow === undefined ? {} : { startRow }),
        ...(endRow === undefined ? {} : { endRow }),
        ...(startCol === undefined ? {} : { startCol }),
        ...(endCol === undefined ? {} : { endCol }),
        ...(legacyNames === false ? { machineColumnNames: false } : {}),
    };
}

function jsonWindow(window: ViewWindow | null | undefined) {
    const bag = windowBag(window);
    const id = optional(bag["id"], boolean);
    const index = optional(bag["index"], boolean);
    const formatted = optional(bag["formatted"], boolean);
    return {
        viewport: viewport(bag),
        ...(id === undefined ? {} : { id }),
        ...(index === undefined ? {} : { index }),
        ...(formatted === undefined ? {} : { formatted }),
    };
}

/** A row number or depth as 32 unsigned bits: a negative one becomes one that no view has. */
function position(value: unknown): number {
    return number(value) >>> 0;
}

function clamp(value: number): number {
    return Number.isNaN(value) ? 0 : Math.min(Math.max(value, 0), 0xffff_ffff);
}

function joinedPaths(levels: readonly ColumnPathLevel[]): string[] {
    const names = levels.map((level) => level.values.map((value) => String(scalar(value))));
    return (names[0] ?? []).map((_, column) => names.map((level) => level[column]).join("|"));
}
