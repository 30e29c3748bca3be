/** The bar above the grid: panel, filter row, table or chart, groups, copy and export. */

import type { GridConfig, ShowAs } from "./config.js";
import { make, setAttribute } from "./dom.js";
import { type IconName, icon } from "./icons.js";
import type { ExportFormat } from "./transfer.js";

export interface ToolbarHost {
    readonly config: () => GridConfig;
    readonly isGrouped: () => boolean;
    readonly isSplit: () => boolean;
    readonly toggle: (what: "panel" | "filter_row") => void;
    readonly showAs: (what: ShowAs) => void;
    readonly depth: (depth: number) => void;
    readonly copy: () => void;
    readonly download: (format: ExportFormat) => void;
}

const KINDS: readonly [ShowAs, string][] = [
    ["table", "Table"],
    ["line", "Line chart"],
    ["bar", "Bar chart"],
    ["scatter", "Scatter chart"],
    ["heatmap", "Heat map"],
];
const FILES: readonly [ExportFormat, string][] = [
    ["csv", "CSV"],
    ["arrow", "Arrow"],
    ["json", "JSON"],
    ["ndjson", "JSON lines"],
];

export class Toolbar {
    readonly element: HTMLElement;
    readonly #host: ToolbarHost;
    readonly #panel: HTMLButtonElement;
    readonly #filters: HTMLButtonElement;
    readonly #kinds = new Map<ShowAs, HTMLButtonElement>();
    readonly #groups: HTMLElement;
    readonly #copy: HTMLButtonElement;
    readonly #menu: HTMLElement;
    readonly #export: HTMLButtonElement;

    constructor(host: ToolbarHost) {
        this.#host = host;
        const button = (name: IconName, label: string, onclick: () => void, text?: string) =>
            make("button", { type: "button", title: label, "aria-label": label, onclick }, icon(name), text);
        this.#panel = button("panel", "Columns and groups", () => host.toggle("panel"), "Columns");
        this.#filters = button("filter", "Filter row", () => host.toggle("filter_row"), "Filter");
        const segments = make("span", { class: "segments", role: "group", "aria-label": "Show as" });
        for (const [kind, label] of KINDS) {
            const one = button(kind, label, () => host.showAs(kind));
            this.#kinds.set(kind, one);
            segments.append(one);
        }
        this.#groups = make(
            "span",
            { class: "segments", role: "group", "aria-label": "Groups" },
            button("open", "Open all groups", () => host.depth(Number.POSITIVE_INFINITY)),
            button("close", "Close all groups", () => host.depth(0)),
        );
        this.#copy = button("copy", "Copy the selection", () => host.copy());
        this.#menu = make(
            "div",
            { class: "menu-items", id: "sightline-export", hidden: true },
            ...FILES.map(([format, name]) =>
                make(
                    "button",
                    {
                        type: "button",
                        onclick: () => {
                            this.#openMenu(false);
                            host.download(format);
                        },
                    },
                    name,
                ),
            ),
        );
        this.#export = button("export", "Export the view", () => this.#openMenu(this.#menu.hidden !== false), "Export");
        setAttribute(this.#export, "aria-controls", "sightline-export");
        const menu = make("div", { class: "menu" }, this.#export, this.#menu);
        menu.addEventListener("keydown", (event) => {
            if (event.key === "Escape" && !this.#menu.hidden) {
                this.#openMenu(false);
                this.#export.focus();
            }
        });
        menu.addEventListener("focusout", (event) => {
            if (!menu.contains(event.relatedTarget as Node | null)) {
                this.#openMenu(false);
            }
        });
        this.element = make(
            "div",
            { class: "toolbar", role: "group", "aria-label": "Grid" },
            segments,
            this.#groups,
            make("span", { class: "spring" }),
            this.#filters,
            this.#panel,
            this.#copy,
            menu,
        );
        this.#openMenu(false);
    }

    draw(): void {
        const { panel, filter_row: filterRow, show_as: showAs } = this.#host.config();
        setAttribute(this.#panel, "aria-pressed", String(panel));
        setAttribute(this.#filters, "aria-pressed", String(filterRow));
        // A split grid has its filters in the panel: a box under each column of each split would say the same.
        this.#filters.disabled = this.#host.isSplit() || showAs !== "table";
        for (const [kind, button] of this.#kinds) {
            setAttribute(button, "aria-pressed", String(kind === showAs));
        }
        this.#groups.hidden = !this.#host.isGrouped();
        this.#copy.disabled = showAs !== "table";
    }

    #openMenu(isOpen: boolean): void {
        this.#menu.hidden = !isOpen;
        setAttribute(this.#export, "aria-expanded", String(isOpen));
        if (isOpen) {
            this.#menu.querySelector("button")?.focus();
        }
    }
}
