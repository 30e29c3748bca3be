/**
 * The language of the filter row: what a reader types into the box under a column, and the filters it stands for.
 *
 *     text            contains (text columns), equals (others)
 *     = x, != x       equals, does not equal
 *     = x, y          is one of; "!= x, y" is none of
 *     > x, >= x, < x, <= x
 *     x .. y          from x to y (not for text columns)
 *     ^ x, x $, ~ x   begins with, ends with, matches a regular expression (text columns)
 *     null, !null     is missing, is there
 */

import type { ColumnType, Filter, Scalar } from "../client/types.js";
import { plainText } from "./format.js";
import { parseValue } from "./parse_value.js";

export type ParsedFilter = { readonly filters: Filter[] } | { readonly error: string };

const ORDER = /^(>=|<=|==|!=|<>|>|<|=|!)\s*/;

/** The filters of one column for a text. An empty text asks for none. */
export function parseFilter(column: string, type: ColumnType, text: string): ParsedFilter {
    const trimmed = text.trim();
    if (trimmed === "") {
        return { filters: [] };
    }
    if (/^null$/i.test(trimmed)) {
        return { filters: [[column, "is null"]] };
    }
    if (/^!\s*null$/i.test(trimmed)) {
        return { filters: [[column, "is not null"]] };
    }
    const operator = ORDER.exec(trimmed)?.[1];
    if (operator !== undefined) {
        return ordered(column, type, operator, trimmed.replace(ORDER, ""));
    }
    return type === "string" ? words(column, trimmed) : between(column, type, trimmed);
}

function ordered(column: string, type: ColumnType, sign: string, text: string): ParsedFilter {
    const operator = { "=": "==", "!": "!=", "<>": "!=" }[sign] ?? sign;
    if (text === "") {
        return { error: `what should follow ${sign}?` };
    }
    const isEquality = operator === "==" || operator === "!=";
    if (isEquality && text.includes(",")) {
        const operands = text.split(",").map((part) => operand(type, part.trim()));
        const wrong = operands.find((part) => "error" in part);
        if (wrong !== undefined && "error" in wrong) {
            return wrong;
        }
        const values = operands.flatMap((part) => ("value" in part ? [part.value] : []));
        return { filters: [[column, operator === "==" ? "in" : "not in", values]] };
    }
    const one = operand(type, text);
    return "error" in one ? one : { filters: [[column, operator, one.value]] };
}

function words(column: string, text: string): ParsedFilter {
    if (text.startsWith("~")) {
        return { filters: [[column, "matches", text.slice(1).trim()]] };
    }
    if (text.startsWith("^")) {
        return { filters: [[column, "begins with", text.slice(1).trim()]] };
    }
    if (text.endsWith("$") && text.length > 1) {
        return { filters: [[column, "ends with", text.slice(0, -1).trim()]] };
    }
    return { filters: [[column, "contains", text]] };
}

function between(column: string, type: ColumnType, text: string): ParsedFilter {
    const [from, to, ...more] = text.split("..").map((part) => part.trim());
    if (from === undefined || to === undefined) {
        const one = operand(type, text);
        return "error" in one ? one : { filters: [[column, "==", one.value]] };
    }
    if (more.length > 0 || (from === "" && to === "")) {
        return { error: `"${text}" is not a range; write it as 1 .. 5` };
    }
    const filters: Filter[] = [];
    for (const [end, operator] of [
        [from, ">="],
        [to, "<="],
    ] as const) {
        if (end !== "") {
            const one = operand(type, end);
            if ("error" in one) {
                return one;
            }
            filters.push([column, operator, one.value]);
        }
    }
    return { filters };
}

/** Dates go to the engine as text, which says the day whatever the column's unit. */
function operand(type: ColumnType, text: string): { value: Scalar } | { error: string } {
    if (text === "") {
        return { error: "a value is missing" };
    }
    const parsed = parseValue(text, type);
    if ("error" in parsed) {
        return parsed;
    }
    if (type === "date" || type === "datetime") {
        return { value: plainText(parsed.value, type) };
    }
    // The wire has no wider number: a text of digits is taken exactly.
    return { value: typeof parsed.value === "bigint" ? parsed.value.toString() : parsed.value };
}

/** The text that stands for a column's filters, or undefined when the language of the filter row has none. */
export function filterText(filters: readonly Filter[]): string | undefined {
    if (filters.length === 0) {
        return "";
    }
    if (filters.length === 2) {
        const from = filters.find(([, operator]) => operator === ">=")?.[2];
        const to = filters.find(([, operator]) => operator === "<=")?.[2];
        return from === undefined || to === undefined ? undefined : `${word(from)} .. ${word(to)}`;
    }
    const [, operator, value] = filters[0] as Filter;
    if (filters.length > 2) {
        return undefined;
    }
    switch (operator) {
        case "is null":
            return "null";
        case "is not null":
            return "!null";
        case "contains":
            return word(value);
        case "begins with":
            return `^${word(value)}`;
        case "ends with":
            return `${word(value)}$`;
        case "matches":
            return `~${word(value)}`;
        case "in":
            return `= ${list(value)}`;
        case "not in":
            return `!= ${list(value)}`;
        case "==":
            return `= ${word(value)}`;
        case "!=":
        case ">":
        case ">=":
        case "<":
        case "<=":
            return `${operator} ${word(value)}`;
        default:
            return undefined;
    }
}

function word(value: unknown): string {
    return value instanceof Date ? value.toISOString() : String(value);
}

function list(value: unknown): string {
    return Array.isArray(value) ? value.map(word).join(", ") : word(value);
}
