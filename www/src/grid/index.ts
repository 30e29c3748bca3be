/**
 * `sightline/grid`: the element `<sightline-table>`, registered by importing this module.
 *
 * It takes tables of any client of `sightline`, and has no part of the client or the engine in it.
 */

import { SightlineTable } from "./element.js";

export type { ColumnColour } from "./colour.js";
export type { GridConfig, ShowAs, Theme } from "./config.js";
export type { CellValidator } from "./editor.js";
export type { ColumnFormat } from "./format.js";
export type { CellValue } from "./json_columns.js";
export type { ExportFormat } from "./transfer.js";
export type { Area } from "./viewport.js";
export { SightlineTable };

export const TAG = "sightline-table";

if (customElements.get(TAG) === undefined) {
    customElements.define(TAG, SightlineTable);
}

declare global {
    interface HTMLElementTagNameMap {
        "sightline-table": SightlineTable;
    }
}
