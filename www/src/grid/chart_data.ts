/** What a chart draws, from the columns of a view: pure, without a canvas. */

import type { ColumnType } from "../client/types.js";
import type { CellValue } from "./json_columns.js";

export interface ChartColumn {
    readonly label: string;
    readonly type: ColumnType | undefined;
    readonly values: readonly CellValue[];
}

export interface ChartInput {
    readonly columns: readonly ChartColumn[];
    /** Of grouped views: the path of each row. */
    readonly rowPaths: readonly CellValue[][] | undefined;
    /** How many levels rows are grouped by. */
    readonly depth: number;
    /** Type of the deepest level. */
    readonly groupType: ColumnType | undefined;
    /** How a label of a row path is written. */
    readonly label: (path: readonly CellValue[]) => string;
}

export interface Series {
    readonly label: string;
    readonly values: readonly (number | null)[];
}

export interface ChartData {
    /** Positions along the x axis, ascending. */
    readonly x: readonly number[];
    readonly xIs: "time" | "number" | "category";
    readonly xLabel: string;
    /** Of categories: what stands at each whole position. */
    readonly categories: readonly string[];
    readonly series: readonly Series[];
}

/** More lines than this cannot be told apart. */
export const MOST_SERIES = 12;

/**
 * Groups become categories (or times, if rows are grouped by a date alone); rows that are not grouped go along their
 * first date or time, or else are counted.
 */
export function lineData(input: ChartInput): ChartData | { error: string } {
    const rows = leaves(input);
    const numbers = input.columns.filter(isNumeric);
    if (numbers.length === 0) {
        return { error: "nothing to draw: show a column of numbers" };
    }
    const series = (columns: readonly ChartColumn[], order: readonly number[]) =>
        columns.slice(0, MOST_SERIES).map(({ label, values }) => ({
            label,
            values: order.map((row) => numeric(values[row])),
        }));
    if (input.rowPaths !== undefined) {
        const paths = input.rowPaths;
        if (input.depth === 1 && isTime(input.groupType)) {
            const timed = rows.filter((row) => numeric(paths[row]?.[0]) !== null);
            const at = (row: number) => numeric(paths[row]?.[0]) as number;
            timed.sort((one, other) => at(one) - at(other));
            return {
                x: timed.map((row) => at(row) / 1000),
                xIs: "time",
                xLabel: "",
                categories: [],
                series: series(numbers, timed),
            };
        }
        return {
            x: rows.map((_, at) => at),
            xIs: "category",
            xLabel: "",
            categories: rows.map((row) => input.label(paths[row] ?? [])),
            series: series(numbers, rows),
        };
    }
    const time = input.columns.find(({ type }) => isTime(type));
    if (time !== undefined) {
        const order = sortedBy(time.values, rows);
        return {
            x: order.map((row) => (numeric(time.values[row]) as number) / 1000),
            xIs: "time",
            xLabel: time.label,
            categories: [],
            series: series(numbers, order),
        };
    }
    return { x: rows.map((_, at) => at), xIs: "number", xLabel: "row", categories: [], series: series(numbers, rows) };
}

/** The first column of numbers goes along, the others up. A date or time goes along as well. */
export function scatterData(input: ChartInput): ChartData | { error: string } {
    const along = input.columns.find((column) => isNumeric(column) || isTime(column.type));
    const up = input.columns.filter((column) => column !== along && isNumeric(column));
    if (along === undefined || up.length === 0) {
        return { error: "a scatter chart takes two columns of numbers: the first goes along, the second up" };
    }
    const order = sortedBy(along.values, leaves(input));
    const scale = isTime(along.type) ? 1000 : 1;
    return {
        x: order.map((row) => (numeric(along.values[row]) as number) / scale),
        xIs: isTime(along.type) ? "time" : "number",
        xLabel: along.label,
        categories: [],
        series: up.slice(0, MOST_SERIES).map(({ label, values }) => ({
            label,
            values: order.map((row) => numeric(values[row])),
        })),
    };
}

export interface HeatData {
    readonly rows: readonly string[];
    readonly columns: readonly string[];
    /** By column, then row. */
    readonly cells: readonly (readonly (number | null)[])[];
    readonly least: number;
    readonly most: number;
}

/** Rows down, columns of numbers across. */
export function heatData(input: ChartInput): HeatData | { error: string } {
    const numbers = input.columns.filter(isNumeric);
    if (numbers.length === 0) {
        return { error: "nothing to draw: show a column of numbers" };
    }
    const rows = leaves(input);
    const cells = numbers.map(({ values }) => rows.map((row) => numeric(values[row])));
    let least = Number.POSITIVE_INFINITY;
    let most = Number.NEGATIVE_INFINITY;
    for (const cell of cells.flat()) {
        if (cell !== null) {
            least = Math.min(least, cell);
            most = Math.max(most, cell);
        }
    }
    return {
        rows: rows.map((row) =>
            input.rowPaths === undefined ? String(row + 1) : input.label(input.rowPaths[row] ?? []),
        ),
        columns: numbers.map(({ label }) => label),
        cells,
        least: Number.isFinite(least) ? least : 0,
        most: Number.isFinite(most) ? most : 0,
    };
}

/** Rows without rows below them: the deepest that are open. */
export function leaves({ rowPaths, columns }: Pick<ChartInput, "rowPaths" | "columns">): number[] {
    if (rowPaths === undefined) {
        return Array.from({ length: columns[0]?.values.length ?? 0 }, (_, row) => row);
    }
    const found: number[] = [];
    rowPaths.forEach((path, row) => {
        const next = rowPaths[row + 1];
        const hasBelow = next !== undefined && next.length > path.length;
        if (!hasBelow && (path.length > 0 || rowPaths.length === 1)) {
            found.push(row);
        }
    });
    return found;
}

function sortedBy(values: readonly CellValue[], rows: readonly number[]): number[] {
    const known = rows.filter((row) => numeric(values[row]) !== null);
    return known.sort((one, other) => (numeric(values[one]) as number) - (numeric(values[other]) as number));
}

function isNumeric({ type }: ChartColumn): boolean {
    return type === "integer" || type === "float";
}

function isTime(type: ColumnType | undefined): boolean {
    return type === "date" || type === "datetime";
}

function numeric(value: CellValue | undefined): number | null {
    return typeof value === "number" || typeof value === "bigint" ? Number(value) : null;
}
