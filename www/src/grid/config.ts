/**
 * What the grid shows: the config that is saved and restored, and the changes that mouse and keys make to it.
 *
 * Everything here is pure: a config goes in, a new one comes out.
 */

import type {
    Aggregate,
    ColumnType,
    Filter,
    FilterReducer,
    GroupRollupMode,
    Schema,
    Sort,
    SplitRollupMode,
    ViewConfigUpdate,
    WindowSpec,
} from "../client/types.js";
import { type ColumnColour, checkColour } from "./colour.js";
import { type ColumnFormat, checkFormat } from "./format.js";

export type ShowAs = "table" | "line" | "bar" | "scatter" | "heatmap";
export type Theme = "auto" | "light" | "dark";

/** What `save` gives and `restore` takes. It is plain JSON. */
export interface GridConfig {
    /** Shown columns in order; undefined shows all. */
    readonly columns?: readonly string[] | undefined;
    readonly group_by: readonly string[];
    readonly split_by: readonly string[];
    readonly filter: readonly Filter[];
    readonly filter_op: FilterReducer;
    readonly sort: readonly Sort[];
    readonly expressions: Readonly<Record<string, string>>;
    readonly aggregates: Readonly<Record<string, Aggregate>>;
    readonly windows: Readonly<Record<string, WindowSpec>>;
    /** Levels of groups that are open at first. */
    readonly group_by_depth: number;
    readonly group_rollup_mode: GroupRollupMode;
    readonly split_rollup_mode: SplitRollupMode;
    readonly formats: Readonly<Record<string, ColumnFormat>>;
    readonly colours: Readonly<Record<string, ColumnColour>>;
    /** Width in pixels by column path; what is absent fits its content. */
    readonly widths: Readonly<Record<string, number>>;
    readonly show_as: ShowAs;
    readonly theme: Theme;
    readonly filter_row: boolean;
    readonly panel: boolean;
}

export const EMPTY: GridConfig = {
    group_by: [],
    split_by: [],
    filter: [],
    filter_op: "and",
    sort: [],
    expressions: {},
    aggregates: {},
    windows: {},
    group_by_depth: 1,
    group_rollup_mode: "rollup",
    split_rollup_mode: "flat",
    formats: {},
    colours: {},
    widths: {},
    show_as: "table",
    theme: "auto",
    filter_row: false,
    panel: false,
};

const CHOICES: Readonly<Record<string, readonly string[]>> = {
    filter_op: ["and", "or"],
    group_rollup_mode: ["rollup", "flat", "total"],
    split_rollup_mode: ["flat", "rollup"],
    show_as: ["table", "line", "bar", "scatter", "heatmap"],
    theme: ["auto", "light", "dark"],
};
const LISTS = ["columns", "group_by", "split_by", "filter", "sort"];
const RECORDS = ["expressions", "aggregates", "windows", "formats", "colours", "widths"];
const SWITCHES = ["filter_row", "panel"];

/** `config` with the fields of `change`, each checked for its shape. What names columns is the engine's to check. */
export function restored(config: GridConfig, change: unknown): GridConfig {
    if (typeof change !== "object" || change === null || Array.isArray(change)) {
        throw new Error("a grid's config is an object");
    }
    for (const [key, value] of Object.entries(change)) {
        checkField(key, value);
    }
    return { ...config, ...(structuredClone(change) as Partial<GridConfig>) };
}

function checkField(key: string, value: unknown): void {
    const wrong = (what: string) => new Error(`\`${key}\` of a grid's config must be ${what}`);
    if (key === "columns" && value === undefined) {
        return;
    }
    if (LISTS.includes(key)) {
        if (!Array.isArray(value)) {
            throw wrong("a list");
        }
        return;
    }
    if (RECORDS.includes(key)) {
        if (typeof value !== "object" || value === null || Array.isArray(value)) {
            throw wrong("an object");
        }
        for (const [column, entry] of Object.entries(value)) {
            if (key === "formats") {
                checkFormat(column, entry);
            } else if (key === "colours") {
                checkColour(column, entry);
            } else if (key === "widths" && !(typeof entry === "number" && entry > 0)) {
                throw wrong("an object of positive numbers");
            }
        }
        return;
    }
    const choices = CHOICES[key];
    if (choices !== undefined) {
        if (typeof value !== "string" || !choices.includes(value)) {
            throw wrong(`one of ${choices.join(", ")}`);
        }
        return;
    }
    if (SWITCHES.includes(key)) {
        if (typeof value !== "boolean") {
            throw wrong("true or false");
        }
        return;
    }
    if (key === "group_by_depth") {
        if (!Number.isInteger(value) || (value as number) < 0) {
            throw wrong("a whole number");
        }
        return;
    }
    throw new Error(`a grid's config has no field \`${key}\``);
}

/** The fields of the config that make the view another one. */
const OF_THE_VIEW = [
    "columns",
    "group_by",
    "split_by",
    "filter",
    "filter_op",
    "sort",
    "expressions",
    "aggregates",
    "windows",
    "group_by_depth",
    "group_rollup_mode",
    "split_rollup_mode",
] as const;

export function isSameView(one: GridConfig, other: GridConfig): boolean {
    return OF_THE_VIEW.every((key) => JSON.stringify(one[key]) === JSON.stringify(other[key]));
}

