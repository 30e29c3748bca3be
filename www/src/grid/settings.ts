/** Format and colour of one column, as fields below its item in the panel. */

import type { ColumnType } from "../client/types.js";
import type { ColumnColour } from "./colour.js";
import type { GridConfig } from "./config.js";
import { make } from "./dom.js";
import { type ColumnFormat, checkFormat } from "./format.js";

type Change = (config: GridConfig) => void;

export function columnSettings(
    column: string,
    type: ColumnType | undefined,
    config: GridConfig,
    change: Change,
): HTMLElement {
    const message = make("span", { class: "field-error", role: "alert", hidden: true });
    const attempt = (act: () => void) => {
        try {
            act();
            message.hidden = true;
        } catch (error) {
            message.textContent = (error as Error).message;
            message.hidden = false;
        }
    };
    const form = make("div", { class: "settings", role: "group", "aria-label": `Format and colour of ${column}` });
    const isNumber = type === "integer" || type === "float" || type === undefined;
    if (isNumber) {
        form.append(...numberFields(column, config, change, attempt), colourField(column, config, change, attempt));
    } else if (type === "date" || type === "datetime") {
        form.append(...dateFields(column, type, config, change, attempt));
    } else {
        form.append(make("span", { class: "hint" }, "Text is shown as it is."));
    }
    form.append(message);
    // Keys typed here are the fields', not the list's.
    form.addEventListener("keydown", (event) => event.stopPropagation());
    return form;
}

type Attempt = (act: () => void) => void;

function withFormat(config: GridConfig, column: string, format: ColumnFormat): GridConfig {
    const cleaned = Object.fromEntries(Object.entries(format).filter(([, value]) => value !== undefined));
    checkFormat(column, cleaned);
    const { [column]: _, ...others } = config.formats;
    return { ...config, formats: Object.keys(cleaned).length === 0 ? others : { ...others, [column]: cleaned } };
}

function numberFields(column: string, config: GridConfig, change: Change, attempt: Attempt): HTMLElement[] {
    const now = config.formats[column] ?? {};
    const style = choice(
        "Format",
        ["number", "currency", "percent", "compact", "scientific", "plain"],
        now.style ?? "number",
    );
    const currency = make("input", { type: "text", size: 4, maxlength: 3, value: now.currency ?? "USD" });
    const digits = make("input", { type: "number", min: 0, max: 20, value: now.digits ?? "", placeholder: "auto" });
    const currencyLabel = make("label", {}, "Currency ", currency);
    currencyLabel.hidden = style.select.value !== "currency";
    const apply = () =>
        attempt(() => {
            currencyLabel.hidden = style.select.value !== "currency";
            const format: Record<string, unknown> = {
                style: style.select.value === "number" ? undefined : style.select.value,
                currency: style.select.value === "currency" ? currency.value.toUpperCase() : undefined,
                digits: digits.value === "" ? undefined : Number(digits.value),
            };
            change(withFormat(config, column, format as ColumnFormat));
        });
    for (const field of [style.select, currency, digits]) {
        field.addEventListener("change", apply);
    }
    return [style.label, currencyLabel, make("label", {}, "Digits ", digits)];
}

function dateFields(
    column: string,
    type: "date" | "datetime",
    config: GridConfig,
    change: Change,
    attempt: Attempt,
): HTMLElement[] {
    const now = config.formats[column] ?? {};
    const date = choice(
        "Date",
        ["short", "medium", "long", "full", "iso"],
        now.date ?? (type === "date" ? "medium" : "short"),
    );
    const time = choice("Time", ["short", "medium", "long", "none"], now.time ?? "medium");
    const zone = make("input", { type: "text", size: 12, value: now.time_zone ?? "UTC" });
    const apply = () =>
        attempt(() => {
            const format = {
                date: date.select.value,
                ...(type === "datetime" ? { time: time.select.value, time_zone: zone.value } : {}),
            } as ColumnFormat;
            change(withFormat(config, column, format));
        });
    for (const field of [date.select, time.select, zone]) {
        field.addEventListener("change", apply);
    }
    return type === "date" ? [date.label] : [date.label, time.label, make("label", {}, "Zone ", zone)];
}

function colourField(column: string, config: GridConfig, change: Change, attempt: Attempt): HTMLElement {
    const now = config.colours[column];
    const kind = now === undefined ? "none" : now === "sign" ? "sign" : "bar" in now ? "bar" : "scale";
    const [least, most] = now === undefined || now === "sign" ? [0, 100] : "bar" in now ? now.bar : now.scale;
    const { label, select } = choice("Colour", ["none", "sign", "scale", "bar"], kind);
    const from = make("input", { type: "number", "aria-label": "Least", value: least, step: "any" });
    const to = make("input", { type: "number", "aria-label": "Most", value: most, step: "any" });
    const bounds = make("span", { class: "bounds" }, from, " to ", to);
    bounds.hidden = kind === "none" || kind === "sign";
    const apply = () =>
        attempt(() => {
            bounds.hidden = select.value === "none" || select.value === "sign";
            const pair = [Number(from.value), Number(to.value)] as const;
            const { [column]: _, ...others } = config.colours;
            const colours: Record<string, ColumnColour | undefined> = {
                none: undefined,
                sign: "sign",
                scale: { scale: pair },
                bar: { bar: pair },
            };
            const colour = colours[select.value];
            change({ ...config, colours: colour === undefined ? others : { ...others, [column]: colour } });
        });
    for (const field of [select, from, to]) {
        field.addEventListener("change", apply);
    }
    label.append(bounds);
    return label;
}

function choice(
    text: string,
    options: readonly string[],
    value: string,
): { label: HTMLLabelElement; select: HTMLSelectElement } {
    const select = make("select", {});
    select.append(...options.map((option) => new Option(option, option)));
    select.value = value;
    return { label: make("label", {}, `${text} `, select), select };
}
