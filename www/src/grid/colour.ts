/**
 * Colour by value: by sign, on a scale between two bounds, or as a bar. Pure: a rule and a value give what to draw.
 *
 * Colours themselves are the theme's (CSS variables); a rule says only how much of which.
 */

import type { CellValue } from "./json_columns.js";

export type ColumnColour =
    | "sign"
    | { readonly scale: readonly [least: number, most: number] }
    | { readonly bar: readonly [least: number, most: number] };

/** `tone` is the theme colour, `share` how much of it, `bar` how far a bar reaches, all from 0 to 1. */
export interface Shade {
    readonly tone: "up" | "down";
    readonly kind: "text" | "back" | "bar";
    readonly share: number;
}

export function checkColour(column: string, colour: unknown): asserts colour is ColumnColour {
    if (colour === "sign") {
        return;
    }
    const bounds = isRecord(colour) ? (colour["scale"] ?? colour["bar"]) : undefined;
    const isPair =
        Array.isArray(bounds) && bounds.length === 2 && bounds.every((bound) => Number.isFinite(bound as number));
    if (!isPair || Object.keys(colour as object).length !== 1) {
        throw new Error(
            `the colour of column "${column}" is none of "sign", { scale: [least, most] } and { bar: [least, most] }`,
        );
    }
}

export function shade(colour: ColumnColour | undefined, cell: CellValue | undefined): Shade | undefined {
    if (colour === undefined || (typeof cell !== "number" && typeof cell !== "bigint")) {
        return undefined;
    }
    const value = Number(cell);
    if (colour === "sign") {
        return value === 0 ? undefined : { tone: value > 0 ? "up" : "down", kind: "text", share: 1 };
    }
    const isBar = "bar" in colour;
    const [least, most] = isBar ? colour.bar : colour.scale;
    // Bounds on both sides of zero diverge from it, others go from the lower to the upper.
    const diverges = least < 0 && most > 0;
    const reach = diverges ? Math.max(-least, most) : most - least;
    if (reach <= 0) {
        return undefined;
    }
    const share = Math.min(1, Math.max(0, (diverges ? Math.abs(value) : value - least) / reach));
    return { tone: diverges && value < 0 ? "down" : "up", kind: isBar ? "bar" : "back", share };
}

function isRecord(value: unknown): value is Record<string, unknown> {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}
