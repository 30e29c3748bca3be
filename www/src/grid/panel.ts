/**
 * The panel beside the grid: which columns are shown, what rows are grouped and columns split by, aggregates, formats
 * and colours, filters and expressions. Everything works with the mouse (drag and drop) and with the keyboard alone: a
 * space picks an item up, arrows carry it within a list and between lists, another space puts it down.
 *
 * In: a config and the types of columns. Out: configs that the reader asks for.
 */

import type { Aggregate, ColumnType, Schema } from "../client/types.js";
import {
    aggregatesFor,
    allColumns,
    defaultAggregate,
    type GridConfig,
    moveColumn,
    shownColumns,
    withFilters,
    ZONES,
    type Zone,
} from "./config.js";
import { make } from "./dom.js";
import { filterText, parseFilter } from "./filter_text.js";
import { columnSettings } from "./settings.js";

export interface PanelHost {
    readonly config: () => GridConfig;
    readonly schema: () => Schema;
    /** Types of expressions and windows. */
    readonly computed: () => Schema;
    readonly change: (config: GridConfig) => void;
    readonly editExpression: (name: string | undefined) => void;
    readonly close: () => void;
}

interface Item {
    readonly zone: Zone;
    readonly column: string;
    readonly at: number;
}

const TITLES: Record<Zone, string> = {
    columns: "Columns",
    group_by: "Group by",
    split_by: "Split by",
    all: "All columns",
};
const HINTS: Partial<Record<Zone, string>> = {
    group_by: "Drop a column here to make groups of rows",
    split_by: "Drop a column here to make columns of its values",
    columns: "Drop the columns to show",
};
const MIME = "application/x-sightline-column";

export class Panel {
    readonly element: HTMLElement;
    readonly #host: PanelHost;
    readonly #lists = new Map<Zone, HTMLElement>();
    readonly #live: HTMLElement;
    readonly #filters: HTMLElement;
    readonly #search: HTMLInputElement;
    /** The item that is carried by the keyboard, with the config to go back to. */
    #carried: { item: Item; before: GridConfig } | undefined;
    #dragged: Item | undefined;
    #settingsOf: string | undefined;

