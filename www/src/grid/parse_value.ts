/** What is typed into a cell, as a value of the column's type, or the reason why it is none. */

import type { ColumnType } from "../client/types.js";
import type { CellValue } from "./json_columns.js";

export type Parsed = { readonly value: CellValue } | { readonly error: string };

const DATE = /^(\d{4})-(\d{1,2})-(\d{1,2})$/;
const DATETIME = /^(\d{4}-\d{1,2}-\d{1,2})(?:[ T](\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,3}))?)?\s*(Z)?)?$/;
const INT64 = { least: -(2n ** 63n), most: 2n ** 63n - 1n };

/** An empty text is null, except in a text column, where it is the empty text. */
export function parseValue(text: string, type: ColumnType): Parsed {
    if (type === "string") {
        return { value: text };
    }
    const trimmed = text.trim();
    if (trimmed === "") {
        return { value: null };
    }
    switch (type) {
        case "integer":
            return parseInteger(trimmed);
        case "float":
            return parseFloat64(trimmed);
        case "boolean":
            return parseBoolean(trimmed);
        case "date":
            return parseDate(trimmed);
        case "datetime":
            return parseDatetime(trimmed);
    }
}

function parseInteger(text: string): Parsed {
    if (!/^[+-]?\d+$/.test(text)) {
        return { error: `"${text}" is not a whole number` };
    }
    const value = BigInt(text);
    if (value < INT64.least || value > INT64.most) {
        return { error: `${text} does not fit 64 bits` };
    }
    const number = Number(value);
    return { value: Number.isSafeInteger(number) ? number : value };
}

function parseFloat64(text: string): Parsed {
    const number = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
    return Number.isFinite(number) ? { value: number } : { error: `"${text}" is not a number` };
}

function parseBoolean(text: string): Parsed {
    const word = text.toLowerCase();
    if (["true", "yes", "1"].includes(word)) {
        return { value: true };
    }
    return ["false", "no", "0"].includes(word) ? { value: false } : { error: `"${text}" is neither true nor false` };
}

function parseDate(text: string): Parsed {
    const day = dayOf(text);
    return day === undefined ? { error: `"${text}" is not a date; write it as 2024-12-31` } : { value: day };
}

function dayOf(text: string): number | undefined {
    const [, year, month, day] = DATE.exec(text) ?? [];
    if (year === undefined) {
        return undefined;
    }
    const time = Date.UTC(Number(year), Number(month) - 1, Number(day));
    const date = new Date(time);
    return date.getUTCMonth() === Number(month) - 1 && date.getUTCDate() === Number(day) ? time : undefined;
}

function parseDatetime(text: string): Parsed {
    const [, date = "", hour = "0", minute = "0", second = "0", fraction = "0"] = DATETIME.exec(text) ?? [];
    const day = dayOf(date);
    if (day === undefined || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) {
        return { error: `"${text}" is not a time; write it as 2024-12-31 23:59:59` };
    }
    const milliseconds = Number(fraction.padEnd(3, "0"));
    return { value: day + ((Number(hour) * 60 + Number(minute)) * 60 + Number(second)) * 1000 + milliseconds };
}
