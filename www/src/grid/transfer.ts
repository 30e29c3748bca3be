/** Taking data out of the grid: cells as text for the clipboard, the whole view as a file. */

import type { View } from "../client/view.js";
import { plainText } from "./format.js";
import type { CellValue } from "./json_columns.js";
import type { Slice, Source } from "./source.js";
import type { Area } from "./viewport.js";

/** More cells than this are no work for a clipboard. */
export const MOST_CELLS = 1_000_000;

export type ExportFormat = "csv" | "json" | "ndjson" | "arrow";

/** Rows of cells as text with tabs between, as spreadsheets take it. */
export function tabbed(rows: readonly (readonly string[])[]): string {
    return rows.map((row) => row.map(quoted).join("\t")).join("\n");
}

function quoted(cell: string): string {
    return /["\t\n\r]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

/** The cells of an area, read from the view. With more than one row the names of the columns come first. */
export async function copied(
    source: Source,
    area: Area,
    rowLabel: (path: readonly CellValue[]) => string,
): Promise<string> {
    const firstColumn = Math.max(0, area.firstColumn);
    const hasLabels = area.firstColumn < 0;
    const cells = (area.lastRow - area.firstRow + 1) * (area.lastColumn - firstColumn + 1);
    if (cells > MOST_CELLS) {
        throw new Error(
            `${cells.toLocaleString()} cells are too many for the clipboard (at most ${MOST_CELLS.toLocaleString()}): export a file instead`,
        );
    }
    const slice = await source.read({
        firstRow: area.firstRow,
        endRow: area.lastRow + 1,
        firstColumn,
        endColumn: Math.max(firstColumn, area.lastColumn + 1),
    });
    return tabbed(textRows(source, slice, area, hasLabels, rowLabel));
}

function textRows(
    source: Source,
    slice: Slice,
    area: Area,
    hasLabels: boolean,
    rowLabel: (path: readonly CellValue[]) => string,
): string[][] {
    const rows: string[][] = [];
    const isMany = area.lastRow > area.firstRow;
    if (isMany) {
        const names = slice.columns.map(({ groups, name }) => [...groups, name].join(" "));
        rows.push(hasLabels ? [source.config.group_by.join(" / "), ...names] : names);
    }
    const count = Math.max(slice.rowPaths?.length ?? 0, slice.ids?.length ?? 0, ...slice.values.map((of) => of.length));
    for (let row = 0; row < count; row += 1) {
        const cells = slice.columns.map(({ name }, at) => plainText(slice.values[at]?.[row], source.types[name]));
        rows.push(hasLabels ? [rowLabel(slice.rowPaths?.[row] ?? []), ...cells] : cells);
    }
    return rows;
}

/** The whole view as the bytes of a file. */
export async function exported(view: View, format: ExportFormat): Promise<Blob> {
    switch (format) {
        case "csv":
            return new Blob([await view.to_csv()], { type: "text/csv" });
        case "json":
            return new Blob([await view.to_json_string()], { type: "application/json" });
        case "ndjson":
            return new Blob([await view.to_ndjson()], { type: "application/x-ndjson" });
        case "arrow":
            return new Blob([await view.to_arrow()], { type: "application/vnd.apache.arrow.stream" });
    }
}

/** Hands a file to the reader. */
export function download(blob: Blob, name: string): void {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    // The browser has taken the address over by the time a task of its own has run.
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

export async function toClipboard(text: string): Promise<void> {
    if (navigator.clipboard !== undefined) {
        await navigator.clipboard.writeText(text);
        return;
    }
    // Pages that are not secure have no clipboard object.
    const area = document.createElement("textarea");
    area.value = text;
    area.style.position = "fixed";
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    if (!done) {
        throw new Error("the browser does not let this page write to the clipboard");
    }
}