    constructor(host: PanelHost) {
        this.#host = host;
        this.#live = make("p", { class: "visually-hidden", role: "status", "aria-live": "assertive" });
        this.#filters = make("div", { class: "filters" });
        this.#search = make("input", {
            type: "search",
            placeholder: "Find a column",
            "aria-label": "Find a column",
            oninput: () => this.draw(),
        });
        const sections = [...ZONES, "all" as const].map((zone) => this.#section(zone));
        this.element = make(
            "aside",
            { class: "panel", "aria-label": "Columns and groups", hidden: true },
            make(
                "header",
                { class: "panel-head" },
                make("h2", {}, "View"),
                make(
                    "button",
                    { type: "button", class: "plain", "aria-label": "Close the panel", onclick: () => host.close() },
                    "✕",
                ),
            ),
            ...sections,
            make("section", {}, make("h3", {}, "Filters"), this.#filters),
            make(
                "p",
                { class: "hint", id: "sightline-panel-help" },
                "Drag items between the lists. By keyboard: space picks up and puts down, arrows carry, Delete takes out.",
            ),
            this.#live,
        );
    }

    #section(zone: Zone): HTMLElement {
        const id = `sightline-${zone}`;
        const list = make("ul", {
            class: "zone",
            "aria-labelledby": id,
            "data-zone": zone,
            ondragover: (event: DragEvent) => this.#dragOver(event, zone),
            ondragleave: (event: DragEvent) => this.#dragLeave(event),
            ondrop: (event: DragEvent) => this.#drop(event, zone),
            onkeydown: (event: KeyboardEvent) => this.#onKey(event, zone),
        });
        this.#lists.set(zone, list);
        const extra =
            zone === "all"
                ? [
                      this.#search,
                      list,
                      make(
                          "button",
                          {
                              type: "button",
                              class: "wide add-expression",
                              onclick: () => this.#host.editExpression(undefined),
                          },
                          "+ New expression",
                      ),
                  ]
                : [list];
        return make("section", {}, make("h3", { id }, TITLES[zone]), ...extra);
    }

    draw(): void {
        const focused = this.#focusedItem();
        const config = this.#host.config();
        const schema = this.#host.schema();
        const shown = shownColumns(config, schema);
        const wanted = this.#search.value.trim().toLowerCase();
        const all = allColumns(config, schema).filter((column) => column.toLowerCase().includes(wanted));
        const contents: Record<Zone, readonly string[]> = {
            columns: shown,
            group_by: config.group_by,
            split_by: config.split_by,
            all,
        };
        for (const [zone, list] of this.#lists) {
            const items = contents[zone].map((column, at) => this.#item({ zone, column, at }, config, shown));
            const hint = HINTS[zone];
            list.replaceChildren(
                ...items,
                ...(items.length === 0 && hint !== undefined ? [make("li", { class: "empty" }, hint)] : []),
            );
            list.querySelector<HTMLElement>(".item")?.setAttribute("tabindex", "0");
        }
        this.#drawFilters(config);
        if (focused !== undefined) {
            this.focus(focused.zone, focused.column);
        }
    }

    focus(zone: Zone, column?: string): void {
        const list = this.#lists.get(zone);
        const options = [...(list?.querySelectorAll<HTMLElement>(".item") ?? [])];
        const option = options.find((item) => item.dataset["column"] === column) ?? options[0];
        if (option !== undefined) {
            for (const other of options) {
                other.tabIndex = other === option ? 0 : -1;
            }
            option.focus();
        }
    }

    #typeOf(column: string): ColumnType | undefined {
        return this.#host.schema()[column] ?? this.#host.computed()[column];
    }

    #item(item: Item, config: GridConfig, shown: readonly string[]): HTMLElement {
        const { zone, column } = item;
        const type = this.#typeOf(column);
        const isShown = zone === "all" && shown.includes(column);
        const isCarried = this.#carried?.item.zone === zone && this.#carried.item.column === column;
        const isExpression = column in config.expressions;
        const option = make(
            "li",
            {
                class: "item",
                tabindex: -1,
                draggable: "true",
                "data-column": column,
                "data-type": type ?? "",
                "data-carried": isCarried,
                "data-shown": isShown,
                "aria-describedby": "sightline-panel-help",
                ondragstart: (event: DragEvent) => this.#dragStart(event, item),
                ondragend: () => this.#dragEnd(),
            },
            make("span", { class: "grip", "aria-hidden": "true" }, "⠿"),
            make("span", { class: "type", "aria-hidden": "true" }, typeMark(type)),
            make("span", { class: "name" }, column),
        );
        const button = (label: string, text: string, onclick: () => void) =>
            make(
                "button",
                {
                    type: "button",
                    class: "plain",
                    // Enter and F2 on the item do the same: no need for two more stops on the way through a long list.
                    tabindex: zone === "all" ? -1 : undefined,
                    "aria-label": label,
                    title: label,
                    onclick,
                },
                text,
            );
        if (zone === "all") {
            if (isExpression) {
                option.append(button(`Edit the expression ${column}`, "ƒ", () => this.#host.editExpression(column)));
            }
            option.append(
                button(isShown ? `Hide ${column}` : `Show ${column}`, isShown ? "☑" : "☐", () => this.#toggle(column)),
            );
            return option;
        }
        if (zone === "columns") {
            if (config.group_by.length > 0) {
                option.append(this.#aggregate(column, type, config));
            }
            option.append(
                button(`Format and colour of ${column}`, "⚙", () => {
                    this.#settingsOf = this.#settingsOf === column ? undefined : column;
                    this.draw();
                }),
            );
        }
        option.append(button(`Take ${column} out`, "✕", () => this.#move(item, "all", 0)));
        if (zone === "columns" && this.#settingsOf === column) {
            option.append(columnSettings(column, type, config, (changed) => this.#host.change(changed)));
        }
        return option;
    }

    #aggregate(column: string, type: ColumnType | undefined, config: GridConfig): HTMLElement {
        const now: Aggregate = config.aggregates[column] ?? defaultAggregate(type);
        const name = typeof now === "string" ? now : `${now[0]} (${now[1].join(", ")})`;
        const choices = aggregatesFor(type);
        const select = make("select", {
            "aria-label": `Aggregate of ${column}`,
            onchange: () => {
                const aggregates = { ...this.#host.config().aggregates, [column]: select.value };
                this.#host.change({ ...this.#host.config(), aggregates });
            },
        });
        select.append(
            ...(choices.includes(name) ? choices : [name, ...choices]).map((choice) => new Option(choice, choice)),
        );
        select.value = name;
        return select;
    }

    #toggle(column: string): void {
        const config = this.#host.config();
        const shown = shownColumns(config, this.#host.schema());
        const columns = shown.includes(column) ? shown.filter((other) => other !== column) : [...shown, column];
        this.#host.change({ ...config, columns });
    }

    #move(item: Item, to: Zone, at: number): void {
        this.#host.change(moveColumn(this.#host.config(), this.#host.schema(), item.column, item.zone, to, at));
    }

    // ---- filters ----------------------------------------------------------------------------------------------------

    #drawFilters(config: GridConfig): void {
        const columns = [...new Set(config.filter.map(([column]) => column))];
        const rows = columns.map((column) => {
            const text = filterText(config.filter.filter(([name]) => name === column));
            return make(
                "div",
                { class: "filter" },
                make("span", { class: "name" }, column),
                text === undefined
                    ? make("span", { class: "hint" }, "several conditions")
                    : this.#filterBox(column, text),
                make(
                    "button",
                    {
                        type: "button",
                        class: "plain",
                        "aria-label": `Remove the filter on ${column}`,
                        onclick: () => this.#host.change({ ...config, filter: withFilters(config.filter, column, []) }),
                    },
                    "✕",
                ),
            );
        });
        const unused = allColumns(config, this.#host.schema()).filter((column) => !columns.includes(column));
        const add = make("select", { class: "wide", "aria-label": "Add a filter" }, new Option("+ Filter on…", ""));
        add.append(...unused.map((column) => new Option(column, column)));
        add.addEventListener("change", () => {
            const column = add.value;
            const row = make(
                "div",
                { class: "filter" },
                make("span", { class: "name" }, column),
                this.#filterBox(column, ""),
            );
            add.before(row);
            add.value = "";
            row.querySelector("input")?.focus();
        });
        this.#filters.replaceChildren(...rows, add);
    }

    #filterBox(column: string, text: string): HTMLElement {
        const message = make("span", { class: "field-error", role: "alert", hidden: true });
        const input = make("input", {
            type: "text",
            "aria-label": `Filter on ${column}`,
            placeholder: "> 5, a .. b, text, null",
            value: text,
            onchange: () => {
                const parsed = parseFilter(column, this.#typeOf(column) ?? "string", input.value);
                const wrong = "error" in parsed ? parsed.error : undefined;
                message.textContent = wrong ?? "";
                message.hidden = wrong === undefined;
                input.toggleAttribute("aria-invalid", wrong !== undefined);
                if ("filters" in parsed) {
                    const config = this.#host.config();
                    this.#host.change({ ...config, filter: withFilters(config.filter, column, parsed.filters) });
                }
            },
        });
        return make("span", { class: "filter-box" }, input, message);
    }

    // ---- the mouse --------------------------------------------------------------------------------------------------

    #dragStart(event: DragEvent, item: Item): void {
        this.#dragged = item;
        event.dataTransfer?.setData(MIME, item.column);
        event.dataTransfer?.setData("text/plain", item.column);
        if (event.dataTransfer !== null) {
            event.dataTransfer.effectAllowed = "move";
        }
        this.element.classList.add("dragging");
    }

    #dragEnd(): void {
        this.#dragged = undefined;
        this.element.classList.remove("dragging");
        for (const list of this.#lists.values()) {
            unmark(list);
        }
    }

    #dragOver(event: DragEvent, zone: Zone): void {
        if (this.#dragged === undefined && event.dataTransfer?.types.includes(MIME) !== true) {
            return;
        }
        event.preventDefault();
        const list = this.#lists.get(zone) as HTMLElement;
        unmark(list);
        list.classList.add("over");
        const at = positionAt(list, event.clientY);
        list.children[at]?.classList.add("drop-before");
        if (at >= list.querySelectorAll(".item").length) {
            list.classList.add("drop-end");
        }
    }

    #dragLeave(event: DragEvent): void {
        unmark(event.currentTarget as HTMLElement);
    }

    #drop(event: DragEvent, zone: Zone): void {
        event.preventDefault();
        const list = this.#lists.get(zone) as HTMLElement;
        unmark(list);
        const item = this.#dragged;
        if (item !== undefined) {
            this.#move(item, zone, positionAt(list, event.clientY));
        }
    }

    // ---- the keyboard -----------------------------------------------------------------------------------------------

    #focusedItem(): Item | undefined {
        const root = this.element.getRootNode() as ShadowRoot | Document;
        const option = root.activeElement?.closest<HTMLElement>(".item");
        const zone = option?.closest<HTMLElement>("[data-zone]")?.dataset["zone"] as Zone | undefined;
        const column = option?.dataset["column"];
        if (option === null || option === undefined || zone === undefined || column === undefined) {
            return undefined;
        }
        return { zone, column, at: [...(option.parentElement?.children ?? [])].indexOf(option) };
    }

    #onKey(event: KeyboardEvent, zone: Zone): void {
        const item = this.#focusedItem();
        if (item === undefined || !(event.target as Element).matches(".item")) {
            return;
        }
        const isHandled = this.#carried === undefined ? this.#walk(event.key, item, zone) : this.#carry(event.key);
        if (isHandled) {
            event.preventDefault();
            event.stopPropagation();
        }
    }

    #walk(key: string, item: Item, zone: Zone): boolean {
        const options = [...(this.#lists.get(zone)?.querySelectorAll<HTMLElement>(".item") ?? [])];
        const step = { ArrowDown: 1, ArrowUp: -1 }[key];
        if (step !== undefined) {
            const next = options[item.at + step];
            if (next !== undefined) {
                this.focus(zone, next.dataset["column"]);
            }
            return true;
        }
        switch (key) {
            case " ":
                this.#carried = { item, before: this.#host.config() };
                this.#say(
                    `${item.column} picked up from ${TITLES[zone]}. Arrows carry it, space puts it down, Escape puts it back.`,
                );
                this.draw();
                return true;
            case "Enter":
                if (zone === "all") {
                    this.#toggle(item.column);
                }
                return true;
            case "F2":
                if (item.column in this.#host.config().expressions) {
                    this.#host.editExpression(item.column);
                }
                return true;
            case "Delete":
            case "Backspace":
                if (zone !== "all") {
                    const after = options[item.at + 1] ?? options[item.at - 1];
                    after?.focus();
                    this.#say(`${item.column} taken out of ${TITLES[zone]}.`);
                    this.#move(item, "all", 0);
                }
                return true;
            default:
                return false;
        }
    }

    #carry(key: string): boolean {
        const carried = this.#carried;
        if (carried === undefined) {
            return false;
        }
        const { item, before } = carried;
        switch (key) {
            case " ":
            case "Enter":
                this.#carried = undefined;
                this.#say(`${item.column} put down in ${TITLES[item.zone]}, place ${item.at + 1}.`);
                this.draw();
                return true;
            case "Escape":
                this.#carried = undefined;
                this.#say(`${item.column} put back.`);
                this.#host.change(before);
                return true;
            case "ArrowUp":
            case "ArrowDown": {
                const length = item.zone === "all" ? 0 : this.#length(item.zone);
                const at = key === "ArrowUp" ? item.at - 1 : item.at + 1;
                if (item.zone !== "all" && at >= 0 && at < length) {
                    // Before the one after next, when it goes down.
                    this.#carryTo(item.zone, key === "ArrowUp" ? at : at + 1);
                }
                return true;
            }
            case "ArrowRight":
            case "ArrowLeft": {
                const from = ZONES.indexOf(item.zone);
                const step = key === "ArrowRight" ? 1 : -1;
                const zone = ZONES[(from + step + ZONES.length) % ZONES.length] as Zone;
                this.#carryTo(zone, this.#length(zone));
                return true;
            }
            default:
                return key === "Tab";
        }
    }

    #length(zone: Zone): number {
        const config = this.#host.config();
        return zone === "columns"
            ? shownColumns(config, this.#host.schema()).length
            : zone === "all"
              ? 0
              : config[zone].length;
    }

    #carryTo(zone: Zone, before: number): void {
        const carried = this.#carried;
        if (carried === undefined) {
            return;
        }
        const { item } = carried;
        const config = moveColumn(this.#host.config(), this.#host.schema(), item.column, item.zone, zone, before);
        const list =
            zone === "columns" ? shownColumns(config, this.#host.schema()) : zone === "all" ? [] : config[zone];
        const place = Math.max(0, list.indexOf(item.column));
        this.#carried = { ...carried, item: { column: item.column, zone, at: place } };
        this.#say(`${item.column} in ${TITLES[zone]}, place ${place + 1}.`);
        this.#host.change(config);
        this.draw();
        this.focus(zone, item.column);
    }

    #say(text: string): void {
        this.#live.textContent = text;
    }
}

function typeMark(type: ColumnType | undefined): string {
    switch (type) {
        case "integer":
            return "#";
        case "float":
            return ".0";
        case "date":
            return "▦";
        case "datetime":
            return "◷";
        case "boolean":
            return "✓";
        default:
            return "A";
    }
}

/** Before which item a drop at a height falls. */
function positionAt(list: HTMLElement, y: number): number {
    const options = [...list.querySelectorAll<HTMLElement>(".item")];
    const at = options.findIndex((option) => {
        const { top, height } = option.getBoundingClientRect();
        return y < top + height / 2;
    });
    return at < 0 ? options.length : at;
}

function unmark(list: HTMLElement): void {
    list.classList.remove("over", "drop-end");
    for (const item of list.children) {
        item.classList.remove("drop-before");
    }
}
