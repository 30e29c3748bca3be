/** The line below the grid: how many rows there are, and what is selected. */

import { make } from "./dom.js";
import { formatter } from "./format.js";
import type { Slice, Source } from "./source.js";
import type { Area } from "./viewport.js";

export class Status {
    readonly element: HTMLElement;
    readonly #rows = make("span", { role: "status" });
    readonly #sums = make("span", {});

    constructor() {
        this.element = make("footer", { class: "status" }, this.#rows, this.#sums);
    }

    draw(source: Source | undefined, slice: Slice | undefined, selection: Area | undefined, locale?: string): void {
        set(this.#rows, source === undefined ? "" : rowsText(source, locale));
        set(this.#sums, selection === undefined ? "" : sumsText(slice, selection, locale));
    }
}

/** This runs with every drawing: what is said already is not said again. */
function set(element: HTMLElement, text: string): void {
    if (element.textContent !== text) {
        element.textContent = text;
    }
}

function rowsText({ isFlat, rows, tableRows }: Source, locale: string | undefined): string {
    const count = (value: number) => value.toLocaleString(locale);
    return isFlat && tableRows !== rows
        ? `${count(rows)} of ${count(tableRows)} rows`
        : `${count(rows)} ${rows === 1 ? "row" : "rows"}`;
}

/** Count, sum and mean of what is selected; the count alone when some of it is out of sight. */
function sumsText(slice: Slice | undefined, area: Area, locale: string | undefined): string {
    const firstColumn = Math.max(0, area.firstColumn);
    const cells = (area.lastRow - area.firstRow + 1) * (area.lastColumn - firstColumn + 1);
    const count = `${cells.toLocaleString(locale)} ${cells === 1 ? "cell" : "cells"}`;
    if (
        slice === undefined ||
        area.firstRow < slice.window.firstRow ||
        area.lastRow >= slice.window.endRow ||
        firstColumn < slice.window.firstColumn ||
        area.lastColumn >= slice.window.endColumn
    ) {
        return count;
    }
    const { firstRow: top, firstColumn: left } = slice.window;
    const numbers = slice.values
        .slice(firstColumn - left, area.lastColumn + 1 - left)
        .flatMap((values) => values.slice(area.firstRow - top, area.lastRow + 1 - top))
        .filter((value): value is number | bigint => typeof value === "number" || typeof value === "bigint")
        .map(Number);
    if (numbers.length === 0) {
        return count;
    }
    const sum = numbers.reduce((one, other) => one + other, 0);
    const format = formatter("float", {}, locale);
    return `${count}   sum ${format(sum)}   mean ${format(sum / numbers.length)}`;
}
