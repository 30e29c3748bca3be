/** What users hand to `table`, `update`, `replace` and `remove`, as it goes on the wire. */

import type { MessageInitShape } from "@bufbuild/protobuf";
import type { MakeTableDataSchema } from "../proto/sightline_pb.js";
import { type Bag, isBag, word } from "./check.js";
import { COLUMN_TYPES } from "./columns.js";
import type { TableFormat } from "./types.js";

type WireData = MessageInitShape<typeof MakeTableDataSchema>;
type Purpose = "construct" | "update";

/** `purpose` is `construct` where a schema is a possible kind of data. */
export function tableData(data: unknown, format: TableFormat | undefined, purpose: Purpose): WireData {
    return { data: wireData(data, format, purpose) };
}

function wireData(data: unknown, format: TableFormat | undefined, purpose: Purpose): WireData["data"] & object {
    if (typeof data === "string") {
        return fromText(data, format ?? "csv");
    }
    if (data instanceof ArrayBuffer || data instanceof Uint8Array) {
        const bytes = new Uint8Array(data instanceof Uint8Array ? data : data.slice(0));
        if (format === undefined || format === "arrow") {
            return { case: "fromArrow", value: bytes };
        }
        return fromText(decodeText(bytes), format);
    }
    if (Array.isArray(data)) {
        return { case: "fromRows", value: JSON.stringify(data) };
    }
    if (isBag(data)) {
        const values = Object.values(data);
        if (values.every((value) => typeof value === "string")) {
            const schema = schemaPairs(data);
            if (purpose === "update") {
                throw new Error("Method cannot be called with `Schema` argument");
            }
            return { case: "fromSchema", value: { schema } };
        }
        if (values.every((value) => Array.isArray(value))) {
            return { case: "fromCols", value: JSON.stringify(data) };
        }
    }
    throw new Error(`Failed to construct table from ${describe(data)}`);
}

function fromText(data: string, format: TableFormat): WireData["data"] & object {
    switch (format) {
        case "csv":
            return { case: "fromCsv", value: data };
        case "json":
            return { case: "fromRows", value: data };
        case "columns":
            return { case: "fromCols", value: data };
        case "ndjson":
            return { case: "fromNdjson", value: data };
        case "arrow":
            return { case: "fromArrow", value: new TextEncoder().encode(data) };
    }
}

function decodeText(bytes: Uint8Array): string {
    try {
        return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    } catch {
        throw new Error("invalid utf-8 sequence in text data");
    }
}

function schemaPairs(schema: Bag) {
    return Object.entries(schema).map(([name, type]) => ({ name, type: word(type, COLUMN_TYPES) }));
}

/** A value as the message about it shows it, cut short: it may be a whole data set. */
function describe(data: unknown): string {
    if (typeof data !== "object" || data === null) {
        return `JsValue(${String(data)})`;
    }
    const json = JSON.stringify(data) ?? "";
    return `JsValue(Object(${json.length > 200 ? `${json.slice(0, 200)}...` : json}))`;
}
