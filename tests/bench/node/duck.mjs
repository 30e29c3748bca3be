/** DuckDB compiled to WebAssembly, by its blocking interface. The run sends the SQL of a query along. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

export async function open() {
    const duckdb = require("@duckdb/duckdb-wasm/dist/duckdb-node-blocking.cjs");
    const dist = require.resolve("@duckdb/duckdb-wasm/dist/duckdb-eh.wasm");
    const bundles = { mvp: { mainModule: dist, mainWorker: "" }, eh: { mainModule: dist, mainWorker: "" } };
    const db = await duckdb.createDuckDB(bundles, new duckdb.VoidLogger(), duckdb.NODE_RUNTIME);
    await db.instantiate(() => {});
    return new Duck(db);
}

class Duck {
    constructor(db) {
        this.db = db;
        this.version = db.getVersion();
        this.connection = db.connect();
    }

    async prepare(bytes) {
        this.connection.insertArrowFromIPCStream(bytes, { name: "trades" });
    }

    async start() {
        const connection = this.db.connect();
        connection.query("select 1");
        return [1, () => connection.close()];
    }

    #rows(sql, query) {
        const table = this.connection.query(sql).slice(0, query.first);
        const rows = table.toArray().map((row) => [...row.toArray()].map(plain));
        const depth = query.group_by.length;
        if (!depth) return rows;
        return Object.fromEntries(rows.map((row) => [row.slice(0, depth).join("|"), row.slice(depth)]));
    }

    Query(query, { sql }) {
        return async () => [this.#rows(sql, query)];
    }

    Load(load, { path }) {
        if (load.index || (load.form !== "dictionary" && load.form !== "plain")) return undefined;
        const bytes = readFileSync(path);
        return async () => {
            this.connection.insertArrowFromIPCStream(bytes, { name: "loaded" });
            const count = this.connection.query("select count(*) as n from loaded").get(0).n;
            return [Number(count), () => this.connection.query("drop table loaded")];
        };
    }

    Stream(stream, { sql, path }) {
        const bytes = readFileSync(path);
        return async () => {
            this.connection.insertArrowFromIPCStream(bytes, { name: "batch" });
            this.connection.query("insert into trades select * from batch");
            this.connection.query("drop table batch");
            this.#rows(sql, stream.query);
            return [1];
        };
    }
}

/** Values as the other engines give them. */
function plain(value) {
    if (value instanceof Date) return value.getTime();
    // A 128-bit sum comes as its four words.
    if (value instanceof Uint32Array) return value.reduceRight((sum, word) => sum * 2 ** 32 + word, 0);
    return typeof value === "bigint" ? Number(value) : value;
}
