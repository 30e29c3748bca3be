// Tables: options, changes, ports, joins, tables of views.

import { ROWS, SALES, TYPED_SCHEMA, readArrow, typedTable } from "../fixtures.mjs";

const rowsOf = async (table, config) => (await table.view(config)).to_json();

export default {
  "tables: what a handle says": async ({ perspective, step }) => {
    const table = await perspective.table(ROWS, { index: "x", name: "handle" });
    await step("name", () => table.get_name());
    await step("index", () => table.get_index());
    await step("limit", () => table.get_limit());
    await step("client", async () => typeof (await table.get_client()).table);
    await step("size", () => table.size());
    await step("columns", () => table.columns());
    await step("schema", () => table.schema());
    await step("class", () => table.__getClassname());
    const limited = await perspective.table(ROWS, { limit: 2 });
    await step("limited index", () => limited.get_index());
    await step("limited limit", () => limited.get_limit());
    await step("generated name", async () => /^[a-zA-Z]{21}$/.test(await limited.get_name()));
    const opened = await (await table.get_client()).open_table("handle");
    await step("opened", async () => [await opened.get_name(), await opened.get_index(), await opened.get_limit()]);
    await step("delete", () => table.delete());
    await step("used after", () => opened.size());
  },
  "tables: index": async ({ perspective, step }) => {
    const table = await perspective.table(ROWS, { index: "x" });
    const view = await table.view();
    await table.update([{ x: 2, y: "changed" }]);
    await step("partial", () => view.to_json());
    await table.update({ x: [1, 9], z: [null, true] });
    await step("columns", () => view.to_json());
    await table.update([{ y: "no key" }]);
    await step("null key", () => view.to_json());
    await table.update([{ x: null, z: false }]);
    await step("null key again", () => view.to_json());
    await table.remove([1, 4, 77]);
    await step("removed", () => view.to_json());
    await table.remove([null]);
    await step("null removed", () => view.to_json());
    await table.replace([{ x: 5, y: "only" }]);
    await step("replaced", () => view.to_json());
    await table.clear();
    await step("cleared", () => view.to_json());
    await step("schema stays", () => table.schema());
    await table.update([{ x: 3, y: "b" }, { x: 3, z: true }, { x: 1, y: "a" }]);
    await step("merged", () => view.to_json());
  },
  "tables: string index and removal": async ({ perspective, step }) => {
    const table = await perspective.table({ k: ["b", "a", "c"], v: [1, 2, 3] }, { index: "k" });
    await step("rows", () => rowsOf(table));
    await step("remove", () => table.remove(["a", "zz"]));
    await step("left", () => rowsOf(table));
    await step("csv", () => table.remove("k\nb\n"));
    await step("columns", () => table.remove({ k: ["b"] }));
    await step("objects", () => table.remove([{ k: "b" }]));
    await step("json", () => table.remove('["c"]', { format: "json" }));
    await step("left in the end", () => rowsOf(table));
  },
  "tables: date and datetime index": async ({ perspective, step }) => {
    for (const type of ["date", "datetime"]) {
      const table = await perspective.table({ k: type, v: "integer" }, { index: "k" });
      await table.update([{ k: "2024-01-02", v: 1 }, { k: new Date(1704240000000), v: 2 }, { k: 1704153600000, v: 3 }]);
      await step(`${type} rows`, () => rowsOf(table));
      await step(`${type} remove`, () => table.remove([1704153600000]));
      await step(`${type} left`, () => rowsOf(table));
    }
  },
  "tables: __INDEX__": async ({ perspective, step }) => {
    const table = await perspective.table(ROWS);
    const view = await table.view();
    await step("update", () => table.update([{ __INDEX__: 1, y: "changed" }]));
    await step("rows", () => view.to_json());
    await step("columns", () => table.update({ __INDEX__: [0, 3], x: [100, 400] }));
    await step("rows again", () => view.to_json({ index: true, id: true }));
    const indexed = await perspective.table(ROWS, { index: "y" });
    await step("by key", () => indexed.update([{ __INDEX__: "b", x: 22 }]));
    await step("rows by key", () => rowsOf(indexed));
  },
  "tables: limit": async ({ perspective, step }) => {
    const table = await perspective.table({ a: "integer" }, { limit: 3 });
    await table.update({ a: [1, 2] });
    await step("two", () => rowsOf(table));
    await table.update({ a: [3, 4, 5] });
    await step("last three", () => rowsOf(table));
    await step("size", () => table.size());
    await table.update({ a: [6, 7, 8, 9, 10] });
    await step("more than fit", () => rowsOf(table));
    await table.clear();
    await step("cleared", () => table.size());
    await table.update({ a: [11] });
    await step("after", () => rowsOf(table));
    await table.replace({ a: [1, 2, 3, 4] });
    await step("replaced", () => rowsOf(table));
    const grouped = await table.view({ group_by: ["a"] });
    await step("grouped", () => grouped.to_json());
    await step("remove", () => table.remove([1]));
  },
  "tables: options": async ({ perspective, step }) => {
    await step("both", () => perspective.table({ a: "integer" }, { index: "a", limit: 2 }));
    await step("no such index", () => perspective.table({ a: [1] }, { index: "zz" }));
    await step("no such index in a schema", () => perspective.table({ a: "integer" }, { index: "zz" }));
    await step("boolean index", () => perspective.table({ a: [true] }, { index: "a" }));
    await step("null options", async () => (await perspective.table({ a: [1] }, null)).size());
    await step("null values", async () => (await perspective.table({ a: [1] }, { index: null, limit: null, name: null })).size());
    await step("undefined values", async () => (await perspective.table({ a: [1] }, { index: undefined })).size());
    await step("unknown option", async () => (await perspective.table({ a: [1] }, { indexx: "a" })).size());
    await step("limit zero", async () => (await perspective.table({ a: [1] }, { limit: 0 })).size());
    await step("page_to_disk", async () => (await perspective.table({ a: [1] }, { page_to_disk: true })).size());
    await step("same name", async () => {
      await perspective.table({ a: [1] }, { name: "options-same" });
      await perspective.table({ a: [2] }, { name: "options-same" });
    });
    await step("empty name", async () => (await perspective.table({ a: [1] }, { name: "" })).get_name());
  },
  "tables: ports": async ({ perspective, step }) => {
    const table = await perspective.table(ROWS);
    await step("first", () => table.make_port());
    await step("second", () => table.make_port());
    await step("update", () => table.update(ROWS, { port_id: 1 }));
    await step("null port", () => table.update(ROWS, { port_id: null }));
    await step("no port", () => table.update(ROWS, {}));
    await step("size", () => table.size());
  },
  "tables: delete": async ({ perspective, step }) => {
    const table = await perspective.table(ROWS);
    const view = await table.view();
    await step("with a view", () => table.delete());
    await step("still there", () => view.num_rows());
    await view.delete();
    const other = await perspective.table(ROWS);
    await step("without", () => other.delete());
  },
  "tables: lazy delete": async ({ freshClient, step }) => {
    const { client } = await freshClient();
    const table = await client.table(ROWS, { name: "lazy" });
    const view = await table.view();
    const log = [];
    await table.on_delete(() => log.push("table deleted"));
    const gone = table.delete({ lazy: true }).then(() => log.push("answered"));
    await step("names", () => client.get_hosted_table_names());
    await step("view still works", () => view.num_rows());
    await step("before", () => [...log]);
    await view.delete();
    await gone;
    await new Promise((done) => setTimeout(done, 20));
    await step("after", () => [...log].sort());
  },
  "tables: joins": async ({ perspective, step }) => {
    const left = await perspective.table([{ id: 1, a: "x" }, { id: 2, a: "y" }, { id: 3, a: "z" }], { index: "id", name: "join-left" });
    const right = await perspective.table([{ id: 2, b: 20 }, { id: 3, b: 30 }, { id: 4, b: 40 }], { index: "id", name: "join-right" });
    for (const join_type of [undefined, "inner", "left", "outer"]) {
      const joined = await perspective.join(left, right, "id", join_type === undefined ? undefined : { join_type });
      const view = await joined.view();
      await step(`${join_type} rows`, () => view.to_json());
      await step(`${join_type} schema`, () => joined.schema());
      await step(`${join_type} columns`, () => joined.columns());
      await step(`${join_type} index`, () => joined.get_index());
      await left.update([{ id: 4, a: "w" }]);
      await step(`${join_type} after update`, () => view.to_json());
      await left.remove([4]);
      await step(`${join_type} after remove`, () => view.to_json());
      await step(`${join_type} update`, () => joined.update([{ id: 1 }]));
      await view.delete();
      await joined.delete();
    }
    const named = await perspective.join("join-left", "join-right", "id", { name: "join-named", join_type: "inner" });
    await step("by name", () => rowsOf(named));
    await step("name", () => named.get_name());
    // A handle is gone after its delete, also when that fails: another one does it.
    const again = await (await left.get_client()).open_table("join-left");
    await step("delete a source", () => again.delete());
    await step("unknown left", () => perspective.join("nothing", "join-right", "id"));
    await step("unknown column", () => perspective.join("join-left", "join-right", "zz"));
    await step("unknown type", () => perspective.join("join-left", "join-right", "id", { join_type: "cross" }));
    const other = await perspective.table([{ key: 2, c: true }]);
    const on = await perspective.join(left, other, "id", { right_on: "key" });
    await step("right_on", () => rowsOf(on));
    const text = await perspective.table([{ id: "2" }, { id: "x" }]);
    await step("type mismatch", () => perspective.join(left, text, "id"));
    const clash = await perspective.table([{ id: 2, a: 1 }]);
    await step("clash", () => perspective.join(left, clash, "id"));
  },
  "tables: a table of a view": async ({ perspective, step }) => {
    const table = await perspective.table(SALES.map((row, id) => ({ id, ...row })), { index: "id" });
    const view = await table.view({ columns: ["id", "region", "sales"], filter: [["sales", ">", 30]] });
    const copy = await perspective.table(view);
    await step("rows", () => rowsOf(copy));
    await step("schema", () => copy.schema());
    await step("index", () => copy.get_index());
    const changed = new Promise((done) => copy.view().then((seen) => seen.on_update(done)));
    await new Promise((done) => setTimeout(done, 10));
    await table.update([{ id: 100, region: "South", sales: 500 }]);
    await changed;
    await step("follows", () => rowsOf(copy));
    const grouped = await table.view({ group_by: ["region"], columns: ["sales"] });
    const ofGroups = await perspective.table(grouped);
    await step("of groups", () => rowsOf(ofGroups));
    await step("of groups schema", () => ofGroups.schema());
    const named = await perspective.table(view, { name: "view-copy", index: "region" });
    await step("own index", async () => [await named.get_name(), await named.get_index(), await rowsOf(named)]);
  },
  "tables: a view of another table": async ({ perspective, step }) => {
    const table = await perspective.table(ROWS);
    await step("a table is no data", () => perspective.table(table));
    const view = await table.view({ filter: [["x", ">", 2]] });
    const second = await perspective.table({ x: "integer", y: "string", z: "boolean" });
    await step("update by a view", () => second.update(view));
    await step("rows", () => rowsOf(second));
  },
  "tables: hosted": async ({ freshClient, step }) => {
    const { client, connect } = await freshClient();
    await step("none", () => client.get_hosted_table_names());
    let told = 0;
    const id = await client.on_hosted_tables_update(() => {
      told += 1;
    });
    await step("id", () => typeof id);
    const table = await client.table(ROWS, { name: "hosted-a" });
    await client.table(ROWS, { name: "hosted-b", index: "x" });
    await step("two", async () => (await client.get_hosted_table_names()).sort());
    const other = await connect();
    await step("from another client", async () => (await other.get_hosted_table_names()).sort());
    const opened = await other.open_table("hosted-b");
    await step("opened", async () => [await opened.get_index(), await opened.size()]);
    await step("unknown", () => other.open_table("nothing"));
    await table.delete();
    await step("told", () => told);
    await client.remove_hosted_tables_update(id);
    await client.table(ROWS, { name: "hosted-c" });
    await step("told no more", () => told);
    await step("removed twice", () => client.remove_hosted_tables_update(id));
  },
  "tables: concurrent": async ({ perspective, step }) => {
    const tables = await Promise.all(Array.from({ length: 20 }, (_, k) => perspective.table([{ a: k }])));
    await step("sizes", () => Promise.all(tables.map((table) => table.size())));
    const [table] = tables;
    const views = await Promise.all(Array.from({ length: 10 }, () => table.view()));
    await Promise.all(Array.from({ length: 50 }, (_, k) => table.update([{ a: k }])));
    await step("rows", () => Promise.all(views.map((view) => view.num_rows())));
    await Promise.all(views.map((view) => view.delete()));
    await step("deleted", () => table.delete());
  },
  "tables: made and deleted many times": async ({ freshClient, step }) => {
    const { client } = await freshClient();
    for (let k = 0; k < 200; k++) {
      const table = await client.table(ROWS, { name: "again" });
      const view = await table.view({ group_by: ["y"] });
      await view.to_json();
      await view.delete();
      await table.delete();
    }
    await step("names", () => client.get_hosted_table_names());
  },
  "tables: validate_expressions": async ({ perspective, step }) => {
    const table = await typedTable(perspective);
    const texts = {
      good: '"i" + "f"',
      text: "upper(\"s\")",
      unknown: '"zz" + 1',
      broken: '"i" +',
      types: 'upper("i")',
      i: "1",
      empty: "",
      name: "foo",
    };
    await step("object", () => table.validate_expressions(texts));
    await step("list", () => table.validate_expressions(['"i" + 1', "// named\n\"f\" * 2"]));
    await step("none", () => table.validate_expressions({}));
    await step("no list", () => table.validate_expressions([]));
  },
  "tables: schema of every type": async ({ perspective, step }) => {
    const table = await perspective.table(TYPED_SCHEMA);
    await step("schema", () => table.schema());
    await step("columns", () => table.columns());
    await step("size", () => table.size());
    await step("empty", () => rowsOf(table));
    const view = await table.view();
    await step("view schema", () => view.schema());
    await step("columns", () => view.to_columns());
    await step("csv", () => view.to_csv());
    await step("arrow", async () => readArrow(perspective, await view.to_arrow()));
    await step("grouped", () => rowsOf(table, { group_by: ["s"] }));
    await step("split", () => rowsOf(table, { split_by: ["s"] }));
    await step("min max", () => view.get_min_max("i"));
  },
};
