/**
 * The body of the grid: a regular-table that reads windows of a source and draws them.
 *
 * It knows of scrolling, of the active cell and the selection, and of what flashes; keys are `keys.ts`, how a cell
 * looks is `styling.ts`, editing is `editor.ts`. Reads are never more than one at a time: regular-table draws one
 * drawing after another, and whatever changes meanwhile makes one further drawing, in the next animation frame.
 */

import type { ColumnType } from "../client/types.js";
import { Coalescer } from "./coalesce.js";
import type { GridConfig } from "./config.js";
import { make, nextFrame } from "./dom.js";
import { Flashes } from "./flashes.js";
import { type Formatter, formatter } from "./format.js";
import type { CellValue } from "./json_columns.js";
import { type ColumnPath, groupKey } from "./paths.js";
import { type GridScroller, makeScroller } from "./regular.js";
import type { Slice, Source } from "./source.js";
import { CellStyling } from "./styling.js";
import {
    type Anchor,
    type Area,
    anchorShift,
    areaBetween,
    isCompressed,
    lastTopRow,
    MAX_PANEL_HEIGHT,
    MAX_PANEL_HEIGHT_FIREFOX,
    type Place,
    pageRows,
    type ScrollGeometry,
    scrollTopOf,
    topToReveal,
    wheelRows,
} from "./viewport.js";

/** What the body asks of the element around it. */
export interface BodyHost {
    readonly config: () => GridConfig;
    readonly locale: () => string | undefined;
    readonly flashes: () => boolean;
    /** A reading failed; what was read before is still shown. */
    readonly report: (error: unknown) => void;
    /** A reading succeeded. */
    readonly recovered: () => void;
    readonly drawn: () => void;
    /** The box under a column in the filter row. */
    readonly filterBox: (column: ColumnPath) => HTMLElement;
}

type DataResponse = Awaited<ReturnType<Parameters<GridScroller["setDataListener"]>[0]>>;

const NOTHING: DataResponse = { num_rows: 0, num_columns: 0, data: [] };

export class Body {
    readonly scroller: GridScroller = makeScroller();
    readonly flashes = new Flashes();
    readonly #host: BodyHost;
    readonly #drawing = new Coalescer(() => this.#draw(), nextFrame);
    readonly #styling: CellStyling;
    readonly #labels = new Map<string, HTMLElement>();
    #source: Source | undefined;
    #isFresh = false;
    #slice: Slice | undefined;
    #shown: DataResponse = NOTHING;
    #formatters = new Map<string, Formatter>();
    #anchor: Anchor | undefined;
    #shift = 0;
    #top = 0;
    #wheelRest = 0;
    /** Header groups that are closed, by key. */
    #closed = new Set<string>();
    active: Place = { row: 0, column: 0 };
    /** The other corner of the selection. */
    #corner: Place | undefined;
    /** Readings since the element was made, for tests and the curious. */
    readings = 0;

