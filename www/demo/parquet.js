// Parquet by hyparquet, a reader in plain JavaScript, one row group at a time, as rows of JSON.

import { parquetMetadataAsync, parquetReadObjects, parquetSchema } from "hyparquet";
import { compressors } from "hyparquet-compressors";

/** A table of `client` with all rows of a Parquet file. */
export async function parquetTable(client, bytes) {
    const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
    const metadata = await parquetMetadataAsync(file);
    const columns = parquetSchema(metadata).children.map(({ element, children }) => ({
        name: element.name,
        type: children.length > 0 || element.repetition_type === "REPEATED" ? "string" : typeOf(element),
    }));
    if (columns.length === 0) {
        throw new Error("the file has no columns");
    }
    const table = await client.table(Object.fromEntries(columns.map(({ name, type }) => [name, type])));
    try {
        let rowStart = 0;
        for (const group of metadata.row_groups) {
            const rowEnd = rowStart + Number(group.num_rows);
            const rows = await parquetReadObjects({ file, metadata, rowStart, rowEnd, compressors });
            await table.update(rowsText(rows, columns), { format: "json" });
            rowStart = rowEnd;
        }
    } catch (error) {
        await table.delete();
        throw error;
    }
    return table;
}

function typeOf({ type, converted_type: converted, logical_type: logical }) {
    switch (type) {
        case "BOOLEAN":
            return "boolean";
        case "FLOAT":
        case "DOUBLE":
            return "float";
        case "INT96":
            return "datetime";
        case "INT32":
        case "INT64":
            if (converted === "DECIMAL" || logical?.type === "DECIMAL") {
                return "float";
            }
            if (converted === "DATE" || logical?.type === "DATE") {
                return "date";
            }
            return /^TIMESTAMP/.test(converted ?? logical?.type ?? "") ? "datetime" : "integer";
        default:
            return converted === "DECIMAL" || logical?.type === "DECIMAL" ? "float" : "string";
    }
}

/** JSON text, in which 64-bit integers keep all their digits. */
function rowsText(rows, columns) {
    const cells = (row) => columns.map(({ name, type }) => `${JSON.stringify(name)}:${cellText(row[name], type)}`);
    return `[${rows.map((row) => `{${cells(row).join(",")}}`).join(",")}]`;
}

function cellText(value, type) {
    if (value === null || value === undefined) {
        return "null";
    }
    if (type === "string") {
        return JSON.stringify(typeof value === "string" ? value : JSON.stringify(value, plain));
    }
    if (value instanceof Date) {
        return String(value.getTime());
    }
    return typeof value === "bigint" ? value.toString() : JSON.stringify(value);
}

/** What JSON has no word for, inside of nested values. */
function plain(_key, value) {
    if (typeof value === "bigint") {
        return value.toString();
    }
    return value instanceof Uint8Array ? [...value] : value;
}
