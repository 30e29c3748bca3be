/**
 * Cells as text, by `Intl`: numbers, currencies, percentages, dates and times as the reader's language writes them.
 *
 * Times are shown in UTC unless a format names a time zone, as the engine reckons in UTC.
 */

import type { ColumnType } from "../client/types.js";
import type { CellValue } from "./json_columns.js";

/** How a column is written. What is left out follows from the column's type. */
export interface ColumnFormat {
    readonly style?: "number" | "currency" | "percent" | "compact" | "scientific" | "plain";
    /** Three letters, as in `EUR`. Needed for `currency`. */
    readonly currency?: string;
    /** Digits after the decimal point. */
    readonly digits?: number;
    /** Of dates and times. */
    readonly date?: "short" | "medium" | "long" | "full" | "iso" | "none";
    readonly time?: "short" | "medium" | "long" | "none";
    readonly time_zone?: string;
}

export type Formatter = (value: CellValue | undefined) => string;

const STYLES: readonly unknown[] = ["number", "currency", "percent", "compact", "scientific", "plain"];
const FORMAT_KEYS = new Set(["style", "currency", "digits", "date", "time", "time_zone"]);

/** Fails with a sentence when a format cannot be used. */
export function checkFormat(column: string, format: unknown): asserts format is ColumnFormat {
    if (typeof format !== "object" || format === null) {
        throw new Error(`the format of column "${column}" is not an object`);
    }
    for (const key of Object.keys(format)) {
        if (!FORMAT_KEYS.has(key)) {
            throw new Error(`the format of column "${column}" has an unknown field "${key}"`);
        }
    }
    const { style } = format as ColumnFormat;
    if (style !== undefined && !STYLES.includes(style)) {
        throw new Error(
            `the format of column "${column}" has a style "${String(style)}", which is none of ${STYLES.join(", ")}`,
        );
    }
    try {
        for (const type of ["float", "datetime", "date"] as const) {
            formatter(type, format as ColumnFormat, "en")(1);
        }
    } catch (error) {
        throw new Error(`the format of column "${column}" cannot be used: ${(error as Error).message}`);
    }
}

/** What writes the cells of a column of `type`. */
export function formatter(type: ColumnType | undefined, format: ColumnFormat = {}, locale?: string): Formatter {
    switch (type) {
        case "integer":
        case "float":
            return orNothing(numberFormatter(type, format, locale));
        case "date":
            return orNothing(dateFormatter(format, locale));
        case "datetime":
            return orNothing(timeFormatter(format, locale));
        default:
            return orNothing((value) => String(value));
    }
}

function orNothing(format: (value: NonNullable<CellValue>) => string): Formatter {
    return (value) => (value === null || value === undefined ? "" : format(value));
}

function numberFormatter(
    type: "integer" | "float",
    format: ColumnFormat,
    locale: string | undefined,
): (value: NonNullable<CellValue>) => string {
    if (format.style === "plain") {
        return (value) => String(value);
    }
    const digits = format.digits ?? (type === "float" && (format.style ?? "number") === "number" ? 2 : undefined);
    const options: Intl.NumberFormatOptions = {
        ...(digits === undefined ? {} : { minimumFractionDigits: digits, maximumFractionDigits: digits }),
    };
    switch (format.style) {
        case "currency":
            options.style = "currency";
            if (format.currency === undefined) {
                throw new Error("style `currency` needs a `currency`");
            }
            options.currency = format.currency;
            break;
        case "percent":
            options.style = "percent";
            options.minimumFractionDigits ??= 1;
            options.maximumFractionDigits ??= 1;
            break;
        case "compact":
        case "scientific":
            options.notation = format.style;
            break;
    }
    const intl = new Intl.NumberFormat(locale, options);
    return (value) => (typeof value === "number" || typeof value === "bigint" ? intl.format(value) : String(value));
}

function dateFormatter(
    { date = "medium" }: ColumnFormat,
    locale: string | undefined,
): (value: NonNullable<CellValue>) => string {
    if (date === "iso" || date === "none") {
        return (value) => new Date(Number(value)).toISOString().slice(0, 10);
    }
    const intl = new Intl.DateTimeFormat(locale, { dateStyle: date, timeZone: "UTC" });
    return (value) => intl.format(Number(value));
}

function timeFormatter(
    { date = "short", time = "medium", time_zone: timeZone = "UTC" }: ColumnFormat,
    locale: string | undefined,
): (value: NonNullable<CellValue>) => string {
    if (date === "iso") {
        return (value) => new Date(Number(value)).toISOString().replace("T", " ").replace("Z", "");
    }
    const intl = new Intl.DateTimeFormat(locale, {
        ...(date === "none" ? {} : { dateStyle: date }),
        ...(time === "none" ? {} : { timeStyle: time }),
        timeZone,
    });
    return (value) => intl.format(Number(value));
}

/** A cell as it is typed again, or pasted elsewhere: without grouping, dates as ISO. */
export function plainText(value: CellValue | undefined, type: ColumnType | undefined): string {
    if (value === null || value === undefined) {
        return "";
    }
    switch (type) {
        case "date":
            return new Date(Number(value)).toISOString().slice(0, 10);
        case "datetime":
            return new Date(Number(value))
                .toISOString()
                .replace("T", " ")
                .replace(/(\.000)?Z$/, "");
        default:
            return String(value);
    }
}