/** The config of the view. Aggregates of columns that are not used are left out: the engine refuses unknown ones. */
export function viewConfig(config: GridConfig, table: Schema): ViewConfigUpdate {
    const columns = shownColumns(config, table);
    const used = new Set([...columns, ...config.sort.map(([column]) => column)]);
    const isGrouped = config.group_by.length > 0;
    return {
        columns,
        group_by: [...config.group_by],
        split_by: [...config.split_by],
        filter: [...config.filter],
        filter_op: config.filter_op,
        sort: [...config.sort],
        expressions: { ...config.expressions },
        aggregates: Object.fromEntries(Object.entries(config.aggregates).filter(([column]) => used.has(column))),
        windows: { ...config.windows },
        split_rollup_mode: config.split_rollup_mode,
        group_rollup_mode: config.group_rollup_mode,
        ...(isGrouped ? { group_by_depth: config.group_by_depth } : {}),
    };
}

/** Names of all columns that a view could show. */
export function allColumns(config: GridConfig, table: Schema): string[] {
    return [...Object.keys(table), ...Object.keys(config.expressions), ...Object.keys(config.windows)];
}

export function shownColumns(config: GridConfig, table: Schema): string[] {
    return config.columns === undefined ? allColumns(config, table) : [...config.columns];
}

/**
 * What a click on a header does: up, down, not at all. With `more` the other columns stay sorted; without, they are
 * forgotten.
 */
export function clickSort(sort: readonly Sort[], column: string, more: boolean): Sort[] {
    const now = sort.find(([name]) => name === column)?.[1];
    const next = now === undefined || now === "none" ? "asc" : now.startsWith("asc") ? "desc" : undefined;
    if (!more) {
        return next === undefined ? [] : [[column, next]];
    }
    if (now === undefined) {
        return [...sort, [column, "asc"]];
    }
    return sort.flatMap((entry): Sort[] =>
        entry[0] !== column ? [entry] : next === undefined ? [] : [[column, next]],
    );
}

/** The filters with those of one column replaced. */
export function withFilters(filter: readonly Filter[], column: string, filters: readonly Filter[]): Filter[] {
    return [...filter.filter(([name]) => name !== column), ...filters];
}

/** Where a column can be put in the panel. */
export type Zone = "group_by" | "split_by" | "columns" | "all";
export const ZONES: readonly Zone[] = ["columns", "group_by", "split_by"];

/**
 * A column taken from `from` and put into `to` before position `at`. From the list of all columns it is copied; into
 * that list it is thrown away. Grouping and splitting hold a column once, in one of the two.
 */
export function moveColumn(
    config: GridConfig,
    table: Schema,
    column: string,
    from: Zone,
    to: Zone,
    at: number,
): GridConfig {
    const zones: Record<Exclude<Zone, "all">, string[]> = {
        columns: shownColumns(config, table),
        group_by: [...config.group_by],
        split_by: [...config.split_by],
    };
    let position = at;
    if (from !== "all") {
        const was = zones[from].indexOf(column);
        if (was >= 0) {
            zones[from].splice(was, 1);
            if (from === to && was < at) {
                position -= 1;
            }
        }
    }
    if (to !== "all") {
        for (const zone of to === "columns" ? (["columns"] as const) : (["group_by", "split_by"] as const)) {
            const was = zones[zone].indexOf(column);
            if (was >= 0) {
                zones[zone].splice(was, 1);
                if (zone === to && was < position) {
                    position -= 1;
                }
            }
        }
        zones[to].splice(Math.max(0, Math.min(position, zones[to].length)), 0, column);
    }
    return {
        ...config,
        columns: zones.columns,
        group_by: zones.group_by,
        split_by: zones.split_by,
    };
}

/** The config without an expression and all that names it. */
export function withoutExpression(config: GridConfig, name: string): GridConfig {
    const without = <T>(record: Readonly<Record<string, T>>) =>
        Object.fromEntries(Object.entries(record).filter(([key]) => key !== name));
    const others = (names: readonly string[]) => names.filter((other) => other !== name);
    return {
        ...config,
        columns: config.columns === undefined ? undefined : others(config.columns),
        group_by: others(config.group_by),
        split_by: others(config.split_by),
        sort: config.sort.filter(([column]) => column !== name),
        filter: config.filter.filter(([column]) => column !== name),
        expressions: without(config.expressions),
        aggregates: without(config.aggregates),
        formats: without(config.formats),
        colours: without(config.colours),
    };
}

const NUMERIC = [
    "sum",
    "avg",
    "count",
    "distinct count",
    "min",
    "max",
    "median",
    "q1",
    "q3",
    "stddev",
    "var",
    "first",
    "last",
    "sum abs",
    "abs sum",
    "sum not null",
    "high minus low",
    "last minus first",
    "pct sum parent",
    "pct sum total",
    "dominant",
    "unique",
    "any",
];
const OTHER = ["count", "distinct count", "first", "last", "min", "max", "dominant", "unique", "join", "any", "median"];

/** Aggregates that the panel offers for a type. */
export function aggregatesFor(type: ColumnType | undefined): readonly string[] {
    return type === "integer" || type === "float" ? NUMERIC : OTHER;
}

/** What a column is aggregated by when nothing is said. */
export function defaultAggregate(type: ColumnType | undefined): string {
    return type === "integer" || type === "float" ? "sum" : "count";
}
