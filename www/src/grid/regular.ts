/**
 * regular-table under a tag of our own, so that another copy of it in the page, of another version, is not in the way.
 */

import { RegularTableElement } from "regular-table";

export class GridScroller extends RegularTableElement {}

export const SCROLLER_TAG = "sightline-regular-table";

export function makeScroller(): GridScroller {
    if (customElements.get(SCROLLER_TAG) === undefined) {
        customElements.define(SCROLLER_TAG, GridScroller);
    }
    return document.createElement(SCROLLER_TAG) as GridScroller;
}
