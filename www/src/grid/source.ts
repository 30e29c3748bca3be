/**
 * The view behind the grid: opened for a config, read in windows, given back.
 *
 * What goes in is a table and a config; what comes out are `Slice`s. Nothing here draws. A reading belongs to the view
 * it was begun on: when that was replaced meanwhile, `read` says so by giving undefined.
 */

import type { Table } from "../client/table.js";
import type { Schema } from "../client/types.js";
import type { View } from "../client/view.js";
import { type GridConfig, viewConfig } from "./config.js";
import { type CellValue, parseColumns } from "./json_columns.js";
import { type ColumnPath, columnsInSight, runs, splitPath } from "./paths.js";

export interface Window {
    readonly firstRow: number;
    readonly endRow: number;
    /** Positions among the columns in sight. */
    readonly firstColumn: number;
    readonly endColumn: number;
}

export interface Slice {
    readonly window: Window;
    readonly rows: number;
    readonly columns: readonly ColumnPath[];
    readonly values: readonly (readonly CellValue[])[];
    /** Of grouped views. */
    readonly rowPaths: readonly CellValue[][] | undefined;
    readonly ids: readonly CellValue[][] | undefined;
}

export class Source {
    readonly table: Table;
    readonly schema: Schema;
    readonly view: View;
    readonly config: GridConfig;
    /** The column that identifies rows, if the table has one. */
    readonly index: string | undefined;
    /** Types of the columns that the view shows, aggregated. */
    readonly types: Schema;
    /** Types of what rows are grouped by. */
    readonly groupTypes: Schema;
    #rows = 0;
    #tableRows = 0;
    #paths: readonly ColumnPath[] = [];
    #inSight: readonly number[] = [];
    #numColumns = -1;
    #closed: ReadonlySet<string> = new Set();
    #subscription: number | undefined;

    private constructor(
        table: Table,
        schema: Schema,
        view: View,
        config: GridConfig,
        types: Schema,
        groupTypes: Schema,
        index: string | undefined,
    ) {
        this.table = table;
        this.schema = schema;
        this.view = view;
        this.config = config;
        this.types = types;
        this.groupTypes = groupTypes;
        this.index = index;
    }

    static async open(table: Table, schema: Schema, config: GridConfig): Promise<Source> {
        const view = await table.view(viewConfig(config, schema));
        try {
            const [types, expressions, index] = await Promise.all([
                view.schema(),
                view.expression_schema(),
                table.get_index(),
            ]);
            const source = new Source(
                table,
                schema,
                view,
                config,
                types,
                { ...types, ...schema, ...expressions },
                index,
            );
            await source.#measure();
            return source;
        } catch (error) {
            await view.delete();
            throw error;
        }
    }

    get rows(): number {
        return this.#rows;
    }

    /** Rows of the table, whatever the view leaves out. */
    get tableRows(): number {
        return this.#tableRows;
    }

    /** All columns of the view. */
    get paths(): readonly ColumnPath[] {
        return this.#paths;
    }

    /** The columns that are in sight. */
    get columns(): readonly ColumnPath[] {
        return this.#inSight.map((at) => this.#paths[at] as ColumnPath);
    }

    get numColumns(): number {
        return this.#inSight.length;
    }

    get isGrouped(): boolean {
        return this.config.group_by.length > 0 && this.config.group_rollup_mode !== "total";
    }

    /** Rows of the table one by one: what can be edited. */
    get isFlat(): boolean {
        return this.config.group_by.length === 0 && this.config.group_rollup_mode !== "total";
    }

    closeGroups(closed: ReadonlySet<string>): void {
        this.#closed = closed;
        this.#inSight = columnsInSight(this.#paths, closed);
    }

    async subscribe(changed: () => void): Promise<void> {
        this.#subscription = await this.view.on_update(changed);
    }

    /** Reads a window, and learns on the way how many rows and columns there are. */
    async read(window: Window): Promise<Slice> {
        const positions = this.#inSight.slice(window.firstColumn, window.endColumn);
        const rows = { start_row: window.firstRow, end_row: window.endRow };
        const parts = runs(positions);
        // Measuring may find other columns; what is read belongs to those that were known before.
        const columns = positions.map((at) => this.#paths[at]).filter((path) => path !== undefined);
        const [, ...texts] = await Promise.all([
            this.#measure(),
            ...(parts.length === 0 ? [{ start: 0, end: 0 }] : parts).map(({ start, end }) =>
                this.view.to_columns_string({ ...rows, start_col: start, end_col: end, id: this.isFlat }),
            ),
        ]);
        const parsed = texts.map(parseColumns);
        const byPath = Object.assign({}, ...parsed.map((part) => part.columns)) as Record<string, CellValue[]>;
        return {
            window,
            rows: this.#rows,
            columns,
            values: columns.map(({ path }) => byPath[path] ?? []),
            rowPaths: parsed[0]?.rowPaths,
            ids: parsed[0]?.ids,
        };
    }

    async close(): Promise<void> {
        if (this.#subscription !== undefined) {
            await this.view.remove_update(this.#subscription);
        }
        await this.view.delete();
    }

    /** Columns come and go with the values that a view is split by; without a split they stay. */
    async #measure(): Promise<void> {
        const dimensions = await this.view.dimensions();
        const columns = dimensions.num_view_columns;
        this.#rows = dimensions.num_view_rows;
        this.#tableRows = dimensions.num_table_rows;
        const isSplit = this.config.split_by.length > 0;
        if (columns !== this.#numColumns || isSplit) {
            const names = new Set(Object.keys(this.types));
            const paths = await this.view.column_paths();
            this.#numColumns = columns;
            this.#paths = paths.map((path) => splitPath(path, this.config.split_by.length, names));
            this.closeGroups(this.#closed);
        }
    }
}
