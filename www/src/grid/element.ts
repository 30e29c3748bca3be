/**
 * `<sightline-table>`: a live table, as an element.
 *
 * It puts the parts together: a source of rows, the body that draws them, the bar above, the panel beside, charts in
 * the place of the body, and messages where the reader looks. Its attributes, methods, events, style variables and keys
 * are in docs/grid.md.
 */

import uplotCss from "uplot/dist/uPlot.min.css";
import type { Table } from "../client/table.js";
import type { ColumnType, Schema } from "../client/types.js";
import type { View } from "../client/view.js";
import { Body } from "./body.js";
import { Chart } from "./chart.js";
import { clickSort, EMPTY, type GridConfig, isSameView, restored, type ShowAs, withoutExpression } from "./config.js";
import { errorText, make, setAttribute } from "./dom.js";
import { CellEditor, type CellValidator } from "./editor.js";
import { ExpressionEditor } from "./expression_editor.js";
import { FilterRow } from "./filter_row.js";
import { formatter } from "./format.js";
import gridCss from "./grid.css";
import type { CellValue } from "./json_columns.js";
import { listen } from "./keys.js";
import { Messages } from "./messages.js";
import { Panel } from "./panel.js";
import { Source } from "./source.js";
import { Status } from "./status.js";
import { Toolbar } from "./toolbar.js";
import { copied, download, type ExportFormat, exported, toClipboard } from "./transfer.js";
import type { Area } from "./viewport.js";

const OBSERVED = ["theme", "toolbar", "label", "locale", "status"] as const;

export class SightlineTable extends HTMLElement {
    static readonly observedAttributes: readonly string[] = OBSERVED;

    /** A rule of the page for what may be typed into a cell: gives the reason why not, or undefined. */
    validator: CellValidator | undefined = undefined;

    readonly #body: Body;
    readonly #chart: Chart;
    readonly #editor: CellEditor;
    readonly #expressions: ExpressionEditor;
    readonly #filters: FilterRow;
    readonly #panel: Panel;
    readonly #toolbar: Toolbar;
    readonly #messages = new Messages();
    readonly #overlay: HTMLElement;
    readonly #status = new Status();
    #config: GridConfig = EMPTY;
    /** The config of the view that is shown, to go back to when another cannot be had. */
    #good: GridConfig = EMPTY;
    #table: Table | undefined;
    #schema: Schema = {};
    #source: Source | undefined;
    /** Counts openings: only the last one is shown. */
    #turn = 0;
    #isOpening = false;
    /** While a table is on its way. What is restored meanwhile is for that table. */
    #loading: Promise<void> | undefined;
    #unwatch: (() => Promise<void>) | undefined;

