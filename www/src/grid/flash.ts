/**
 * Which cells changed between two readings, for the flash. A row is known by its key, so that a row that only moved
 * does not flash, and one that scrolls into sight does not either.
 */

import type { CellValue } from "./json_columns.js";

export type Change = "up" | "down" | "other";

export interface Reading {
    /** The key of each row. */
    readonly keys: readonly string[];
    /** By column path, the values of the rows. */
    readonly columns: Readonly<Record<string, readonly CellValue[]>>;
}

/** Changes by column path and row of the later reading. */
export function changes(before: Reading | undefined, after: Reading): Map<string, Map<number, Change>> {
    const found = new Map<string, Map<number, Change>>();
    if (before === undefined) {
        return found;
    }
    const rowOf = new Map(before.keys.map((key, row) => [key, row]));
    const pairs: [number, number][] = [];
    after.keys.forEach((key, row) => {
        const was = rowOf.get(key);
        if (was !== undefined) {
            pairs.push([was, row]);
        }
    });
    for (const [path, values] of Object.entries(after.columns)) {
        const old = before.columns[path];
        if (old === undefined) {
            continue;
        }
        for (const [was, row] of pairs) {
            const one = old[was];
            const other = values[row];
            if (one !== other && one !== undefined && other !== undefined) {
                const rows = found.get(path) ?? new Map<number, Change>();
                found.set(path, rows);
                rows.set(row, direction(one, other));
            }
        }
    }
    return found;
}

function direction(before: CellValue, after: CellValue): Change {
    const areNumbers = [before, after].every((value) => typeof value === "number" || typeof value === "bigint");
    if (!areNumbers) {
        return "other";
    }
    return (after as number) > (before as number) ? "up" : "down";
}
