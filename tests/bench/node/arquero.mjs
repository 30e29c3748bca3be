/** Arquero: column tables in plain JavaScript. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { desc, escape, from, fromArrow, fromCSV, fromJSON, op } from "arquero";

const AGGREGATES = { sum: op.sum, avg: op.mean, "distinct count": op.distinct };

export async function open() {
    return new Arquero();
}

class Arquero {
    version = createRequire(import.meta.url)("arquero/package.json").version;

    async prepare(bytes) {
        this.rows = fromArrow(bytes);
    }

    async start() {
        return [from([{ a: 1 }]).numRows()];
    }

    Query(query) {
        // No pivot keeps the order of columns; its median is the mean of the middle two.
        if (query.split_by.length || Object.values(query.aggregates).includes("median")) return undefined;
        return async () => {
            let table = this.rows;
            for (const [column, operator, value] of query.filter)
                table = table.filter(escape((row) => (operator === "==" ? row[column] === value : row[column] > value)));
            if (query.expressions.value) table = table.derive({ value: (row) => row.price * row.qty });
            const depth = query.group_by.length;
            if (depth) {
                const values = query.columns.map((name) => [name, AGGREGATES[query.aggregates[name]](name)]);
                table = table.groupby(...query.group_by).rollup(Object.fromEntries(values));
                if (!query.sort.length) table = table.orderby(...query.group_by);
            } else table = table.select(query.columns);
            for (const [column, direction] of query.sort) table = table.orderby(direction === "desc" ? desc(column) : column);
            const rows = table.objects({ limit: query.first }).map((row) => Object.values(row).map(plain));
            if (!depth) return [rows];
            return [Object.fromEntries(rows.map((row) => [row.slice(0, depth).join("|"), row.slice(depth)]))];
        };
    }

    Load(load, { path }) {
        if (load.index || load.form === "columns") return undefined;
        const bytes = readFileSync(path);
        const make = {
            csv: () => fromCSV(bytes.toString()),
            rows: () => from(JSON.parse(bytes.toString())),
            columns: () => fromJSON(bytes.toString()),
        };
        return async () => [(make[load.form]?.() ?? fromArrow(bytes)).numRows()];
    }
}

/** Values as the other engines give them. */
function plain(value) {
    return value instanceof Date ? value.getTime() : typeof value === "bigint" ? Number(value) : value;
}