    constructor() {
        super();
        const root = this.attachShadow({ mode: "open", delegatesFocus: true });
        root.adoptedStyleSheets = [uplotCss, gridCss].map(styleSheet);
        const change = (config: GridConfig) => this.#change(config);
        this.#filters = new FilterRow({
            config: () => this.#config,
            typeOf: (column) => this.#typeOf(column),
            change,
            leave: () => this.#body.scroller.focus(),
        });
        this.#body = new Body({
            config: () => this.#config,
            locale: () => this.#locale,
            flashes: () => this.getAttribute("flash") !== "off",
            report: (error) => this.#report(error, "reading"),
            recovered: () => this.#messages.over("reading"),
            drawn: () => this.#drawn(),
            filterBox: (column) => this.#filters.box(column),
        });
        this.#editor = new CellEditor(this.#body, {
            isEditable: () => this.editable,
            validator: () => this.validator,
            edited: (detail) => this.#emit("sightline-edit", detail),
        });
        this.#chart = new Chart({
            label: (path) =>
                (path as readonly CellValue[])
                    .map((_, at) => this.#body.rowLabel((path as readonly CellValue[]).slice(0, at + 1)))
                    .join(" › ") || "Total",
            report: (error) => this.#report(error, "reading"),
            recovered: () => this.#messages.over("reading"),
            format: (column) => {
                const format =
                    column === undefined
                        ? formatter("float", { style: "compact" }, this.#locale)
                        : this.#body.formatterOf(column);
                return (value) => format(value);
            },
        });
        this.#expressions = new ExpressionEditor({
            columns: () => ({ ...this.#schema, ...this.#computed() }),
            names: () => [
                ...Object.keys(this.#schema),
                ...Object.keys(this.#config.expressions),
                ...Object.keys(this.#config.windows),
            ],
            others: (name) =>
                Object.fromEntries(Object.entries(this.#config.expressions).filter(([other]) => other !== name)),
            validate: async (expressions) => {
                if (this.#table === undefined) {
                    throw new Error("there is no table yet");
                }
                return await this.#table.validate_expressions(expressions);
            },
            save: (before, name, text) => this.#saveExpression(before, name, text),
            remove: (name) => this.#change(withoutExpression(this.#config, name)),
        });
        this.#panel = new Panel({
            config: () => this.#config,
            schema: () => this.#schema,
            computed: () => this.#computed(),
            change,
            editExpression: (name) =>
                this.#expressions.open(name, name === undefined ? "" : (this.#config.expressions[name] ?? "")),
            close: () => this.#change({ ...this.#config, panel: false }),
        });
        this.#toolbar = new Toolbar({
            config: () => this.#config,
            isGrouped: () => this.#config.group_by.length > 0,
            isSplit: () => this.#config.split_by.length > 0,
            toggle: (what) => this.#change({ ...this.#config, [what]: !this.#config[what] }),
            showAs: (what: ShowAs) => this.#change({ ...this.#config, show_as: what }),
            depth: (depth) => void this.#attempt(() => this.expandTo(depth)),
            copy: () => void this.#attempt(() => this.copy()),
            download: (format) => void this.#attempt(() => this.download(format)),
        });
        this.#overlay = make("div", { class: "overlay", hidden: true });
        root.append(
            make(
                "div",
                { class: "root" },
                this.#toolbar.element,
                this.#messages.element,
                make(
                    "div",
                    { class: "main" },
                    make(
                        "div",
                        { class: "stage" },
                        this.#body.scroller,
                        this.#overlay,
                        this.#editor.element,
                        this.#filters.message,
                        this.#chart.element,
                    ),
                    this.#panel.element,
                ),
                this.#status.element,
            ),
            this.#expressions.element,
        );
        listen(this.#body, {
            sort: (column, more) => this.#change({ ...this.#config, sort: clickSort(this.#config.sort, column, more) }),
            copy: () => void this.#attempt(() => this.copy()),
            edit: (typed) => this.#editor.open(typed),
            report: (error) => this.#report(error),
        });
        new ResizeObserver(() => {
            if (this.#source !== undefined) {
                void this.#body.redraw();
            }
        }).observe(this.#body.scroller);
    }

    connectedCallback(): void {
        for (const name of OBSERVED) {
            this.attributeChangedCallback(name);
        }
        this.#drawChrome();
        void this.#body.redraw();
        matchMedia("(prefers-color-scheme: dark)").addEventListener("change", this.#rethemed);
    }

    disconnectedCallback(): void {
        matchMedia("(prefers-color-scheme: dark)").removeEventListener("change", this.#rethemed);
    }

    readonly #rethemed = () => void this.#chart.retheme();

    attributeChangedCallback(name: string): void {
        switch (name) {
            case "theme": {
                const theme = this.getAttribute("theme");
                if (theme === "light" || theme === "dark" || theme === "auto") {
                    this.#config = { ...this.#config, theme };
                }
                this.#applyTheme();
                break;
            }
            case "toolbar":
                this.#toolbar.element.hidden = this.getAttribute("toolbar") === "none";
                break;
            case "status":
                this.#status.element.hidden = this.getAttribute("status") === "none";
                break;
            case "label":
                setAttribute(this.#body.scroller, "aria-label", this.getAttribute("label") ?? "Table");
                break;
            case "locale":
                void this.#body.restyle();
                break;
        }
    }

    // ---- what pages use ---------------------------------------------------------------------------------------------

    /** The table that is shown. */
    get table(): Table | undefined {
        return this.#table;
    }

    /** The view that is shown. It is the element's own: it is deleted when another takes its place. */
    get view(): View | undefined {
        return this.#source?.view;
    }

    /** Whether cells can be edited; also as an attribute. */
    get editable(): boolean {
        return this.hasAttribute("editable");
    }

    set editable(isEditable: boolean) {
        this.toggleAttribute("editable", isEditable);
    }

    /** The selected cells, from zero and with both ends included; undefined when only one cell is active. */
    get selection(): Area | undefined {
        return this.#body.selection;
    }

    /**
     * Shows a table. A config that was restored before the first table is used for it; a further table begins with a
     * config of its own, apart from the theme and what is open around the grid. `change` is restored on top of that.
     */
    async load(table: Table | Promise<Table>, change: Partial<GridConfig> = {}): Promise<void> {
        const loading = this.#load(table, change);
        this.#loading = loading;
        try {
            await loading;
        } finally {
            if (this.#loading === loading) {
                this.#loading = undefined;
            }
        }
    }

    async #load(table: Table | Promise<Table>, change: Partial<GridConfig>): Promise<void> {
        const turn = ++this.#turn;
        this.#busy(true);
        try {
            const given = await table;
            const schema = await given.schema();
            if (turn !== this.#turn) {
                return;
            }
            const { theme, panel, filter_row, show_as } = this.#config;
            const start = this.#table === undefined ? this.#config : { ...EMPTY, theme, panel, filter_row, show_as };
            const config = restored(start, change);
            this.#filters.forget();
            await this.#open(given, schema, config);
            await this.#watch(given);
            this.#emit("sightline-load", { table: given });
        } catch (error) {
            if (turn === this.#turn) {
                this.#report(error);
            }
            throw error;
        } finally {
            if (turn === this.#turn) {
                this.#busy(false);
            }
        }
    }

    /** Lets go of the table and deletes the view. The table itself stays. */
    async unload(): Promise<void> {
        this.#turn += 1;
        const source = this.#source;
        this.#source = undefined;
        this.#table = undefined;
        this.#schema = {};
        this.#config = { ...EMPTY, theme: this.#config.theme };
        this.#good = this.#config;
        await this.#unwatch?.();
        this.#unwatch = undefined;
        await this.#body.show(undefined);
        await this.#chart.show(undefined, "table");
        this.#drawChrome();
        await source?.close();
    }

    /** What is shown and how, as plain JSON. */
    save(): GridConfig {
        return structuredClone({ ...this.#config, widths: { ...this.#config.widths, ...this.#body.widths() } });
    }

    /** Takes a config, or part of one. What cannot be shown is refused, and the grid stays as it was. */
    async restore(change: Partial<GridConfig>): Promise<void> {
        while (this.#loading !== undefined) {
            await this.#loading.catch(() => undefined);
        }
        await this.#apply(restored(this.#config, change));
    }

    /** Reads and draws once more. */
    async redraw(): Promise<void> {
        await (this.#config.show_as === "table" ? this.#body.redraw() : this.#chart.redraw());
    }

    /** Copies the selection, or the active cell, and gives the text. */
    async copy(): Promise<string> {
        const source = this.#source;
        if (source === undefined) {
            return "";
        }
        const { active, selection } = this.#body;
        const area = selection ?? {
            firstRow: Math.max(0, active.row),
            lastRow: Math.max(0, active.row),
            firstColumn: active.column,
            lastColumn: active.column,
        };
        const text = await copied(source, area, (path) => this.#body.rowLabel(path));
        await toClipboard(text);
        this.#emit("sightline-copy", { text });
        return text;
    }

    /** The whole view as the bytes of a file. */
    async export(format: ExportFormat): Promise<Blob> {
        if (this.#source === undefined) {
            throw new Error("there is no table to export");
        }
        return await exported(this.#source.view, format);
    }

    /** Exports, and hands the file to the reader. */
    async download(format: ExportFormat, name?: string): Promise<void> {
        const blob = await this.export(format);
        const stem = name ?? (await this.#table?.get_name()) ?? "table";
        download(blob, stem.includes(".") ? stem : `${stem}.${format}`);
    }

    /** Opens groups down to a depth; 0 leaves only the first level in sight. */
    async expandTo(depth: number): Promise<void> {
        const most = this.#config.group_by.length;
        await this.#body.setDepth(Math.max(0, Math.min(depth, most)));
    }

    /** Brings a row, and a column if one is given, into sight and makes it the active cell. */
    async goTo(row: number, column = this.#body.active.column): Promise<void> {
        const last = (this.#source?.rows ?? 1) - 1;
        await this.#body.scrollToRow(Math.min(row, last));
        await this.#body.activate({ row: Math.min(Math.max(0, row), last), column });
    }

    // ---- config -----------------------------------------------------------------------------------------------------

    /** A change by the reader: what goes wrong is said in the element. */
    #change(config: GridConfig): void {
        if (this.#loading !== undefined && !isSameView(config, this.#config)) {
            // It is about columns of a table that is on its way out.
            return;
        }
        this.#apply(config).catch((error: unknown) => this.#report(error));
    }

    async #apply(config: GridConfig): Promise<void> {
        const before = this.#config;
        const widths = { ...config.widths, ...(before.widths === config.widths ? this.#body.widths() : {}) };
        this.#config = { ...config, widths };
        this.#applyTheme();
        if (this.#table === undefined) {
            this.#good = this.#config;
            this.#drawChrome();
            return;
        }
        this.#drawChrome();
        if (this.#source === undefined || this.#isOpening || !isSameView(this.#good, config)) {
            await this.#open(this.#table, this.#schema, this.#config);
        } else {
            this.#good = this.#config;
            await this.#show(this.#source, JSON.stringify(looks(before)) !== JSON.stringify(looks(config)));
        }
        this.#emit("sightline-config", { config: this.save() });
    }

    async #open(table: Table, schema: Schema, config: GridConfig): Promise<void> {
        const turn = ++this.#turn;
        this.#isOpening = true;
        this.#busy(true);
        let source: Source;
        try {
            source = await Source.open(table, schema, config);
        } catch (error) {
            if (turn === this.#turn) {
                this.#isOpening = false;
                this.#busy(false);
                this.#config = this.#good;
                this.#drawChrome();
                throw error;
            }
            return;
        }
        if (turn !== this.#turn) {
            await source.close();
            return;
        }
        const before = this.#source;
        this.#isOpening = false;
        this.#source = source;
        this.#table = table;
        this.#schema = schema;
        this.#config = config;
        this.#good = config;
        await source.subscribe(() => this.#updated(source));
        this.#messages.over("other");
        this.#busy(false);
        this.#applyTheme();
        this.#drawChrome();
        await this.#show(source, false);
        if (before !== undefined) {
            await before.close().catch(() => undefined);
        }
    }

    async #show(source: Source, restyle: boolean): Promise<void> {
        const kind = this.#config.show_as;
        const isTable = kind === "table";
        this.#body.scroller.inert = !isTable;
        await this.#chart.show(source, kind);
        if (!isTable && this.#body.source !== source) {
            // Drawn when the reader comes back to it.
            await this.#body.show(source);
        } else if (this.#body.source !== source) {
            await this.#body.show(source);
        } else if (isTable) {
            await (restyle ? this.#body.restyle() : this.#body.redraw());
        }
        this.#drawn();
    }

    #updated(source: Source): void {
        if (source === this.#source) {
            void this.redraw();
        }
    }

    #saveExpression(before: string | undefined, name: string, text: string): void {
        const config = this.#config;
        const rename = (names: readonly string[]) => names.map((other) => (other === before ? name : other));
        const renamed = <T>(record: Readonly<Record<string, T>>): Record<string, T> =>
            Object.fromEntries(Object.entries(record).map(([key, value]) => [key === before ? name : key, value]));
        const columns = config.columns === undefined ? undefined : rename(config.columns);
        const isNew = before === undefined;
        this.#change({
            ...config,
            columns: columns !== undefined && isNew ? [...columns, name] : columns,
            group_by: rename(config.group_by),
            split_by: rename(config.split_by),
            sort: config.sort.map(([column, direction]) => [column === before ? name : column, direction]),
            aggregates: renamed(config.aggregates),
            formats: renamed(config.formats),
            colours: renamed(config.colours),
            expressions: isNew
                ? { ...config.expressions, [name]: text }
                : { ...renamed(config.expressions), [name]: text },
        });
    }

    #computed(): Schema {
        const source = this.#source;
        const names = [...Object.keys(this.#config.expressions), ...Object.keys(this.#config.windows)];
        return Object.fromEntries(
            names.flatMap((name) => {
                const type = source?.groupTypes[name];
                return type === undefined ? [] : [[name, type] as const];
            }),
        );
    }

    #typeOf(column: string): ColumnType | undefined {
        return this.#schema[column] ?? this.#computed()[column];
    }

    get #locale(): string | undefined {
        return this.getAttribute("locale") ?? undefined;
    }

    // ---- what stands around the grid --------------------------------------------------------------------------------

    #applyTheme(): void {
        const { theme } = this.#config;
        if (this.dataset["theme"] !== theme) {
            this.dataset["theme"] = theme;
            void this.#chart.retheme();
        }
    }

    #drawChrome(): void {
        const { panel } = this.#config;
        this.#toolbar.draw();
        this.#filters.sync();
        this.#panel.element.hidden = !panel;
        if (panel) {
            this.#panel.draw();
        }
        this.#drawOverlay();
    }

    #drawn(): void {
        const { scroller, slice, selection, shift } = this.#body;
        scroller.toggleAttribute("data-anchored", shift !== 0);
        this.#status.draw(this.#source, slice, selection, this.#locale);
        this.#drawOverlay();
    }

    #drawOverlay(): void {
        const source = this.#source;
        const isTable = this.#config.show_as === "table";
        const isEmpty = source !== undefined && source.rows === 0 && isTable;
        const kind = isEmpty ? (this.#config.filter.length > 0 ? "filtered" : "empty") : "";
        this.#overlay.hidden = !isEmpty;
        if (this.#overlay.dataset["kind"] === kind) {
            return;
        }
        this.#overlay.dataset["kind"] = kind;
        this.#overlay.replaceChildren(
            ...(kind === "filtered"
                ? [
                      make("span", {}, "No row passes the filter."),
                      make(
                          "button",
                          { type: "button", onclick: () => this.#change({ ...this.#config, filter: [] }) },
                          "Clear the filter",
                      ),
                  ]
                : kind === "empty"
                  ? [make("span", {}, "No rows yet.")]
                  : []),
        );
    }

    #busy(isBusy: boolean): void {
        setAttribute(this.#body.scroller, "aria-busy", isBusy ? "true" : undefined);
    }

    // ---- what goes wrong --------------------------------------------------------------------------------------------

    async #watch(table: Table): Promise<void> {
        await this.#unwatch?.();
        const client = await table.get_client();
        const lost = await client.on_error((error) => {
            this.#messages.say(`The connection is lost: ${errorText(error)}. Trying again…`, "connection");
            this.#emit("sightline-error", { error });
        });
        const back = await client.on_reconnect(() => {
            this.#messages.over("connection");
            void this.redraw();
        });
        const gone = await table.on_delete(() => {
            if (table === this.#table) {
                this.#report(new Error("the table was deleted"));
            }
        });
        this.#unwatch = async () => {
            await Promise.allSettled([
                client.remove_callback(lost),
                client.remove_callback(back),
                table.remove_delete(gone),
            ]);
        };
    }

    async #attempt(act: () => Promise<unknown>): Promise<void> {
        try {
            await act();
        } catch (error) {
            this.#report(error);
        }
    }

    #report(error: unknown, by: "reading" | "other" = "other"): void {
        this.#messages.say(errorText(error), by);
        this.#emit("sightline-error", { error });
    }

    #emit(name: string, detail: unknown): void {
        this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
    }
}

/** Constructed rather than inline, so that a content security policy need not allow styles. */
function styleSheet(text: string): CSSStyleSheet {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(text);
    return sheet;
}

/** What makes the same cells look different. */
function looks({ formats, colours, widths, filter_row }: GridConfig): unknown {
    return { formats, colours, widths, filter_row };
}
