/** Column types and cells, between their names in JavaScript and their numbers on the wire. */

import { type Scalar as WireScalar, type Schema as WireSchema, ColumnType as WireType } from "../proto/sightline_pb.js";
import { unknownError } from "./errors.js";
import type { ColumnType, Scalar, Schema } from "./types.js";

export const COLUMN_TYPES: ReadonlyMap<string, WireType> = new Map([
    ["string", WireType.STRING],
    ["date", WireType.DATE],
    ["datetime", WireType.DATETIME],
    ["integer", WireType.INTEGER],
    ["float", WireType.FLOAT],
    ["boolean", WireType.BOOLEAN],
]);

export function columnType(type: WireType): ColumnType {
    switch (type) {
        case WireType.STRING:
            return "string";
        case WireType.DATE:
            return "date";
        case WireType.DATETIME:
            return "datetime";
        case WireType.INTEGER:
            return "integer";
        case WireType.FLOAT:
            return "float";
        case WireType.BOOLEAN:
            return "boolean";
        default:
            throw unknownError(`the server named a column type that this client does not know: ${String(type)}`);
    }
}

/** A table's schema, its columns in order. */
export function orderedSchema(schema: WireSchema | undefined): Schema {
    return Object.fromEntries((schema?.schema ?? []).map(({ name, type }) => [name, columnType(type)]));
}

/** A view's schema; the wire gives no order. */
export function schemaOf(schema: Record<string, WireType>): Schema {
    return Object.fromEntries(Object.entries(schema).map(([name, type]) => [name, columnType(type)]));
}

export function scalar(wire: WireScalar | undefined): Scalar {
    const { scalar: value } = wire ?? {};
    return value === undefined || value.case === undefined || value.case === "null" ? null : value.value;
}
