/**
 * How cells look and what they say to assistive technology: roles, positions, sorting, groups, selection, colours and
 * flashes. Called after every drawing; an attribute is written only when it changes, for this runs at 60 frames a second.
 *
 * The table's cells are recycled by regular-table, so focus stays on the scroller and `aria-activedescendant` names the
 * active cell.
 */

import type { Body } from "./body.js";
import { shade } from "./colour.js";
import { setAttribute } from "./dom.js";
import type { ColumnPath } from "./paths.js";
import type { Slice, Source } from "./source.js";
import { isWithin } from "./viewport.js";

const ACTIVE_ID = "sightline-active";

export class CellStyling {
    readonly #body: Body;

    constructor(body: Body) {
        this.#body = body;
    }

    apply(): void {
        const { scroller, source, slice } = this.#body;
        const table = scroller.querySelector("table");
        if (table === null) {
            return;
        }
        setAttribute(table, "role", "presentation");
        if (source === undefined || slice === undefined) {
            return;
        }
        const headerRows = this.#body.headerLevels;
        setAttribute(scroller, "role", source.isGrouped ? "treegrid" : "grid");
        setAttribute(scroller, "aria-rowcount", String(source.rows + headerRows));
        setAttribute(scroller, "aria-colcount", String(source.numColumns + (source.isGrouped ? 1 : 0)));
        setAttribute(scroller, "aria-multiselectable", "true");
        const drawnRows = String(headerRows + (this.#body.hasFilterRow ? 1 : 0));
        if (scroller.style.getPropertyValue("--_header-rows") !== drawnRows) {
            scroller.style.setProperty("--_header-rows", drawnRows);
        }
        const before = scroller.querySelector(`#${ACTIVE_ID}`);
        const active = this.#head(source, slice) ?? undefined;
        const activeBody = this.#rows(source, slice);
        const now = active ?? activeBody;
        if (before !== now) {
            before?.removeAttribute("id");
            if (now !== undefined) {
                now.id = ACTIVE_ID;
            }
        }
        setAttribute(scroller, "aria-activedescendant", now === undefined ? undefined : ACTIVE_ID);
    }

    /** The header cell of a column in sight. */
    headerCell(column: number): HTMLElement | undefined {
        const rows = this.#body.scroller.querySelectorAll("thead tr");
        const cells = rows[this.#body.headerLevels - 1]?.children ?? [];
        for (const cell of cells) {
            const meta = this.#body.scroller.getMeta(cell as HTMLElement);
            if (meta !== undefined && meta.type === "column_header" && meta.x === column) {
                return cell as HTMLElement;
            }
        }
        return undefined;
    }

    #head(source: Source, slice: Slice): HTMLElement | undefined {
        const { scroller, headerLevels, active, config } = this.#body;
        const offset = source.isGrouped ? 1 : 0;
        let found: HTMLElement | undefined;
        scroller.querySelectorAll("thead tr").forEach((row, level) => {
            setAttribute(row, "role", "row");
            setAttribute(row.parentElement as Element, "role", "rowgroup");
            const isFilterRow = level >= headerLevels;
            setAttribute(row, "aria-rowindex", isFilterRow ? undefined : String(level + 1));
            row.classList.toggle("filter-row", isFilterRow);
            for (const cell of row.children as HTMLCollectionOf<HTMLTableCellElement>) {
                const meta = scroller.getMeta(cell);
                if (meta === undefined) {
                    continue;
                }
                const isCorner = meta.type === "corner";
                const x = isCorner ? -1 : (meta as { x?: number }).x;
                const column = x === undefined || x < 0 ? undefined : slice.columns[x - slice.window.firstColumn];
                const isName = level === headerLevels - 1;
                const isEmpty = isCorner && !isName;
                setAttribute(cell, "role", isEmpty ? "presentation" : isFilterRow ? "gridcell" : "columnheader");
                setAttribute(cell, "aria-colindex", isEmpty || x === undefined ? undefined : String(x + 1 + offset));
                setAttribute(cell, "aria-colspan", cell.colSpan > 1 ? String(cell.colSpan) : undefined);
                cell.classList.toggle("corner", isCorner);
                cell.classList.toggle("group-head", level < headerLevels - 1 && !isCorner);
                const isActive = !isFilterRow && active.row === level - headerLevels && active.column === x;
                if (isActive) {
                    found = cell;
                }
                setAttribute(cell, "data-active", isActive ? "" : undefined);
                if (isCorner) {
                    this.#corner(cell, isName ? source.config.group_by.join(" › ") : "");
                }
                // Cells are recycled: what another column said goes away on the corner too.
                setAttribute(cell, "data-type", isName && column !== undefined ? this.#kind(column) : undefined);
                this.#sorted(cell, isName ? column?.name : undefined, config.sort);
                this.#twist(cell);
            }
        });
        return found;
    }

    /** regular-table leaves the cell above row headers empty. */
    #corner(cell: HTMLElement, text: string): void {
        const label = cell.firstElementChild;
        if (label !== null && label.textContent !== text) {
            label.textContent = text;
        }
    }

    #sorted(cell: HTMLElement, name: string | undefined, sort: Source["config"]["sort"]): void {
        const at = name === undefined ? -1 : sort.findIndex(([column]) => column === name);
        const direction = sort[at]?.[1];
        const isUp = direction === undefined || direction === "none" ? undefined : !direction.includes("desc");
        setAttribute(
            cell,
            "aria-sort",
            name === undefined ? undefined : isUp === undefined ? "none" : isUp ? "ascending" : "descending",
        );
        setAttribute(cell, "data-sort", isUp === undefined ? undefined : isUp ? "asc" : "desc");
        setAttribute(cell, "data-order", isUp !== undefined && sort.length > 1 ? String(at + 1) : undefined);
        setAttribute(cell, "data-column", name);
    }

    #twist(cell: HTMLElement): void {
        const key = (cell.firstElementChild as HTMLElement | null)?.dataset["group"];
        const canClose = key !== undefined && this.#body.canClose(key);
        setAttribute(
            cell,
            "aria-expanded",
            canClose && key !== undefined ? String(!this.#body.isClosed(key)) : undefined,
        );
    }

    #rows(source: Source, slice: Slice): HTMLElement | undefined {
        const { scroller, headerLevels, active, selection, shift } = this.#body;
        const { colours } = this.#body.config;
        const offset = source.isGrouped ? 1 : 0;
        const now = performance.now();
        const keys = slice.window;
        let found: HTMLElement | undefined;
        for (const row of scroller.querySelectorAll("tbody tr")) {
            setAttribute(row, "role", "row");
            setAttribute(row.parentElement as Element, "role", "rowgroup");
            let y: number | undefined;
            for (const cell of row.children as HTMLCollectionOf<HTMLElement>) {
                const meta = scroller.getMeta(cell);
                if (meta === undefined || !("y" in meta) || meta.y === undefined) {
                    continue;
                }
                y = meta.y + shift;
                const isHeader = meta.type === "row_header";
                const x = isHeader ? -1 : ((meta as { x?: number }).x ?? 0);
                setAttribute(cell, "role", isHeader ? "rowheader" : "gridcell");
                setAttribute(cell, "aria-colindex", String(x + 1 + offset));
                const isActive = active.row === y && active.column === x;
                if (isActive) {
                    found = cell;
                }
                setAttribute(cell, "data-active", isActive ? "" : undefined);
                const isSelected = selection !== undefined && isWithin(selection, y, x);
                setAttribute(cell, "aria-selected", isSelected ? "true" : undefined);
                if (isHeader) {
                    this.#rowHeader(row, cell, y);
                    continue;
                }
                const column = slice.columns[x - keys.firstColumn];
                if (column === undefined) {
                    continue;
                }
                const value = slice.values[x - keys.firstColumn]?.[y - keys.firstRow];
                setAttribute(cell, "data-type", this.#kind(column));
                setAttribute(cell, "data-flash", this.#body.flashes.of(y, column.path, now));
                this.#shade(cell, shade(colours[column.name], value));
            }
            setAttribute(row, "aria-rowindex", y === undefined ? undefined : String(y + headerLevels + 1));
            if (offset === 0) {
                setAttribute(row, "aria-level", undefined);
                setAttribute(row, "aria-expanded", undefined);
                setAttribute(row, "data-depth", undefined);
            }
            row.classList.toggle("odd", y !== undefined && y % 2 === 1);
        }
        return found;
    }

    #rowHeader(row: Element, cell: HTMLElement, y: number): void {
        const path = this.#body.slice?.rowPaths?.[y - (this.#body.slice?.window.firstRow ?? 0)];
        const group = this.#body.groupAt(y);
        const isFlat = this.#body.config.group_rollup_mode === "flat";
        const depth = isFlat ? 0 : (path?.length ?? 0);
        const twist = group === undefined || group.depth === 0 ? undefined : group.isOpen ? "open" : "closed";
        setAttribute(row, "aria-level", String(depth + 1));
        setAttribute(row, "aria-expanded", group === undefined ? undefined : String(group.isOpen));
        setAttribute(row, "data-depth", String(depth));
        setAttribute(cell, "data-twist", twist);
        cell.style.setProperty("--_depth", String(Math.max(0, depth - 1)));
    }

    #kind(column: ColumnPath): string {
        const type = this.#body.typeOf(column);
        return type === "integer" || type === "float" ? "number" : (type ?? "string");
    }

    #shade(cell: HTMLElement, found: ReturnType<typeof shade>): void {
        // Less than can be seen is nothing; mixing in no colour at all is drawn wrong by Chromium.
        const percent = Math.round((found?.share ?? 0) * 100);
        setAttribute(
            cell,
            "data-shade",
            found === undefined || percent === 0 ? undefined : `${found.kind}-${found.tone}`,
        );
        const share = percent === 0 ? "" : `${percent}%`;
        if (cell.style.getPropertyValue("--_share") !== share) {
            cell.style.setProperty("--_share", share);
        }
    }
}
