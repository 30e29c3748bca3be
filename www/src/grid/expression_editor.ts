/**
 * The editor of expressions: a dialog with a name, a text, and the columns to choose from. The engine checks the text
 * while it is typed; the place of a mistake is marked in the text, and its line and column stand below.
 */

import type { ColumnType, ExpressionError, Schema } from "../client/types.js";
import { Coalescer } from "./coalesce.js";
import { errorText, make, nextFrame, setAttribute } from "./dom.js";

export interface ExpressionHost {
    readonly columns: () => Schema;
    readonly names: () => readonly string[];
    /** The other expressions, which this one may use. */
    readonly others: (name: string) => Readonly<Record<string, string>>;
    readonly validate: (
        expressions: Record<string, string>,
    ) => Promise<{ expression_schema: Schema; errors: Record<string, ExpressionError> }>;
    readonly save: (before: string | undefined, name: string, text: string) => void;
    readonly remove: (name: string) => void;
}

/** Position in a text of a line and column, both from 0. */
export function offsetOf(text: string, line: number, column: number): number {
    const lines = text.split("\n");
    const before = lines.slice(0, line).reduce((sum, one) => sum + one.length + 1, 0);
    return Math.min(text.length, before + Math.min(column, lines[line]?.length ?? 0));
}

export class ExpressionEditor {
    readonly element: HTMLDialogElement;
    readonly #host: ExpressionHost;
    readonly #name: HTMLInputElement;
    readonly #text: HTMLTextAreaElement;
    readonly #marks: HTMLElement;
    readonly #message: HTMLElement;
    readonly #result: HTMLElement;
    readonly #save: HTMLButtonElement;
    readonly #remove: HTMLButtonElement;
    readonly #columns: HTMLElement;
    readonly #title: HTMLElement;
    readonly #checking = new Coalescer(() => this.#check(), nextFrame);
    #before: string | undefined;
    #error: ExpressionError | undefined;

