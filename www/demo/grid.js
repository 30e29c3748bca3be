// A view in a regular-table: only the cells in sight are asked for, and drawn again when the view changes.

import "regular-table";

const number = new Intl.NumberFormat(undefined, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const integer = new Intl.NumberFormat();
const day = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeZone: "UTC" });
const time = new Intl.DateTimeFormat(undefined, { dateStyle: "short", timeStyle: "medium" });

function shown(value, type) {
    if (value === null || value === undefined) {
        return "";
    }
    switch (type) {
        case "float":
            return number.format(value);
        case "integer":
            return integer.format(value);
        case "date":
            return day.format(value);
        case "datetime":
            return time.format(value);
        default:
            return String(value);
    }
}

export class Grid {
    #element;
    #view;
    #schema = {};
    #groups = [];
    #paths = [];
    #drawing;
    #fresh = false;
    #queued = false;
    /** Called with the name of a column whose header was clicked. */
    onsort = () => {};
    /** Called with whatever goes wrong while drawing. */
    onerror = () => {};
    /** Called with the number of rows after each drawing. */
    ondraw = () => {};
    sort = undefined;

    constructor(element) {
        this.#element = element;
        element.setDataListener((x0, y0, x1, y1) => this.#cells(x0, y0, x1, y1));
        element.addStyleListener(() => this.#style());
        element.addEventListener("mousedown", (event) => this.#click(event));
    }

    /** Shows a view in the place of the one before, which is deleted. */
    async show(view) {
        const before = this.#view;
        const [schema, config] = await Promise.all([view.schema(), view.get_config()]);
        this.#schema = schema;
        this.#groups = config.group_by;
        this.#view = view;
        this.#fresh = true;
        await view.on_update(() => this.#redraw());
        await this.#redraw();
        await before?.delete();
    }

    /** Draws once more. Requests that come while it is drawing make one further drawing. */
    #redraw() {
        this.#queued = true;
        this.#drawing ??= this.#draw().finally(() => {
            this.#drawing = undefined;
        });
        return this.#drawing;
    }

    async #draw() {
        try {
            while (this.#queued) {
                this.#queued = false;
                if (this.#fresh) {
                    this.#fresh = false;
                    this.#element.resetAutoSize();
                }
                await this.#element.draw();
            }
        } catch (error) {
            this.onerror(error);
        }
    }

    async #cells(x0, y0, x1, y1) {
        const view = this.#view;
        if (view === undefined) {
            return { num_rows: 0, num_columns: 0, data: [] };
        }
        try {
            const [{ num_view_rows, num_view_columns }, columns, names] = await Promise.all([
                view.dimensions(),
                view.to_columns({ start_row: y0, end_row: y1, start_col: x0, end_col: x1 }),
                view.column_paths({ start_col: x0, end_col: x1 }),
            ]);
            this.#paths = columns["__ROW_PATH__"] ?? [];
            this.ondraw(num_view_rows);
            return {
                num_rows: num_view_rows,
                num_columns: num_view_columns,
                column_headers: names.map((name) => name.split("|")),
                row_headers: this.#groups.length === 0 ? undefined : this.#paths.map((path) => [this.#label(path)]),
                data: names.map((name) => (columns[name] ?? []).map((value) => shown(value, this.#typeOf(name)))),
                metadata: names.map((name) => columns[name] ?? []),
            };
        } catch (error) {
            // The view was replaced while it was read: the new one is drawn next.
            if (view === this.#view) {
                this.onerror(error);
            }
            return { num_rows: 0, num_columns: 0, data: [] };
        }
    }

    #typeOf(path) {
        return this.#schema[path.slice(path.lastIndexOf("|") + 1)];
    }

    #label(path) {
        return path.length === 0 ? "Total" : shown(path.at(-1), undefined) || "(none)";
    }

    #style() {
        for (const header of this.#element.querySelectorAll("thead th")) {
            const meta = this.#element.getMeta(header);
            const path = meta?.column_header ?? [];
            // Above the names of the columns stand the values they are split by.
            const name = meta?.column_header_y === path.length - 1 ? path.at(-1) : undefined;
            header.classList.toggle("sortable", Boolean(name));
            header.classList.toggle("number", ["float", "integer"].includes(this.#schema[name]));
            const [sorted, direction] = this.sort ?? [];
            const isSorted = sorted !== undefined && sorted === name;
            header.classList.toggle("sorted", isSorted);
            header.dataset.direction = isSorted ? direction : "";
        }
        for (const cell of this.#element.querySelectorAll("tbody td")) {
            const { user, column_header: path } = this.#element.getMeta(cell) ?? {};
            const name = path?.at(-1);
            cell.classList.toggle("number", typeof user === "number");
            cell.classList.toggle("up", name === "change" && user > 0);
            cell.classList.toggle("down", name === "change" && user < 0);
        }
        for (const header of this.#element.querySelectorAll("tbody th")) {
            const meta = this.#element.getMeta(header);
            const path = meta === undefined ? undefined : this.#paths[meta.y - (meta.y0 ?? 0)];
            if (path !== undefined) {
                header.style.paddingLeft = `${12 + path.length * 16}px`;
                header.classList.toggle("group", path.length > 0 && path.length < this.#groups.length);
                header.classList.toggle("total", path.length === 0);
                header.dataset.twist = this.#twist(meta.y - (meta.y0 ?? 0));
            }
        }
    }

    #twist(row) {
        const depth = this.#paths[row].length;
        if (depth === 0 || depth >= this.#groups.length) {
            return "";
        }
        return (this.#paths[row + 1]?.length ?? 0) > depth ? "open" : "closed";
    }

    async #click(event) {
        const cell = event.target.closest("th");
        const meta = cell === null ? undefined : this.#element.getMeta(cell);
        if (meta === undefined || event.target.classList.contains("rt-column-resize")) {
            return;
        }
        if (cell.closest("thead") !== null) {
            if (cell.classList.contains("sortable")) {
                this.onsort(meta.column_header.at(-1));
            }
            return;
        }
        try {
            // A group that is open has nothing to expand: then it is closed.
            if (cell.classList.contains("group") && (await this.#view.expand(meta.y)) === 0) {
                await this.#view.collapse(meta.y);
            }
            await this.#redraw();
        } catch (error) {
            this.onerror(error);
        }
    }
}
