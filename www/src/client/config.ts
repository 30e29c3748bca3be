/**
 * View configurations, between the JSON that users write and the message on the wire.
 *
 * A config first goes through `JSON.stringify`, so a `Date` becomes text and `undefined` is left out, and is then read
 * strictly: an unknown field or a value of the wrong kind is an error here, before the server is asked.
 */

import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { NullValue } from "@bufbuild/protobuf/wkt";
import {
    ViewConfig_FilterReducer as FilterReducer,
    GroupRollupMode,
    type ScalarSchema,
    SortOp,
    SplitRollupMode,
    ViewConfigSchema,
    type WindowSpecSchema,
    type ViewConfig as WireConfig,
    type WindowSpec as WireWindow,
} from "../proto/sightline_pb.js";
import {
    type Bag,
    boolean,
    count,
    invalidType,
    isBag,
    knownFields,
    list,
    number,
    optional,
    text,
    word,
} from "./check.js";
import { scalar } from "./columns.js";
import type { Aggregate, Scalar, SortDir, ViewConfig, WindowSpec } from "./types.js";

const SORTS: ReadonlyMap<SortDir, SortOp> = new Map([
    ["none", SortOp.SORT_NONE],
    ["desc", SortOp.SORT_DESC],
    ["asc", SortOp.SORT_ASC],
    ["col desc", SortOp.SORT_COL_DESC],
    ["col asc", SortOp.SORT_COL_ASC],
    ["desc abs", SortOp.SORT_DESC_ABS],
    ["asc abs", SortOp.SORT_ASC_ABS],
    ["col desc abs", SortOp.SORT_COL_DESC_ABS],
    ["col asc abs", SortOp.SORT_COL_ASC_ABS],
]);
const REDUCERS = new Map([
    ["and", FilterReducer.AND],
    ["or", FilterReducer.OR],
]);
const GROUP_ROLLUPS = new Map([
    ["rollup", GroupRollupMode.ROLLUP],
    ["flat", GroupRollupMode.FLAT],
    ["total", GroupRollupMode.TOTAL],
]);
const SPLIT_ROLLUPS = new Map([
    ["flat", SplitRollupMode.FLAT],
    ["rollup", SplitRollupMode.ROLLUP],
]);
const DIRECTIONS = new Map([
    ["asc", false],
    ["desc", true],
]);

const CONFIG_FIELDS = [
    "group_by",
    "split_by",
    "columns",
    "filter",
    "sort",
    "expressions",
    "windows",
    "aggregates",
    "group_by_depth",
    "filter_op",
    "group_rollup_mode",
    "split_rollup_mode",
];
const WINDOW_FIELDS = [
    "column",
    "aggregate",
    "partition_by",
    "order_by",
    "rows",
    "range",
    "cumulative",
    "offset",
    "alpha",
];

type ConfigInit = MessageInitShape<typeof ViewConfigSchema>;
type ScalarInit = MessageInitShape<typeof ScalarSchema>;
type WindowInit = MessageInitShape<typeof WindowSpecSchema>;

/** Reads a user's config. */
export function viewConfig(config: unknown): WireConfig {
    const json: unknown = JSON.parse(JSON.stringify(config) ?? "null");
    if (!isBag(json)) {
        throw invalidType(json, "struct ViewConfigUpdate");
    }
    knownFields(json, CONFIG_FIELDS);
    const columns = optional(json["columns"], (value) => list(value, (name) => optional(name, text)));
    const depth = optional(json["group_by_depth"], count);
    const groupRollup = optional(json["group_rollup_mode"], (value) => word(value, GROUP_ROLLUPS));
    const splitRollup = optional(json["split_rollup_mode"], (value) => word(value, SPLIT_ROLLUPS));
    const init: ConfigInit = {
        groupBy: optional(json["group_by"], (value) => list(value, text)) ?? [],
        splitBy: optional(json["split_by"], (value) => list(value, text)) ?? [],
        filter: optional(json["filter"], (value) => list(value, filter)) ?? [],
        filterOp: optional(json["filter_op"], (value) => word(value, REDUCERS)) ?? FilterReducer.AND,
        sort: optional(json["sort"], (value) => list(value, sort)) ?? [],
        expressions: optional(json["expressions"], expressionTexts) ?? {},
        aggregates: optional(json["aggregates"], aggregates) ?? {},
        windows: optional(json["windows"], windows) ?? {},
    };
    if (columns !== undefined) {
        const named = columns.filter((name) => name !== undefined);
        init.columns = { optColumns: { case: "columns", value: { columns: named } } };
    }
    if (depth !== undefined) {
        init.groupByDepth = depth;
    }
    if (groupRollup !== undefined) {
        init.groupRollupMode = groupRollup;
    }
    if (splitRollup !== undefined) {
        init.splitRollupMode = splitRollup;
    }
    return create(ViewConfigSchema, init);
}

