/** The rule of a page for what may be typed into a cell. */

import type { ColumnType } from "../client/types.js";
import type { CellValue } from "./json_columns.js";

/** Gives the reason why a value may not stand in a cell, or undefined when it may. */
export type CellValidator = (
    value: CellValue,
    cell: { readonly column: string; readonly type: ColumnType; readonly key: CellValue },
) => string | undefined | Promise<string | undefined>;
