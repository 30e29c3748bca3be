/** Columns of a view from their JSON text, with integers kept to the last digit. */

import type { Scalar } from "../client/types.js";

/** A cell as the grid holds it: integers beyond 2^53 are big integers, so that no digit is lost. */
export type CellValue = Scalar | bigint;

export interface ColumnsText {
    readonly rowPaths: readonly CellValue[][] | undefined;
    readonly ids: readonly CellValue[][] | undefined;
    readonly columns: Readonly<Record<string, readonly CellValue[]>>;
}

const LONG_NUMBER = /\d{16}/;
const INTEGER = /^-?\d+$/;

/** `integers` are the names of columns whose long numbers are kept exact; ids and paths always are. */
export function parseColumns(text: string): ColumnsText {
    const parsed = (LONG_NUMBER.test(text) ? JSON.parse(text, exact) : JSON.parse(text)) as Record<string, unknown[]>;
    const { __ROW_PATH__: rowPaths, __ID__: ids, ...columns } = parsed;
    return {
        rowPaths: rowPaths as CellValue[][] | undefined,
        ids: ids as CellValue[][] | undefined,
        columns: columns as Record<string, CellValue[]>,
    };
}

/** Browsers that do not hand out the text of a number keep it as it was parsed. */
function exact(_key: string, value: unknown, context?: { source?: string }): unknown {
    return typeof value === "number" &&
        !Number.isSafeInteger(value) &&
        context?.source !== undefined &&
        INTEGER.test(context.source)
        ? BigInt(context.source)
        : value;
}

/** JSON text of one row, with big integers as numbers. */
export function rowText(row: Readonly<Record<string, CellValue>>): string {
    const cells = Object.entries(row).map(([name, value]) => {
        const text = typeof value === "bigint" ? value.toString() : JSON.stringify(value);
        return `${JSON.stringify(name)}:${text}`;
    });
    return `{${cells.join(",")}}`;
}