/**
 * Texts of expressions by alias. In list form an expression is named by a first line that is a `// name` comment, or
 * else by its own text.
 */
export function expressionTexts(expressions: unknown): Record<string, string> {
    const wrong = () => new Error("data did not match any variant of untagged enum ExpressionsDeserde");
    const entries = Array.isArray(expressions)
        ? expressions.map((entry: unknown) => named(entry, wrong))
        : isBag(expressions)
          ? Object.entries(expressions)
          : undefined;
    if (entries === undefined || !entries.every(isTextEntry)) {
        throw wrong();
    }
    return Object.fromEntries(entries);
}

function isTextEntry(entry: readonly [string, unknown]): entry is readonly [string, string] {
    return typeof entry[1] === "string";
}

/** The name and the text of an entry; the line that names it is not part of the text. */
function named(expression: unknown, wrong: () => Error): readonly [string, string] {
    if (typeof expression !== "string") {
        throw wrong();
    }
    const comment = /^\/\/([^\n]*)\n/.exec(expression);
    return comment === null
        ? [expression, expression]
        : [comment[1]?.trim() ?? "", expression.slice(comment[0].length)];
}

function sort(entry: unknown): { column: string; op: SortOp } {
    const [column, direction] = tuple(entry, "Sort", 2, 2);
    return { column: text(column), op: word(direction, SORTS) };
}

function filter(entry: unknown): { column: string; op: string; value: ScalarInit[] } {
    const [column, operator, operand] = tuple(entry, "Filter", 2, 3);
    return {
        column: text(column),
        op: text(operator),
        value: Array.isArray(operand) ? operand.map((element: unknown) => wireScalar(element)) : [wireScalar(operand)],
    };
}

function wireScalar(value: unknown): ScalarInit {
    switch (typeof value) {
        case "string":
            return { scalar: { case: "string", value } };
        case "number":
            return { scalar: { case: "float", value } };
        case "boolean":
            return { scalar: { case: "bool", value } };
        default:
            if (value === null || value === undefined) {
                return { scalar: { case: "null", value: NullValue.NULL_VALUE } };
            }
            throw new Error("data did not match any variant of untagged enum FilterTerm");
    }
}

function tuple(entry: unknown, name: string, least: number, most: number): unknown[] {
    if (!Array.isArray(entry)) {
        throw invalidType(entry, `tuple struct ${name}`);
    }
    if (entry.length < least || entry.length > most) {
        throw new Error(`invalid length ${entry.length}, expected tuple struct ${name} with ${most} elements`);
    }
    return entry;
}

function aggregates(value: unknown): Record<string, { aggregations: string[] }> {
    return mapValues(value, (aggregate) => {
        if (typeof aggregate === "string") {
            return { aggregations: [aggregate] };
        }
        if (Array.isArray(aggregate) && aggregate.length === 2) {
            const [name, columns]: unknown[] = aggregate;
            if (typeof name === "string" && Array.isArray(columns)) {
                return { aggregations: [name, list(columns, text).join(",")] };
            }
        }
        throw new Error("data did not match any variant of untagged enum Aggregate");
    });
}

function windows(value: unknown): Record<string, WindowInit> {
    return mapValues(value, (spec) => {
        if (!isBag(spec)) {
            throw invalidType(spec, "struct WindowSpec");
        }
        knownFields(spec, WINDOW_FIELDS);
        const orderBy = optional(spec["order_by"], (order) => {
            const [column, direction] = tuple(order, "WindowSort", 2, 2);
            return { column: text(column), desc: word(direction, DIRECTIONS) };
        });
        const offset = optional(spec["offset"], count);
        const alpha = optional(spec["alpha"], number);
        return {
            source: text(required(spec, "column")),
            op: text(required(spec, "aggregate")),
            partitionBy: optional(spec["partition_by"], (names) => list(names, text)) ?? [],
            frame: frame(spec),
            ...(orderBy === undefined ? {} : { orderBy }),
            ...(offset === undefined ? {} : { offset }),
            ...(alpha === undefined ? {} : { alpha }),
        };
    });
}

