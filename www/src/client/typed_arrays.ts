/**
 * Arrow columns as the typed arrays that chart code takes: narrow integers and codes are `Int32Array`, everything that
 * may not fit is floating point, dates are milliseconds since the epoch. Slots without a value hold zero.
 */

import { type ArrowColumn, strings } from "./arrow.js";
import type { TypedArray } from "./types.js";

export interface TypedArrays {
    readonly names: string[];
    readonly values: TypedArray[];
    readonly validities: (Uint8Array | null)[];
    readonly dictionaries: (string[] | null)[];
}

export function typedArrays(columns: readonly ArrowColumn[], float32: boolean): TypedArrays {
    const result: TypedArrays = { names: [], values: [], validities: [], dictionaries: [] };
    for (const column of columns) {
        const { values, dictionary } = convert(column, float32);
        const validity = column.nulls === 0 ? null : column.validity.slice(0, Math.ceil(column.length / 8));
        if (validity !== null) {
            zeroInvalid(values, validity);
        }
        result.names.push(column.name);
        result.values.push(values);
        result.validities.push(validity);
        result.dictionaries.push(dictionary);
    }
    return result;
}

interface Converted {
    readonly values: TypedArray;
    readonly dictionary: string[] | null;
}

const MS_PER_DAY = 86_400_000;

function convert(column: ArrowColumn, float32: boolean): Converted {
    const { type, length } = column;
    const floats = float32 ? new Float32Array(length) : new Float64Array(length);
    const dictionary = column.dictionary === undefined ? null : [...column.dictionary];
    switch (type.kind) {
        case "int":
            return { values: integers(column, type.bits, type.signed, floats), dictionary };
        case "float":
            return { values: floatingPoint(column, type.bits, float32), dictionary };
        case "bool": {
            const bits = Int32Array.from({ length }, (_, row) => bit(column.values, row));
            return { values: bits, dictionary };
        }
        case "date": {
            const read = reader(column, type.unit === "day" ? 32 : 64, true);
            const scale = type.unit === "day" ? MS_PER_DAY : 1;
            return { values: Float64Array.from({ length }, (_, row) => read(row) * scale), dictionary };
        }
        case "timestamp": {
            const read = reader(column, 64, true);
            const perMillisecond = type.perSecond / 1000;
            return { values: Float64Array.from({ length }, (_, row) => read(row) / perMillisecond), dictionary };
        }
        case "text":
            return encode(strings(column));
        case "null":
            return { values: floats, dictionary };
    }
}

function integers(column: ArrowColumn, bits: number, signed: boolean, floats: Float32Array | Float64Array): TypedArray {
    const read = reader(column, bits, signed);
    if (bits === 64) {
        return floats.map((_, row) => read(row));
    }
    const { length } = column;
    return bits === 32 && !signed
        ? Uint32Array.from({ length }, (_, row) => read(row))
        : Int32Array.from({ length }, (_, row) => read(row));
}

function floatingPoint(column: ArrowColumn, bits: 32 | 64, float32: boolean): TypedArray {
    const { length } = column;
    const view = viewOf(column);
    if (bits === 32) {
        return Float32Array.from({ length }, (_, row) => view.getFloat32(row * 4, true));
    }
    // A copy, because buffers need not be aligned to eight bytes within the message.
    const doubles = new Float64Array(column.values.slice(0, length * 8).buffer);
    return float32 ? Float32Array.from(doubles) : doubles;
}

function reader(column: ArrowColumn, bits: number, signed: boolean): (row: number) => number {
    const view = viewOf(column);
    switch (bits) {
        case 8:
            return signed ? (row) => view.getInt8(row) : (row) => view.getUint8(row);
        case 16:
            return signed ? (row) => view.getInt16(row * 2, true) : (row) => view.getUint16(row * 2, true);
        case 32:
            return signed ? (row) => view.getInt32(row * 4, true) : (row) => view.getUint32(row * 4, true);
        case 64:
            return signed
                ? (row) => Number(view.getBigInt64(row * 8, true))
                : (row) => Number(view.getBigUint64(row * 8, true));
        default:
            throw new Error(`Arrow column "${column.name}" has integers of ${bits} bits, which are not read here`);
    }
}

/** Plain strings as codes. */
function encode(texts: readonly string[]): Converted {
    const codes = new Map<string, number>();
    const values = Int32Array.from(texts, (entry) => {
        const code = codes.get(entry) ?? codes.size;
        codes.set(entry, code);
        return code;
    });
    return { values, dictionary: [...codes.keys()] };
}

function zeroInvalid(values: TypedArray, validity: Uint8Array): void {
    for (let row = 0; row < values.length; row++) {
        if (bit(validity, row) === 0) {
            values[row] = 0;
        }
    }
}

function bit(bits: Uint8Array, position: number): number {
    return ((bits[position >> 3] ?? 0) >> (position & 7)) & 1;
}

function viewOf({ values }: ArrowColumn): DataView {
    return new DataView(values.buffer, values.byteOffset, values.byteLength);
}