    constructor(host: BodyHost) {
        this.#host = host;
        this.#styling = new CellStyling(this);
        this.scroller.setDataListener((x0, y0, x1, y1) => this.#read(x0, y0, x1, y1), { column_classes: true });
        this.scroller.addStyleListener(() => this.#styling.apply());
        this.scroller.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
        this.scroller.addEventListener("regular-table-scroll", () => {
            // Once the bar is dragged, the row it shows counts.
            if (this.#anchor !== undefined && this.#anchor.scrollTop !== this.scroller.scrollTop) {
                this.#anchor = undefined;
            }
            host.drawn();
        });
    }

    get source(): Source | undefined {
        return this.#source;
    }

    get config(): GridConfig {
        return this.#host.config();
    }

    get slice(): Slice | undefined {
        return this.#slice;
    }

    /** How far the rows on screen lie from where regular-table believes them to be. */
    get shift(): number {
        return this.#shift;
    }

    /** Levels of the header, without the filter row. */
    get headerLevels(): number {
        return (this.#source?.config.split_by.length ?? 0) + 1;
    }

    get hasFilterRow(): boolean {
        return this.config.filter_row && this.#source !== undefined && this.#source.config.split_by.length === 0;
    }

    get geometry(): ScrollGeometry {
        return {
            rows: this.#source?.rows ?? 0,
            rowHeight: this.rowHeight,
            headerRows: this.headerLevels + (this.hasFilterRow ? 1 : 0),
            height: this.scroller.clientHeight,
            maxPanel: /firefox/i.test(navigator.userAgent) ? MAX_PANEL_HEIGHT_FIREFOX : MAX_PANEL_HEIGHT,
        };
    }

    get rowHeight(): number {
        const height = Number.parseFloat(getComputedStyle(this.scroller).getPropertyValue("--_row-height"));
        return Number.isFinite(height) && height > 0 ? height : 28;
    }

    get selection(): Area | undefined {
        return this.#corner === undefined ? undefined : areaBetween(this.#corner, this.active);
    }

    // ---- drawing ----------------------------------------------------------------------------------------------------

    /** Shows another source in the place of the one before, which stays the caller's to close. */
    async show(source: Source | undefined): Promise<void> {
        const before = this.#source;
        const isSameShape =
            before !== undefined &&
            source !== undefined &&
            before.table === source.table &&
            JSON.stringify([before.config.group_by, before.config.split_by, before.config.columns]) ===
                JSON.stringify([source.config.group_by, source.config.split_by, source.config.columns]);
        this.#source = source;
        this.#formatters.clear();
        this.flashes.forget();
        if (!isSameShape) {
            this.#isFresh = true;
            this.#closed.clear();
            this.#labels.clear();
            this.#corner = undefined;
            this.active = { row: 0, column: source?.isGrouped === true ? -1 : 0 };
            this.#anchor = undefined;
            this.scroller.scrollTop = 0;
            this.scroller.scrollLeft = 0;
        } else if (this.active.row >= source.rows) {
            this.active = { row: Math.max(0, source.rows - 1), column: this.active.column };
        }
        source?.closeGroups(this.#closed);
        await this.redraw();
    }

    /** Draws once more, in the next animation frame. */
    redraw(): Promise<void> {
        return this.#drawing.request();
    }

    /** The config's formats, colours or widths changed: the same cells look different. */
    async restyle(): Promise<void> {
        this.#formatters.clear();
        this.#isFresh = true;
        await this.redraw();
    }

    async #draw(): Promise<void> {
        if (!this.scroller.isConnected) {
            return;
        }
        try {
            if (this.#isFresh) {
                this.#isFresh = false;
                this.scroller.resetAutoSize();
                this.#restoreWidths();
            }
            await this.scroller.draw();
            this.#host.drawn();
        } catch (error) {
            this.#host.report(error);
        }
    }

    async #read(x0: number, y0: number, x1: number, y1: number): Promise<DataResponse> {
        const source = this.#source;
        if (source === undefined) {
            this.#slice = undefined;
            return NOTHING;
        }
        const shape = {
            num_rows: source.rows,
            num_columns: source.numColumns,
            num_row_headers: source.isGrouped ? 1 : 0,
            num_column_headers: this.headerLevels + (this.hasFilterRow ? 1 : 0),
            row_height: this.rowHeight,
        };
        if (x1 <= x0 && y1 <= y0) {
            return { ...shape, data: [] };
        }
        const { scrollTop } = this.scroller;
        const shift = anchorShift(y0, y1, scrollTop, this.#anchor, this.geometry);
        const { rows, numColumns } = source;
        try {
            this.readings += 1;
            const slice = await source.read({
                firstRow: y0 + shift,
                endRow: Math.min(rows, y1 + shift),
                firstColumn: x0,
                endColumn: Math.min(numColumns, Math.max(x1, x0)),
            });
            if (source !== this.#source) {
                // Replaced while it was read: the new one is drawn next.
                return { ...shape, data: [] };
            }
            this.#host.recovered();
            this.#take(slice, y0, shift);
            if (source.rows !== rows || source.numColumns !== numColumns) {
                void this.redraw();
            }
            this.#shown = this.#response(source, slice, shape);
            return this.#shown;
        } catch (error) {
            if (source === this.#source) {
                this.#host.report(error);
                return this.#shown;
            }
            return NOTHING;
        }
    }

    #take(slice: Slice, y0: number, shift: number): void {
        this.#shift = shift;
        this.#top = y0 + shift;
        const before = this.#slice;
        const isMore =
            before !== undefined &&
            before.window.firstRow === slice.window.firstRow &&
            before.window.endRow === slice.window.endRow &&
            before.window.endColumn === slice.window.firstColumn &&
            before.window.firstColumn < slice.window.firstColumn;
        if (this.#host.flashes()) {
            this.flashes.read(slice);
        }
        this.#slice = isMore
            ? {
                  ...slice,
                  window: { ...slice.window, firstColumn: before.window.firstColumn },
                  columns: [...before.columns, ...slice.columns],
                  values: [...before.values, ...slice.values],
              }
            : slice;
    }

    #response(source: Source, slice: Slice, shape: Omit<DataResponse, "data">): DataResponse {
        const levels = source.config.split_by.length;
        const headers = slice.columns.map((column) => {
            const groups = Array.from({ length: levels }, (_, level) => this.groupLabel(column, level));
            return [...groups, column.name, ...(this.hasFilterRow ? [this.#host.filterBox(column)] : [])];
        });
        const rowHeaders = slice.rowPaths?.map((path) => [this.rowLabel(path)]);
        return {
            ...shape,
            num_rows: source.rows,
            num_columns: source.numColumns,
            // regular-table takes elements too, though its types say texts and numbers only.
            column_headers: headers as unknown as string[][],
            column_header_merge_depth: levels,
            ...(source.isGrouped ? { row_headers: rowHeaders ?? [] } : {}),
            merge_headers: "column",
            data: slice.columns.map((column, at) => {
                const format = this.formatterOf(column);
                return (slice.values[at] ?? []).map(format);
            }),
        };
    }

    // ---- what cells say ---------------------------------------------------------------------------------------------

    typeOf(column: ColumnPath): ColumnType | undefined {
        return this.#source?.types[column.name];
    }

    formatterOf(column: ColumnPath): Formatter {
        let found = this.#formatters.get(column.name);
        if (found === undefined) {
            found = formatter(this.typeOf(column), this.config.formats[column.name], this.#host.locale());
            this.#formatters.set(column.name, found);
        }
        return found;
    }

    rowLabel(path: readonly CellValue[]): string {
        const value = path.at(-1);
        const name = this.#source?.config.group_by[path.length - 1];
        if (path.length === 0 || name === undefined) {
            return "Total";
        }
        if (value === null || value === undefined) {
            return "(none)";
        }
        const format = this.config.formats[name];
        return formatter(this.#source?.groupTypes[name], format, this.#host.locale())(value) || "(empty)";
    }

    /** The label of a header group: one element for all its columns, so that regular-table makes it one cell. */
    groupLabel({ groups }: ColumnPath, level: number): HTMLElement {
        const isTotal = level >= groups.length;
        const key = isTotal ? `total ${level} ${JSON.stringify(groups)}` : groupKey(groups, level);
        let label = this.#labels.get(key);
        if (label === undefined) {
            label = make(
                "span",
                { class: "group-label" },
                isTotal ? (level === groups.length ? "Total" : "") : (groups[level] ?? ""),
            );
            if (!isTotal) {
                label.dataset["group"] = key;
            }
            this.#labels.set(key, label);
        }
        return label;
    }

    isClosed(key: string): boolean {
        return this.#closed.has(key);
    }

    /** Whether a header group has more than one column, so that closing it changes something. */
    canClose(key: string): boolean {
        const level = (JSON.parse(key) as unknown[]).length - 1;
        const members = this.#source?.paths.filter(
            ({ groups }) => groups.length > level && groupKey(groups, level) === key,
        );
        return (members?.length ?? 0) > 1;
    }

    async toggleColumns(key: string): Promise<void> {
        if (!this.#closed.delete(key) && this.canClose(key)) {
            this.#closed.add(key);
        }
        this.#source?.closeGroups(this.#closed);
        this.#isFresh = true;
        await this.redraw();
    }

    // ---- rows that open and close -----------------------------------------------------------------------------------

    /** Depth of the group at a row in sight, and whether it is open; undefined for what is no group. */
    groupAt(row: number): { depth: number; isOpen: boolean } | undefined {
        const slice = this.#slice;
        const source = this.#source;
        if (slice?.rowPaths === undefined || source === undefined || source.config.group_rollup_mode === "flat") {
            return undefined;
        }
        const at = row - slice.window.firstRow;
        const depth = slice.rowPaths[at]?.length;
        if (depth === undefined || depth >= source.config.group_by.length) {
            return undefined;
        }
        const next = slice.rowPaths[at + 1]?.length;
        // The last row in sight may go on below: then only the next reading tells.
        return { depth, isOpen: next !== undefined && next > depth };
    }

    async toggleRow(row: number, wish?: "open" | "close"): Promise<boolean> {
        const source = this.#source;
        const group = this.groupAt(row);
        if (source === undefined || group === undefined) {
            return false;
        }
        let changed = 0;
        if (wish !== "close") {
            changed = await source.view.expand(row);
        }
        if (wish === "close" || (wish === undefined && changed === 0)) {
            changed = await source.view.collapse(row);
        }
        if (changed > 0) {
            this.flashes.forget();
            await this.redraw();
        }
        return changed > 0;
    }

    async setDepth(depth: number): Promise<void> {
        await this.#source?.view.set_depth(depth);
        this.flashes.forget();
        await this.redraw();
    }

    // ---- moving about -----------------------------------------------------------------------------------------------

    get topRow(): number {
        return this.#top;
    }

    /** Makes a cell the active one, in sight. With `extend` the selection grows to it, without it is forgotten. */
    async activate(place: Place, extend = false): Promise<void> {
        if (extend) {
            this.#corner ??= this.active;
        } else {
            this.#corner = undefined;
        }
        this.active = place;
        await this.reveal(place);
        this.restyleCells();
        this.#host.drawn();
    }

    select(corner: Place, other: Place): void {
        this.#corner = corner;
        this.active = other;
        this.restyleCells();
        this.#host.drawn();
    }

    unselect(): void {
        this.#corner = undefined;
        this.restyleCells();
        this.#host.drawn();
    }

    /** Marks the active and the selected cells anew, without reading. */
    restyleCells(): void {
        this.#styling.apply();
    }

    async reveal({ row, column }: Place): Promise<void> {
        const { geometry } = this;
        const top = row < 0 ? this.#top : topToReveal(row, this.#top, geometry);
        const left = this.#leftToReveal(column);
        if (top === this.#top && left === undefined) {
            return;
        }
        if (left !== undefined) {
            this.scroller.scrollLeft = left;
        }
        await this.scrollToRow(top);
    }

    /** Brings a row to the top, or as near as there are rows below it. */
    async scrollToRow(row: number): Promise<void> {
        const { geometry } = this;
        const top = Math.min(Math.max(0, row), lastTopRow(geometry));
        const scrollTop = scrollTopOf(top, geometry);
        this.scroller.scrollTop = scrollTop;
        this.#anchor = isCompressed(geometry) ? { row: top, scrollTop: this.scroller.scrollTop } : undefined;
        await this.redraw();
    }

    get pageRows(): number {
        return pageRows(this.geometry);
    }

    /** Where to scroll sideways for a column to be wholly in sight; undefined when it is. */
    #leftToReveal(column: number): number | undefined {
        if (column < 0) {
            return undefined;
        }
        const { scroller } = this;
        const cell = this.#styling.headerCell(column);
        const box = scroller.getBoundingClientRect();
        const corner = scroller.querySelector("tbody th")?.getBoundingClientRect().right ?? box.left;
        if (cell === undefined) {
            const first = this.#slice?.window.firstColumn ?? 0;
            const width = 100;
            return Math.max(0, scroller.scrollLeft + (column < first ? -(first - column) * width : width * 2));
        }
        const { left, right } = cell.getBoundingClientRect();
        if (left < corner - 1) {
            return Math.max(0, scroller.scrollLeft - (corner - left));
        }
        const edge = box.left + scroller.clientWidth;
        return right > edge + 1 && left > corner + 1
            ? scroller.scrollLeft + Math.min(right - edge + 8, left - corner)
            : undefined;
    }

    /** In a compressed panel a pixel is more than a row: the wheel moves by rows instead. */
    #wheel(event: WheelEvent): void {
        const { geometry } = this;
        if (!isCompressed(geometry) || event.ctrlKey || event.shiftKey || event.deltaY === 0) {
            return;
        }
        event.preventDefault();
        const unit = [1, geometry.rowHeight, geometry.rowHeight * pageRows(geometry)][event.deltaMode] ?? 1;
        const { rows, rest } = wheelRows(event.deltaY * unit, this.#wheelRest, geometry.rowHeight);
        this.#wheelRest = rest;
        if (rows !== 0) {
            void this.scrollToRow((this.#anchor?.row ?? this.#top) + rows);
        }
    }

    // ---- widths -----------------------------------------------------------------------------------------------------

    /** Widths that the reader set, by column path. */
    widths(): Record<string, number> {
        const source = this.#source;
        if (source === undefined) {
            return {};
        }
        const offset = source.isGrouped ? 1 : 0;
        const { columns } = source;
        return Object.fromEntries(
            Object.entries(this.scroller.saveColumnSizes()).flatMap(([key, width]) => {
                const path = Number(key) < offset ? "" : columns[Number(key) - offset]?.path;
                return path === undefined || width === undefined ? [] : [[path, Math.round(width)] as const];
            }),
        );
    }

    #restoreWidths(): void {
        const source = this.#source;
        const { widths } = this.config;
        if (source === undefined || Object.keys(widths).length === 0) {
            return;
        }
        const offset = source.isGrouped ? 1 : 0;
        const sizes: Record<number, number> = {};
        source.columns.forEach(({ path }, at) => {
            const width = widths[path];
            if (width !== undefined) {
                sizes[at + offset] = width;
            }
        });
        if (offset === 1 && widths[""] !== undefined) {
            sizes[0] = widths[""];
        }
        this.scroller.restoreColumnSizes(sizes);
    }
}
