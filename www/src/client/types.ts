/**
 * The public vocabulary of the client: what goes into and comes out of `Client`, `Table` and `View`.
 *
 * Types only, nothing of the wire: a user's compiler never needs the protobuf runtime to read these.
 */

/** Type of a column. */
export type ColumnType = "string" | "date" | "datetime" | "integer" | "float" | "boolean";

/** One cell as JSON carries it; dates and datetimes are milliseconds since the epoch. */
export type Scalar = number | string | boolean | null;

export type Schema = Record<string, ColumnType>;

export type TableFormat = "csv" | "json" | "columns" | "arrow" | "ndjson";
export type ListFlatten = "zip" | "cartesian" | "stringify";
export type JoinType = "inner" | "left" | "outer";

/** What a cell of row or column data may be: `JSON.stringify` decides how it is sent. */
export type Cell = unknown;

/** Data for `update`, `replace` and `remove`. A string is CSV, bytes are Arrow IPC, unless `format` says otherwise. */
export type UpdateData =
    | string
    | ArrayBuffer
    | Uint8Array
    | readonly Record<string, Cell>[]
    | Readonly<Record<string, readonly Cell[]>>;

export interface TableInitOptions {
    /** Name of the table on the server; random when absent. */
    name?: string;
    format?: TableFormat;
    /** Column whose values identify rows. Excludes `limit`. */
    index?: string;
    /** Number of rows to keep, the oldest leave first. Excludes `index`. */
    limit?: number;
    page_to_disk?: boolean;
    list_flatten?: ListFlatten;
}

export interface JoinOptions {
    join_type?: JoinType;
    name?: string;
    /** Key column of the right table, when it is named differently. */
    right_on?: string;
}

export interface UpdateOptions {
    /** Port from `make_port`, so that a subscriber recognises its own writes. */
    port_id?: number | null;
    format?: TableFormat | null;
}

export interface DeleteOptions {
    /** Wait for the last view to go instead of failing while there are views. */
    lazy: boolean;
}

export type SortDir =
    | "none"
    | "asc"
    | "desc"
    | "col asc"
    | "col desc"
    | "asc abs"
    | "desc abs"
    | "col asc abs"
    | "col desc abs";
export type Sort = [column: string, direction: SortDir];
export type FilterTerm = Scalar | Scalar[] | Date;
export type Filter = [column: string, operator: string, operand: FilterTerm] | [column: string, operator: string];
export type FilterReducer = "and" | "or";
/** Name of an aggregate, with the columns it takes besides its own. */
export type Aggregate = string | [name: string, columns: string[]];
export type GroupRollupMode = "rollup" | "flat" | "total";
export type SplitRollupMode = "flat" | "rollup";

/** A computed column over an ordered frame of rows. At most one of `rows`, `range` and `cumulative`. */
export interface WindowSpec {
    column: string;
    aggregate: string;
    partition_by?: string[];
    order_by?: [column: string, direction: "asc" | "desc"] | null;
    rows?: number | null;
    range?: number | null;
    cumulative?: boolean | null;
    offset?: number | null;
    alpha?: number | null;
}

/** What a view is asked to be; everything is optional. */
export interface ViewConfigUpdate {
    group_by?: string[];
    split_by?: string[];
    columns?: (string | null)[];
    filter?: Filter[];
    filter_op?: FilterReducer;
    sort?: Sort[];
    /** Text of each expression by alias, or a list; a list entry is named by a leading `// name` line or by its text. */
    expressions?: Record<string, string> | string[];
    aggregates?: Record<string, Aggregate>;
    group_by_depth?: number | null;
    group_rollup_mode?: GroupRollupMode;
    split_rollup_mode?: SplitRollupMode;
    windows?: Record<string, WindowSpec>;
}

/** What a view is, with every default filled in. */
export interface ViewConfig {
    group_by: string[];
    split_by: string[];
    sort: Sort[];
    filter: [column: string, operator: string, operand: Scalar | Scalar[]][];
    filter_op?: FilterReducer;
    group_rollup_mode: GroupRollupMode;
    split_rollup_mode: SplitRollupMode;
    expressions: Record<string, string>;
    windows?: Record<string, WindowSpec>;
    columns: string[];
    aggregates: Record<string, Aggregate>;
    group_by_depth?: number;
}

export interface ColumnWindow {
    start_col?: number | null;
    end_col?: number | null;
}

/** The part of a view to read. Fractions widen the window to whole rows and columns. */
export interface ViewWindow {
    start_row?: number | null;
    end_row?: number | null;
    start_col?: number | null;
    end_col?: number | null;
    /** JSON: adds `__ID__`. */
    id?: boolean | null;
    /** JSON: adds `__INDEX__`. */
    index?: boolean | null;
    /** JSON: dates as text. */
    formatted?: boolean | null;
    /** Arrow: compression of the record batch. */
    compression?: "lz4" | "zstd" | null;
    /** Arrow: group columns are named `g (Group by 1)`; `false` names them `__ROW_PATH_0__`. */
    emit_legacy_row_path_names?: boolean | null;
}

export interface TypedArrayWindow extends ViewWindow {
    /** Floats and 64-bit integers arrive as `Float32Array` instead of `Float64Array`; dates would not fit. */
    float32?: boolean;
}

export type TypedArray = Int32Array | Uint32Array | Float32Array | Float64Array;

/**
 * Receives the columns of a view. The arrays may share memory with the message they came in: copy what should outlive
 * the call. `validities` holds a bitmap, least significant bit first, or `null` for a column without nulls;
 * `dictionaries` the strings that a text column's codes stand for.
 */
export type TypedArrayCallback = (
    names: string[],
    values: TypedArray[],
    validities: (Uint8Array | null)[],
    dictionaries: (string[] | null)[],
) => unknown;

export interface ViewDimensions {
    num_table_rows: number;
    num_table_columns: number;
    num_view_rows: number;
    num_view_columns: number;
}

export interface OnUpdateOptions {
    /** `"row"` asks for the changed rows as an Arrow stream. */
    mode?: "row" | null;
}

export interface OnUpdateData {
    /** Arrow stream of the changed rows; null unless some subscriber of the view asked for mode `row`. */
    delta: Uint8Array | null;
    port_id: number;
}

export interface OnRemoveData {
    /** Arrow stream of one column: the index values of the rows that left. */
    indices: Uint8Array;
    port_id: number;
}

export interface ExpressionError {
    error_message: string;
    line: number;
    column: number;
}

export interface ValidatedExpressions {
    expression_schema: Schema;
    errors: Record<string, ExpressionError>;
    expression_alias: Record<string, string>;
}

export interface SystemInfo {
    heap_size: number;
    used_size: number;
    cpu_time: number;
    cpu_time_epoch: number;
    timestamp: number | null;
    client_heap: number | null;
    client_used: number | null;
}

export type ErrorCallback = (error: Error, reconnect: () => Promise<void>) => void;

/** How a websocket comes back after it broke. */
export interface WebSocketOptions {
    /**
     * Whether to come back after the connection broke. When `false`, `on_error` callbacks get a function that does.
     * While coming back, calls wait; those that were under way have failed.
     */
    reconnect?: boolean;
    /** First delay before coming back, doubled with each attempt, in milliseconds. */
    reconnect_delay?: number;
    /** Greatest delay, in milliseconds. */
    reconnect_delay_max?: number;
    /** How many attempts to make before giving up. */
    reconnect_attempts?: number;
}