function frame(spec: Bag): NonNullable<WindowInit["frame"]> {
    const rows = optional(spec["rows"], count);
    const range = optional(spec["range"], number);
    const cumulative = optional(spec["cumulative"], boolean) ?? false;
    if ([rows !== undefined, range !== undefined, cumulative].filter(Boolean).length > 1) {
        throw new Error("`rows`, `range` and `cumulative` are mutually exclusive");
    }
    if (rows !== undefined) {
        return { case: "rows", value: rows };
    }
    if (range !== undefined) {
        return { case: "range", value: range };
    }
    return cumulative ? { case: "cumulative", value: NullValue.NULL_VALUE } : { case: undefined };
}

function required(bag: Bag, field: string): unknown {
    if (!(field in bag)) {
        throw new Error(`missing field \`${field}\``);
    }
    return bag[field];
}

function mapValues<T>(value: unknown, read: (value: unknown) => T): Record<string, T> {
    if (!isBag(value)) {
        throw invalidType(value, "a map");
    }
    return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, read(entry)]));
}

/** The config of a view as the server tells it, as users read it. */
export function readConfig(wire: WireConfig): ViewConfig {
    const columns = wire.columns?.optColumns;
    return {
        group_by: wire.groupBy,
        split_by: wire.splitBy,
        sort: wire.sort.map(({ column, op }) => [column, wordFor(SORTS, op)]),
        filter: wire.filter.map(({ column, op, value }) => [column, op, operandOf(op, value.map(scalar))]),
        group_rollup_mode:
            wire.groupRollupMode === undefined
                ? "rollup"
                : (wordFor(GROUP_ROLLUPS, wire.groupRollupMode) as ViewConfig["group_rollup_mode"]),
        split_rollup_mode:
            wire.splitRollupMode === undefined
                ? "flat"
                : (wordFor(SPLIT_ROLLUPS, wire.splitRollupMode) as ViewConfig["split_rollup_mode"]),
        ...(wire.filterOp === FilterReducer.OR ? { filter_op: "or" as const } : {}),
        expressions: wire.expressions,
        ...(Object.keys(wire.windows).length === 0 ? {} : { windows: readWindows(wire.windows) }),
        columns: columns?.case === "columns" ? columns.value.columns : [],
        aggregates: Object.fromEntries(
            Object.entries(wire.aggregates).map(([column, { aggregations }]) => [column, readAggregate(aggregations)]),
        ),
        ...(wire.groupByDepth === undefined ? {} : { group_by_depth: wire.groupByDepth }),
    };
}

/** The wire does not tell a list of one from a single operand: the operator does. */
function operandOf(op: string, values: Scalar[]): Scalar | Scalar[] {
    const takesList = op === "in" || op === "not in";
    return values.length === 1 && !takesList ? (values[0] ?? null) : values;
}

function readAggregate([name = "", columns]: string[]): Aggregate {
    return columns === undefined ? name : [name, columns.split(",")];
}

function readWindows(wire: Record<string, WireWindow>): Record<string, WindowSpec> {
    return Object.fromEntries(
        Object.entries(wire).map(([name, spec]): [string, WindowSpec] => [
            name,
            {
                column: spec.source,
                aggregate: spec.op,
                ...(spec.partitionBy.length === 0 ? {} : { partition_by: spec.partitionBy }),
                ...(spec.orderBy === undefined
                    ? {}
                    : { order_by: [spec.orderBy.column, spec.orderBy.desc ? "desc" : "asc"] }),
                ...(spec.frame.case === "rows" ? { rows: spec.frame.value } : {}),
                ...(spec.frame.case === "range" ? { range: spec.frame.value } : {}),
                ...(spec.frame.case === "cumulative" ? { cumulative: true } : {}),
                ...(spec.offset === undefined ? {} : { offset: spec.offset }),
                ...(spec.alpha === undefined ? {} : { alpha: spec.alpha }),
            },
        ]),
    );
}

function wordFor<K extends string, V>(words: ReadonlyMap<K, V>, meaning: V): K {
    for (const [word, value] of words) {
        if (value === meaning) {
            return word;
        }
    }
    throw new Error(`the server sent a setting that this client does not know: ${String(meaning)}`);
}
