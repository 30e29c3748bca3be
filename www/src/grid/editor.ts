/**
 * Editing a cell: a box over it, what is typed checked by the column's type and by the page's own rule, and sent to the
 * table. What is wrong stands at the cell, and what was typed stays until it is right or given up.
 */

import type { ColumnType } from "../client/types.js";
import type { Body } from "./body.js";
import { errorText, make, setAttribute } from "./dom.js";
import { plainText } from "./format.js";
import { type CellValue, rowText } from "./json_columns.js";
import { parseValue } from "./parse_value.js";
import type { Source } from "./source.js";

/** What a page may object to: gives the reason, or undefined when all is well. */
export type CellValidator = (
    value: CellValue,
    cell: { readonly column: string; readonly type: ColumnType; readonly key: CellValue },
) => string | undefined | Promise<string | undefined>;

export interface EditorHost {
    readonly isEditable: () => boolean;
    readonly validator: () => CellValidator | undefined;
    readonly edited: (detail: { column: string; key: CellValue; value: CellValue }) => void;
}

interface Editing {
    readonly source: Source;
    readonly column: string;
    readonly type: ColumnType;
    readonly key: CellValue;
    readonly row: number;
    readonly at: number;
    readonly before: CellValue;
}

export class CellEditor {
    readonly element: HTMLElement;
    readonly #input: HTMLInputElement;
    readonly #message: HTMLElement;
    readonly #body: Body;
    readonly #host: EditorHost;
    #editing: Editing | undefined;
    #isSending = false;

    constructor(body: Body, host: EditorHost) {
        this.#body = body;
        this.#host = host;
        this.#message = make("div", { class: "cell-error", id: "sightline-cell-error", role: "alert" });
        this.#input = make("input", {
            type: "text",
            spellcheck: "false",
            autocomplete: "off",
            onkeydown: (event: KeyboardEvent) => this.#onKey(event),
            onblur: () => void this.#commit(undefined),
            oninput: () => this.#say(undefined),
        });
        this.element = make("div", { class: "cell-editor", hidden: true }, this.#input, this.#message);
    }

    get isOpen(): boolean {
        return this.#editing !== undefined;
    }

    /** Opens on the active cell. Gives whether that can be edited: a key cannot, it would make another row. */
    open(typed?: string): boolean {
        const { source, slice, active } = this.#body;
        if (source === undefined || slice === undefined || !this.#host.isEditable() || !source.isFlat) {
            return false;
        }
        const at = active.row - slice.window.firstRow;
        const column = slice.columns[active.column - slice.window.firstColumn];
        const key = slice.ids?.[at]?.[0];
        const type = column === undefined ? undefined : source.schema[column.name];
        const cell = this.#body.scroller.querySelector<HTMLElement>("tbody td[data-active]");
        if (
            column === undefined ||
            key === undefined ||
            type === undefined ||
            cell === null ||
            column.name === source.index
        ) {
            return false;
        }
        const before = slice.values[active.column - slice.window.firstColumn]?.[at] ?? null;
        this.#editing = { source, column: column.name, type, key, row: active.row, at: active.column, before };
        const box = cell.getBoundingClientRect();
        const outer = (this.element.offsetParent ?? this.#body.scroller).getBoundingClientRect();
        this.element.hidden = false;
        Object.assign(this.element.style, {
            left: `${box.left - outer.left}px`,
            top: `${box.top - outer.top}px`,
            width: `${Math.max(box.width, 80)}px`,
            height: `${box.height}px`,
        });
        setAttribute(this.#input, "aria-label", `${column.name}, row ${active.row + 1}`);
        this.#input.inputMode = type === "integer" || type === "float" ? "decimal" : "text";
        this.#input.value = typed ?? plainText(before, type);
        this.#say(undefined);
        this.#input.focus();
        if (typed === undefined) {
            this.#input.select();
        }
        return true;
    }

    /** Gives up what was typed. */
    close(): void {
        const wasFocused = this.#editing !== undefined;
        this.#editing = undefined;
        this.element.hidden = true;
        if (wasFocused) {
            this.#body.scroller.focus({ preventScroll: true });
        }
    }

    #onKey(event: KeyboardEvent): void {
        event.stopPropagation();
        if (event.key === "Escape") {
            event.preventDefault();
            this.close();
        } else if (event.key === "Enter") {
            event.preventDefault();
            void this.#commit({ row: event.shiftKey ? -1 : 1, column: 0 });
        } else if (event.key === "Tab") {
            event.preventDefault();
            void this.#commit({ row: 0, column: event.shiftKey ? -1 : 1 });
        }
    }

    #say(text: string | undefined): void {
        this.#message.textContent = text ?? "";
        this.#message.hidden = text === undefined;
        setAttribute(this.#input, "aria-invalid", text === undefined ? undefined : "true");
        setAttribute(this.#input, "aria-describedby", text === undefined ? undefined : this.#message.id);
    }

    /** Checks and sends what was typed, then moves on by `step`. */
    async #commit(step: { row: number; column: number } | undefined): Promise<void> {
        const editing = this.#editing;
        if (editing === undefined || this.#isSending) {
            return;
        }
        const { source, column, type, key, before } = editing;
        const text = this.#input.value;
        if (text === plainText(before, type)) {
            this.#finish(editing, step);
            return;
        }
        const parsed = parseValue(text, type);
        if ("error" in parsed) {
            this.#say(parsed.error);
            return;
        }
        this.#isSending = true;
        try {
            const objection = await this.#host.validator()?.(parsed.value, { column, type, key });
            if (objection !== undefined) {
                this.#say(objection);
                return;
            }
            const row = rowText({ __INDEX__: key, [column]: parsed.value });
            await source.table.update(`[${row}]`, { format: "json" });
            this.#host.edited({ column, key, value: parsed.value });
            this.#finish(editing, step);
        } catch (error) {
            this.#say(errorText(error));
        } finally {
            this.#isSending = false;
        }
    }

    #finish(editing: Editing, step: { row: number; column: number } | undefined): void {
        if (this.#editing !== editing) {
            return;
        }
        this.#editing = undefined;
        this.element.hidden = true;
        if (step === undefined) {
            return;
        }
        const { source } = editing;
        this.#body.scroller.focus({ preventScroll: true });
        void this.#body.activate({
            row: Math.min(Math.max(0, editing.row + step.row), source.rows - 1),
            column: Math.min(Math.max(0, editing.at + step.column), source.numColumns - 1),
        });
    }
}
