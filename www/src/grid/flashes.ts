/** What flashes at the moment: changes between readings, remembered for as long as the animation lasts. */

import { type Change, changes, type Reading } from "./flash.js";
import type { CellValue } from "./json_columns.js";
import type { Slice } from "./source.js";

/** How long a flash is seen; `styles.ts` has the same number. */
export const FLASH_MS = 700;

interface Flash {
    readonly change: Change;
    /** The animation begins anew when its name changes: even and odd flashes have different names. */
    readonly turn: number;
    readonly at: number;
}

export class Flashes {
    #before: Reading | undefined;
    #now: Reading | undefined;
    #slice: Slice | undefined;
    readonly #flashes = new Map<string, Map<string, Flash>>();

    /** Takes a reading in, and notes what changed since the one before. */
    read(slice: Slice, now = performance.now()): void {
        const reading: Reading = {
            keys: rowKeys(slice),
            columns: Object.fromEntries(slice.columns.map(({ path }, at) => [path, slice.values[at] ?? []])),
        };
        const isMore =
            this.#slice !== undefined &&
            this.#slice.window.firstRow === slice.window.firstRow &&
            this.#slice.window.endRow === slice.window.endRow &&
            this.#slice.window.endColumn === slice.window.firstColumn;
        if (isMore && this.#now !== undefined) {
            this.#now = { keys: reading.keys, columns: { ...this.#now.columns, ...reading.columns } };
        } else {
            this.#before = this.#now;
            this.#now = reading;
        }
        this.#slice = slice;
        this.#forgetOld(now);
        for (const [path, rows] of changes(this.#before, reading)) {
            for (const [row, change] of rows) {
                const key = reading.keys[row] as string;
                const ofRow = this.#flashes.get(key) ?? new Map<string, Flash>();
                this.#flashes.set(key, ofRow);
                ofRow.set(path, { change, turn: (ofRow.get(path)?.turn ?? 0) + 1, at: now });
            }
        }
    }

    /** How a cell flashes, as in `up-0` and `down-1`; undefined when it does not. */
    of(row: number, path: string, now: number): string | undefined {
        const key = this.#now?.keys[row - (this.#slice?.window.firstRow ?? 0)];
        const flash = key === undefined ? undefined : this.#flashes.get(key)?.get(path);
        return flash === undefined || now - flash.at > FLASH_MS ? undefined : `${flash.change}-${flash.turn % 2}`;
    }

    /** Another view, or the same at other rows: nothing in it counts as changed. */
    forget(): void {
        this.#before = undefined;
        this.#now = undefined;
        this.#slice = undefined;
        this.#flashes.clear();
    }

    #forgetOld(now: number): void {
        for (const [key, ofRow] of this.#flashes) {
            for (const [path, flash] of ofRow) {
                if (now - flash.at > FLASH_MS) {
                    ofRow.delete(path);
                }
            }
            if (ofRow.size === 0) {
                this.#flashes.delete(key);
            }
        }
    }
}

function rowKeys({ rowPaths, ids, window }: Slice): string[] {
    const paths: readonly (readonly CellValue[])[] = rowPaths ?? ids ?? [];
    return paths.length === 0
        ? Array.from({ length: window.endRow - window.firstRow }, (_, at) => String(window.firstRow + at))
        : paths.map((path) => path.map((value) => `${typeof value} ${String(value)}`).join("\u0000"));
}