    constructor(host: ExpressionHost) {
        this.#host = host;
        const changed = () => void this.#checking.request();
        this.#name = make("input", {
            type: "text",
            "aria-label": "Name of the expression",
            placeholder: "name",
            oninput: changed,
        });
        this.#text = make("textarea", {
            rows: 6,
            spellcheck: "false",
            "aria-label": "Expression",
            "aria-describedby": "sightline-expression-message",
            placeholder: '"price" * "quantity"',
            oninput: () => {
                this.#mark(undefined);
                changed();
            },
            onscroll: () => this.#follow(),
            onkeydown: (event: KeyboardEvent) => {
                if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
                    event.preventDefault();
                    void this.#submit();
                }
            },
        });
        this.#marks = make("pre", { class: "marks", "aria-hidden": "true" });
        this.#message = make("p", {
            class: "field-error",
            id: "sightline-expression-message",
            role: "alert",
            hidden: true,
            onclick: () => this.#goToError(),
        });
        this.#result = make("p", { class: "hint", role: "status" });
        this.#save = make("button", { type: "submit", class: "primary" }, "Save");
        this.#remove = make("button", { type: "button", onclick: () => this.#delete() }, "Delete");
        this.#columns = make("div", { class: "chips", role: "group", "aria-label": "Insert a column" });
        this.#title = make("h2", {}, "New expression");
        const form = make(
            "form",
            {
                method: "dialog",
                onsubmit: (event: SubmitEvent) => {
                    event.preventDefault();
                    void this.#submit();
                },
            },
            this.#title,
            this.#name,
            make("div", { class: "code" }, this.#marks, this.#text),
            this.#message,
            this.#result,
            this.#columns,
            make(
                "div",
                { class: "actions" },
                this.#remove,
                make("span", { class: "spring" }),
                make("button", { type: "button", onclick: () => this.element.close() }, "Cancel"),
                this.#save,
            ),
        );
        this.element = make("dialog", { class: "expression", "aria-label": "Expression" }, form);
        // Keys typed here are not the grid's.
        this.element.addEventListener("keydown", (event) => event.stopPropagation());
    }

    open(name: string | undefined, text: string): void {
        this.#before = name;
        this.#title.textContent = name === undefined ? "New expression" : `Expression “${name}”`;
        this.#name.value = name ?? this.#freshName();
        this.#text.value = text;
        this.#remove.hidden = name === undefined;
        this.#mark(undefined);
        this.#result.textContent = "";
        this.#columns.replaceChildren(
            ...Object.entries(this.#host.columns()).map(([column, type]) => this.#chip(column, type)),
        );
        this.element.showModal();
        this.#text.focus();
        void this.#checking.request();
    }

    #freshName(): string {
        const taken = new Set(this.#host.names());
        for (let number = 1; ; number += 1) {
            if (!taken.has(`expression ${number}`)) {
                return `expression ${number}`;
            }
        }
    }

    #chip(column: string, type: ColumnType): HTMLElement {
        return make(
            "button",
            {
                type: "button",
                class: "chip",
                title: type,
                onclick: () => {
                    this.#text.setRangeText(`"${column}"`, this.#text.selectionStart, this.#text.selectionEnd, "end");
                    this.#text.focus();
                    void this.#checking.request();
                },
            },
            column,
        );
    }

    /** Whether the name and the text as they are now can be saved. */
    async #check(): Promise<void> {
        const name = this.#name.value.trim();
        const text = this.#text.value;
        this.#result.textContent = "";
        if (text.trim() === "") {
            this.#mark(undefined);
            return;
        }
        const nameError = this.#nameError(name);
        if (nameError !== undefined) {
            this.#mark(undefined, nameError);
            return;
        }
        try {
            const others = this.#host.others(this.#before ?? name);
            const { errors, expression_schema: types } = await this.#host.validate({ ...others, [name]: text });
            if (text !== this.#text.value || name !== this.#name.value.trim()) {
                return;
            }
            const error = errors[name];
            this.#mark(error);
            if (error === undefined) {
                this.#result.textContent = `The result is of type ${types[name] ?? "unknown"}.`;
            }
        } catch (error) {
            this.#mark(undefined, errorText(error));
        }
    }

    #nameError(name: string): string | undefined {
        if (name === "") {
            return "an expression needs a name";
        }
        return name !== this.#before && this.#host.names().includes(name)
            ? `there is a column “${name}” already`
            : undefined;
    }

    #mark(error: ExpressionError | undefined, other?: string): void {
        this.#error = error;
        const text = this.#text.value;
        const message =
            error === undefined
                ? other
                : `Line ${error.line + 1}, column ${error.column + 1}: ${error.error_message.trim()}`;
        this.#message.textContent = message ?? "";
        this.#message.hidden = message === undefined;
        this.#save.disabled = message !== undefined;
        setAttribute(this.#text, "aria-invalid", error === undefined ? undefined : "true");
        this.#marks.replaceChildren();
        if (error !== undefined) {
            const at = offsetOf(text, error.line, error.column);
            const rest = text.slice(at);
            const word = /^("[^"]*"|'[^']*'|[\w.]+|\S)/.exec(rest)?.[0] ?? " ";
            this.#marks.append(text.slice(0, at), make("mark", {}, word), rest.slice(word.length));
            this.#follow();
        }
    }

    #follow(): void {
        this.#marks.scrollTop = this.#text.scrollTop;
        this.#marks.scrollLeft = this.#text.scrollLeft;
    }

    #goToError(): void {
        if (this.#error !== undefined) {
            const at = offsetOf(this.#text.value, this.#error.line, this.#error.column);
            this.#text.focus();
            this.#text.setSelectionRange(at, at);
        }
    }

    async #submit(): Promise<void> {
        await this.#checking.request();
        if (this.#text.value.trim() === "") {
            this.#mark(undefined, "an expression needs a text");
            return;
        }
        if (this.#save.disabled) {
            this.#goToError();
            return;
        }
        this.element.close();
        this.#host.save(this.#before, this.#name.value.trim(), this.#text.value);
    }

    #delete(): void {
        this.element.close();
        if (this.#before !== undefined) {
            this.#host.remove(this.#before);
        }
    }
}
