/** The boxes of the filter row: one for each column, kept while the grid draws, with what is wrong said at the box. */

import type { ColumnType } from "../client/types.js";
import { type GridConfig, withFilters } from "./config.js";
import { make, setAttribute } from "./dom.js";
import { filterText, parseFilter } from "./filter_text.js";
import type { ColumnPath } from "./paths.js";

export interface FilterRowHost {
    readonly config: () => GridConfig;
    readonly typeOf: (column: string) => ColumnType | undefined;
    readonly change: (config: GridConfig) => void;
    /** Goes back to the cells. */
    readonly leave: () => void;
}

const HINTS: Partial<Record<ColumnType, string>> = {
    string: "contains…",
    boolean: "true, false",
};

export class FilterRow {
    /** Stands over the grid, below the box that is wrong. */
    readonly message: HTMLElement = make("div", {
        class: "cell-error",
        id: "sightline-filter-error",
        role: "alert",
        hidden: true,
    });
    readonly #host: FilterRowHost;
    readonly #boxes = new Map<string, HTMLInputElement>();

    constructor(host: FilterRowHost) {
        this.#host = host;
    }

    box({ name }: ColumnPath): HTMLElement {
        let box = this.#boxes.get(name);
        if (box === undefined) {
            const input = make("input", {
                type: "text",
                size: 4,
                spellcheck: "false",
                autocomplete: "off",
                "aria-label": `Filter on ${name}`,
                placeholder: HINTS[this.#host.typeOf(name) ?? "string"] ?? "= > < ..",
                onchange: () => this.#changed(name, input),
                oninput: () => this.#say(input, undefined),
                onkeydown: (event: KeyboardEvent) => {
                    event.stopPropagation();
                    if (event.key === "Escape") {
                        input.value = this.#textOf(name);
                        this.#say(input, undefined);
                        this.#host.leave();
                    } else if (event.key === "ArrowDown") {
                        event.preventDefault();
                        this.#host.leave();
                    }
                },
            });
            input.value = this.#textOf(name);
            this.#boxes.set(name, input);
            box = input;
        }
        return box;
    }

    /** Filters came from elsewhere: the boxes say what they are. */
    sync(): void {
        for (const [name, box] of this.#boxes) {
            if (!box.hasAttribute("aria-invalid") && !box.matches(":focus")) {
                box.value = this.#textOf(name);
            }
        }
    }

    forget(): void {
        this.#boxes.clear();
        this.message.hidden = true;
    }

    #textOf(name: string): string {
        return filterText(this.#host.config().filter.filter(([column]) => column === name)) ?? "(several)";
    }

    #changed(name: string, input: HTMLInputElement): void {
        const parsed = parseFilter(name, this.#host.typeOf(name) ?? "string", input.value);
        if ("error" in parsed) {
            this.#say(input, parsed.error);
            return;
        }
        this.#say(input, undefined);
        const config = this.#host.config();
        this.#host.change({ ...config, filter: withFilters(config.filter, name, parsed.filters) });
    }

    #say(input: HTMLInputElement, text: string | undefined): void {
        setAttribute(input, "aria-invalid", text === undefined ? undefined : "true");
        setAttribute(input, "aria-describedby", text === undefined ? undefined : this.message.id);
        this.message.textContent = text ?? "";
        this.message.hidden = text === undefined;
        const outer = this.message.offsetParent?.getBoundingClientRect();
        if (text !== undefined && outer !== undefined) {
            const box = input.getBoundingClientRect();
            this.message.style.left = `${Math.max(4, box.left - outer.left)}px`;
            this.message.style.top = `${box.bottom - outer.top}px`;
        }
    }
}
