/**
 * The keyboard and the mouse on the body of the grid.
 *
 * What goes in are events; what comes out are calls on the body and on `Actions`. The table of keys is in docs/grid.md.
 */

import type { Body } from "./body.js";
import { moved, type Place } from "./viewport.js";

export interface Actions {
    readonly sort: (column: string, more: boolean) => void;
    readonly copy: () => void;
    /** Opens the editor on the active cell; with a text that was typed, in the place of what is in it. */
    readonly edit: (typed?: string) => boolean;
    readonly report: (error: unknown) => void;
}

export function listen(body: Body, actions: Actions): void {
    const { scroller } = body;
    const attempt = (work: Promise<unknown>) => {
        work.catch(actions.report);
    };
    scroller.addEventListener("keydown", (event) => {
        if (event.target === scroller && onKey(body, actions, attempt, event)) {
            event.preventDefault();
        }
    });
    scroller.addEventListener("mousedown", (event) => onMouseDown(body, attempt, event));
    scroller.addEventListener("click", (event) => onClick(body, actions, attempt, event));
    scroller.addEventListener("dblclick", (event) => {
        if ((event.target as Element).closest("tbody td") !== null) {
            actions.edit();
        }
    });
}

type Attempt = (work: Promise<unknown>) => void;

/** Whether the key was the grid's. */
function onKey(body: Body, actions: Actions, attempt: Attempt, event: KeyboardEvent): boolean {
    const { source, active } = body;
    if (source === undefined) {
        return false;
    }
    const ctrl = event.ctrlKey || event.metaKey;
    if (ctrl && event.key.toLowerCase() === "c") {
        actions.copy();
        return true;
    }
    if (ctrl && event.key.toLowerCase() === "a") {
        const first = source.isGrouped ? -1 : 0;
        body.select({ row: 0, column: first }, { row: source.rows - 1, column: source.numColumns - 1 });
        return true;
    }
    if (event.altKey) {
        return false;
    }
    const isTree = source.isGrouped && active.column === -1 && active.row >= 0 && !ctrl && !event.shiftKey;
    if (isTree && (event.key === "ArrowRight" || event.key === "ArrowLeft")) {
        const group = body.groupAt(active.row);
        if (event.key === "ArrowRight" && group !== undefined && !group.isOpen) {
            attempt(body.toggleRow(active.row, "open"));
            return true;
        }
        if (event.key === "ArrowLeft" && group?.isOpen === true) {
            attempt(body.toggleRow(active.row, "close"));
            return true;
        }
    }
    const to = moved(active, event.key, ctrl, {
        rows: source.rows,
        columns: source.numColumns,
        headerRows: body.headerLevels,
        hasRowHeader: source.isGrouped,
        page: body.pageRows,
    });
    if (to !== undefined) {
        attempt(body.activate(to, event.shiftKey && to.row >= 0));
        return true;
    }
    switch (event.key) {
        case "Enter":
        case " ":
            return press(body, actions, attempt, event);
        case "F2":
            return actions.edit();
        case "Escape":
            body.unselect();
            return true;
        default:
            return event.key.length === 1 && !ctrl && active.row >= 0 && active.column >= 0
                ? actions.edit(event.key)
                : false;
    }
}

/** Enter or space: sorts by a header, opens and closes a group, or edits a cell. */
function press(body: Body, actions: Actions, attempt: Attempt, event: KeyboardEvent): boolean {
    const { active, source, slice } = body;
    if (source === undefined || slice === undefined) {
        return false;
    }
    if (active.row < 0) {
        const column = slice.columns[active.column - slice.window.firstColumn];
        const level = body.headerLevels + active.row;
        if (column !== undefined && active.row === -1) {
            actions.sort(column.name, event.shiftKey);
        } else if (column !== undefined) {
            const key = body.groupLabel(column, level).dataset["group"];
            if (key !== undefined) {
                attempt(body.toggleColumns(key));
            }
        }
        return true;
    }
    if (active.column < 0 || body.groupAt(active.row) !== undefined) {
        attempt(body.toggleRow(active.row));
        return true;
    }
    return event.key === "Enter" ? actions.edit() : false;
}

/** The place of a cell that an event happened on. */
function placeOf(body: Body, target: EventTarget | null): Place | undefined {
    const cell = (target as Element | null)?.closest<HTMLElement>("td, th");
    const meta = cell === null || cell === undefined ? undefined : body.scroller.getMeta(cell);
    if (meta === undefined || !("y" in meta) || meta.y === undefined || meta.type === "corner") {
        return undefined;
    }
    return { row: meta.y + body.shift, column: meta.type === "row_header" ? -1 : ((meta as { x?: number }).x ?? 0) };
}

function onMouseDown(body: Body, attempt: Attempt, event: MouseEvent): void {
    const target = event.target as Element;
    if (event.button !== 0 || target.closest("input") !== null || target.closest("tbody") === null) {
        return;
    }
    const place = placeOf(body, target);
    if (place === undefined) {
        return;
    }
    const twist = target.closest<HTMLElement>("th[data-twist]");
    if (twist !== null && !event.shiftKey) {
        attempt(body.toggleRow(place.row));
    }
    attempt(body.activate(place, event.shiftKey));
    const drag = (move: MouseEvent) => {
        // The tree of a component hides the cell from events outside of it.
        const over = placeOf(body, move.composedPath()[0] ?? null);
        if (over !== undefined && (over.row !== body.active.row || over.column !== body.active.column)) {
            attempt(body.activate(over, true));
        }
    };
    const end = () => {
        body.scroller.removeEventListener("mousemove", drag);
        document.removeEventListener("mouseup", end);
    };
    body.scroller.addEventListener("mousemove", drag);
    document.addEventListener("mouseup", end);
    if (document.activeElement !== body.scroller) {
        body.scroller.focus({ preventScroll: true });
    }
}

function onClick(body: Body, actions: Actions, attempt: Attempt, event: MouseEvent): void {
    const target = event.target as Element;
    const cell = target.closest<HTMLElement>("thead th");
    if (cell === null || target.closest(".rt-column-resize, input") !== null) {
        return;
    }
    const group = (cell.firstElementChild as HTMLElement | null)?.dataset["group"];
    if (group !== undefined) {
        attempt(body.toggleColumns(group));
        return;
    }
    const column = cell.dataset["column"];
    const meta = body.scroller.getMeta(cell) as { x?: number } | undefined;
    if (column !== undefined) {
        body.active = { row: -1, column: meta?.x ?? 0 };
        actions.sort(column, event.shiftKey);
    }
}
