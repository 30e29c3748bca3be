/** The option bags of `table`, `join`, `update` and `delete`, checked and turned into what requests carry. */

import type { MessageInitShape } from "@bufbuild/protobuf";
import { JoinType, ListFlatten, type MakeTableReq_MakeTableOptionsSchema } from "../proto/sightline_pb.js";
import { type Bag, boolean, count, invalidType, isBag, optional, text, word } from "./check.js";
import type { TableFormat } from "./types.js";

const FORMATS: ReadonlyMap<string, TableFormat> = new Map(
    (["csv", "json", "columns", "arrow", "ndjson"] as const).map((name) => [name, name]),
);
const LIST_FLATTENS = new Map([
    ["zip", ListFlatten.ZIP],
    ["cartesian", ListFlatten.CARTESIAN],
    ["stringify", ListFlatten.STRINGIFY],
]);
const JOIN_TYPES = new Map([
    ["inner", JoinType.INNER],
    ["left", JoinType.LEFT],
    ["outer", JoinType.OUTER],
]);

export interface CheckedTableOptions {
    readonly name: string | undefined;
    readonly format: TableFormat | undefined;
    readonly index: string | undefined;
    readonly limit: number | undefined;
    readonly request: MessageInitShape<typeof MakeTableReq_MakeTableOptionsSchema>;
}

export function tableOptions(options: unknown): CheckedTableOptions {
    const bag = optionBag(options);
    const index = optional(bag["index"], text);
    const limit = optional(bag["limit"], count);
    const pageToDisk = optional(bag["page_to_disk"], boolean);
    const listFlatten = optional(bag["list_flatten"], (value) => word(value, LIST_FLATTENS));
    return {
        name: optional(bag["name"], text),
        format: format(bag),
        index,
        limit,
        request: {
            makeTableType: tableType(index, limit),
            ...(pageToDisk === undefined ? {} : { pageToDisk }),
            ...(listFlatten === undefined ? {} : { listFlatten }),
        },
    };
}

/** An index and a limit exclude each other. */
export function tableType(
    index: string | undefined,
    limit: number | undefined,
): MessageInitShape<typeof MakeTableReq_MakeTableOptionsSchema>["makeTableType"] & object {
    if (index !== undefined && limit !== undefined) {
        throw new Error("Can't use both `limit` and `index` arguments");
    }
    if (index !== undefined) {
        return { case: "makeIndexTable", value: index };
    }
    return limit === undefined ? { case: undefined } : { case: "makeLimitTable", value: limit };
}

export interface CheckedUpdateOptions {
    readonly portId: number;
    readonly format: TableFormat | undefined;
}

export function updateOptions(options: unknown): CheckedUpdateOptions {
    const bag = optionBag(options);
    return { portId: optional(bag["port_id"], count) ?? 0, format: format(bag) };
}

export function deleteOptions(options: unknown): { readonly lazy: boolean } {
    return { lazy: optional(optionBag(options)["lazy"], boolean) ?? false };
}

export interface CheckedJoinOptions {
    readonly joinType: JoinType | undefined;
    readonly name: string | undefined;
    readonly rightOn: string | undefined;
}

export function joinOptions(options: unknown): CheckedJoinOptions {
    const bag = optionBag(options);
    return {
        joinType: optional(bag["join_type"], (value) => word(value, JOIN_TYPES)),
        name: optional(bag["name"], text),
        rightOn: optional(bag["right_on"], text),
    };
}

function format(bag: Bag): TableFormat | undefined {
    return optional(bag["format"], (value) => word(value, FORMATS));
}

function optionBag(options: unknown): Bag {
    if (options === undefined || options === null) {
        return {};
    }
    if (!isBag(options)) {
        throw invalidType(options, "an options object");
    }
    return options;
}
