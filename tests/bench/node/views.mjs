/** Sightline and Perspective in Node: one API, so one module. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const MODULES = {
    sightline: new URL("../../../www/dist/node.js", import.meta.url).href,
    perspective: "@perspective-dev/client/node",
};
const require = createRequire(import.meta.url);
const VERSIONS = {
    sightline: () => require("../../../www/package.json").version,
    perspective: () => require("@perspective-dev/client/package.json").version,
};
const TEXT = { csv: "csv", rows: "json", columns: "columns" };

export async function open(name) {
    const module = await import(MODULES[name]);
    const api = module.default ?? module;
    return new Views(api.table ? api : module, VERSIONS[name]());
}

class Views {
    #opened = [];

    constructor(api, version) {
        this.api = api;
        this.version = version;
    }

    async prepare(bytes) {
        this.rows = await this.api.table(buffer(bytes));
    }

    async start() {
        const table = await this.api.table([{ a: 1 }]);
        return [await table.size(), () => table.delete()];
    }

    async close() {
        for (const view of this.#opened.splice(0)) await view.delete();
    }

    config(query) {
        const config = { columns: query.columns };
        for (const key of ["group_by", "split_by", "filter", "sort"]) if (query[key].length) config[key] = query[key];
        if (Object.keys(query.expressions).length) config.expressions = query.expressions;
        if (query.group_by.length) config.aggregates = query.aggregates;
        return config;
    }

    async #digest(query, view) {
        const { __ROW_PATH__: paths, ...columns } = await view.to_columns({ start_row: 0, end_row: query.first });
        const values = Object.values(columns);
        const rows = (values[0] ?? []).map((_, row) => values.map((column) => column[row]));
        if (paths === undefined) return rows;
        const full = paths.map((path, row) => [path, rows[row]]).filter(([path]) => path.length === query.group_by.length);
        return Object.fromEntries(full.map(([path, row]) => [path.join("|"), row]));
    }

    Query(query) {
        return async () => {
            const view = await this.rows.view(this.config(query));
            return [await this.#digest(query, view), () => view.delete()];
        };
    }

    Load(load, { path }) {
        const bytes = readFileSync(path);
        const data = TEXT[load.form] ? bytes.toString() : buffer(bytes);
        const options = TEXT[load.form] ? { format: TEXT[load.form] } : {};
        if (load.index) options.index = load.index;
        return async () => {
            const table = await this.api.table(data, options);
            return [await table.size(), () => table.delete()];
        };
    }

    async begin(task) {
        if (task.kind === "Query" || task.kind === "Load") return;
        const grouped = { group_by: ["symbol", "venue"], columns: ["qty", "price"], aggregates: { price: "avg" } };
        const config = task.kind === "Stream" ? this.config(task.query) : task.form === "window" ? grouped : {};
        this.view = await this.rows.view(config);
        this.#opened.push(this.view);
        if (task.kind === "Stream") await this.view.on_update(() => this.heard?.(), { mode: "row" });
    }

    Stream(stream, { path }) {
        const batch = buffer(readFileSync(path));
        return async () => {
            const heard = new Promise((resolve) => {
                this.heard = resolve;
            });
            await this.rows.update(batch);
            await heard;
            await this.view.to_columns({ start_row: 0, end_row: stream.query.first });
            return [1];
        };
    }

    Output(output) {
        const window = { start_row: 0, end_row: output.rows ?? 1e9 };
        return {
            arrow: async () => [(await this.view.to_arrow()).byteLength > 0],
            csv: async () => [(await this.view.to_csv(window)).split("\n").length - 2],
            columns: async () => [(await this.view.to_columns_string(window)).length > 0],
            window: async () => [(await this.view.to_columns_string({ start_row: 100, end_row: 200 })).length > 0],
        }[output.form];
    }
}

/** An ArrayBuffer with just these bytes, which an engine may take over. */
function buffer(bytes) {
    return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
}
