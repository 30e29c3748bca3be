/**
 * The arithmetic of scrolling and of moving about: pure functions of numbers, without a document.
 *
 * A browser limits how tall an element can be, so beyond some number of rows a pixel of the scroll bar stands for more
 * than one row: the scroll panel is *compressed*. Dragging the bar then reaches a row only roughly; wheel and keys move
 * by whole rows all the same, by an `Anchor`, which says what row is on top exactly while the bar stands where it was put.
 */

/** How tall regular-table makes its panel at most. Its own limit is lower in Firefox. */
export const MAX_PANEL_HEIGHT = 10_000_000;
export const MAX_PANEL_HEIGHT_FIREFOX = 5_000_000;

export interface ScrollGeometry {
    /** Rows in all. */
    readonly rows: number;
    readonly rowHeight: number;
    /** Rows of the header; each is as tall as a row. */
    readonly headerRows: number;
    /** Height of what is in sight, header included. */
    readonly height: number;
    /** Greatest height of the panel. */
    readonly maxPanel: number;
}

/** The row on top while the scroll bar stands at `scrollTop`. */
export interface Anchor {
    readonly row: number;
    readonly scrollTop: number;
}

/** Whether the panel is too tall for the browser and a pixel stands for more than its share. */
export function isCompressed({ rows, rowHeight, headerRows, maxPanel }: ScrollGeometry): boolean {
    return (rows + headerRows) * rowHeight > maxPanel;
}

/** How many whole rows fit below the header; at least one. */
export function pageRows({ rowHeight, headerRows, height }: ScrollGeometry): number {
    return rowHeight <= 0 ? 1 : Math.max(1, Math.floor(height / rowHeight) - headerRows);
}

/** The greatest row that can be on top. */
export function lastTopRow(geometry: ScrollGeometry): number {
    return Math.max(0, geometry.rows - pageRows(geometry));
}

/** Where the scroll bar stands for a row to be on top. */
export function scrollTopOf(row: number, geometry: ScrollGeometry): number {
    const { rows, rowHeight, headerRows, height, maxPanel } = geometry;
    const panel = Math.min(maxPanel, (rows + headerRows) * rowHeight);
    const travel = Math.max(0, panel - height);
    const scrollable = Math.max(0, rows - (height / rowHeight - headerRows));
    if (scrollable === 0 || rowHeight <= 0) {
        return 0;
    }
    return Math.min(travel, Math.max(0, Math.round((travel * row) / scrollable)));
}

/** What the wheel does to the row on top: whole rows, and what is left of the movement for the next time. */
export function wheelRows(pixels: number, rest: number, rowHeight: number): { rows: number; rest: number } {
    const moved = rest + pixels / Math.max(1, rowHeight);
    const rows = Math.trunc(moved);
    return { rows, rest: moved - rows };
}

/**
 * How far the rows that are read lie from those that the scroll bar alone would show. Zero unless the panel is
 * compressed and the bar stands where the anchor put it.
 */
export function anchorShift(
    firstRow: number,
    endRow: number,
    scrollTop: number,
    anchor: Anchor | undefined,
    geometry: ScrollGeometry,
): number {
    if (anchor === undefined || anchor.scrollTop !== scrollTop || !isCompressed(geometry)) {
        return 0;
    }
    // The last rows stay in reach, and nothing is read before the first.
    return clamp(anchor.row - firstRow, -firstRow, Math.max(0, geometry.rows - endRow));
}

/** The row that should be on top so that `row` is in sight, given what is on top now. */
export function topToReveal(row: number, top: number, geometry: ScrollGeometry): number {
    const page = pageRows(geometry);
    if (row < top) {
        return clamp(row, 0, lastTopRow(geometry));
    }
    if (row >= top + page) {
        return clamp(row - page + 1, 0, lastTopRow(geometry));
    }
    return top;
}

/** A cell by its place. Rows below zero are header rows: -1 is the lowest of them. Column -1 is the row header. */
export interface Place {
    readonly row: number;
    readonly column: number;
}

export interface Bounds {
    readonly rows: number;
    readonly columns: number;
    readonly headerRows: number;
    readonly hasRowHeader: boolean;
    readonly page: number;
}

/** Where a key leads from a place; undefined when it leads nowhere. */
export function moved(from: Place, key: string, ctrl: boolean, bounds: Bounds): Place | undefined {
    const firstColumn = bounds.hasRowHeader ? -1 : 0;
    const lastColumn = Math.max(firstColumn, bounds.columns - 1);
    const lastRow = bounds.rows - 1;
    const to = (row: number, column: number): Place => ({
        row: clamp(row, -bounds.headerRows, lastRow),
        column: clamp(column, firstColumn, lastColumn),
    });
    switch (key) {
        case "ArrowUp":
            return to(ctrl ? 0 : from.row - 1, from.column);
        case "ArrowDown":
            return to(ctrl ? lastRow : from.row + 1, from.column);
        case "ArrowLeft":
            return to(from.row, ctrl ? firstColumn : from.column - 1);
        case "ArrowRight":
            return to(from.row, ctrl ? lastColumn : from.column + 1);
        case "PageUp":
            return to(Math.max(0, from.row - bounds.page), from.column);
        case "PageDown":
            return to(from.row + bounds.page, from.column);
        case "Home":
            return to(ctrl ? 0 : from.row, firstColumn);
        case "End":
            return to(ctrl ? lastRow : from.row, lastColumn);
        default:
            return undefined;
    }
}

/** A rectangle of cells, both ends included. */
export interface Area {
    readonly firstRow: number;
    readonly lastRow: number;
    readonly firstColumn: number;
    readonly lastColumn: number;
}

/** The rectangle between two corners, cut to cells of the body. */
export function areaBetween(one: Place, other: Place): Area {
    return {
        firstRow: Math.max(0, Math.min(one.row, other.row)),
        lastRow: Math.max(0, Math.max(one.row, other.row)),
        firstColumn: Math.min(one.column, other.column),
        lastColumn: Math.max(one.column, other.column),
    };
}

export function isWithin(area: Area, row: number, column: number): boolean {
    return row >= area.firstRow && row <= area.lastRow && column >= area.firstColumn && column <= area.lastColumn;
}

export function clamp(value: number, least: number, most: number): number {
    return Math.min(Math.max(value, least), Math.max(least, most));
}
