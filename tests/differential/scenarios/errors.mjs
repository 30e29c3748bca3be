// What is refused, and with which words.

import { SALES } from "../fixtures.mjs";

const badConfigs = {
  "unknown field": { group: ["region"] },
  "unknown column": { columns: ["zz"] },
  "unknown group": { group_by: ["zz"] },
  "unknown split": { split_by: ["zz"] },
  "unknown sort": { sort: [["zz", "asc"]] },
  "unknown filter": { filter: [["zz", "==", 1]] },
  "unknown filter text": { filter: [["zz", "==", "1"]] },
  "unknown aggregate column": { group_by: ["region"], aggregates: { zz: "sum" } },
  "unknown aggregate": { group_by: ["region"], aggregates: { sales: "zz" } },
  "aggregate of text": { group_by: ["region"], columns: ["product"], aggregates: { product: "sum" } },
  "unknown order": { sort: [["sales", "upwards"]] },
  "unknown operator": { filter: [["sales", "zz", 1]] },
  "filter without operand": { filter: [["sales", "=="]] },
  "filter of one": { filter: [["sales"]] },
  "filter of four": { filter: [["sales", "==", 1, 2]] },
  "filter object": { filter: [{ column: "sales" }] },
  "filter operand object": { filter: [["sales", "==", {}]] },
  "sort of one": { sort: [["sales"]] },
  "sort text": { sort: ["sales"] },
  "group text": { group_by: "region" },
  "group number": { group_by: [1] },
  "columns text": { columns: "sales" },
  "columns number": { columns: [5] },
  "aggregates list": { aggregates: ["sum"] },
  "aggregate number": { aggregates: { sales: 5 } },
  "depth text": { group_by_depth: "1" },
  "negative depth": { group_by_depth: -1 },
  "fractional depth": { group_by_depth: 1.5 },
  "unknown filter_op": { filter_op: "xor" },
  "unknown rollup": { group_rollup_mode: "zz" },
  "unknown split rollup": { split_rollup_mode: "zz" },
  "doubled group": { group_by: ["region", "region"] },
  "expression of a column's name": { expressions: { sales: "1" } },
  "broken expression": { expressions: { e: '"sales" +' } },
  "expression of unknown column": { expressions: { e: '"zz"' } },
  "weighted mean without columns": { group_by: ["region"], aggregates: { sales: ["weighted mean", []] } },
  "weighted mean of unknown": { group_by: ["region"], aggregates: { sales: ["weighted mean", ["zz"]] } },
  "weighted mean text": { group_by: ["region"], columns: ["sales"], aggregates: { sales: "weighted mean" } },
  "aggregate in a list": { group_by: ["region"], columns: ["sales"], aggregates: { sales: ["sum"] } },
  "window without column": { windows: { w: { aggregate: "sum" } } },
  "window without aggregate": { windows: { w: { column: "sales" } } },
  "window of unknown": { windows: { w: { column: "zz", aggregate: "sum" } } },
  "window unknown op": { windows: { w: { column: "sales", aggregate: "zz" } } },
  "window two frames": { windows: { w: { column: "sales", aggregate: "sum", rows: 1, range: 2 } } },
  "window range without order": { windows: { w: { column: "sales", aggregate: "sum", range: 2 } } },
  "window name of a column": { windows: { sales: { column: "sales", aggregate: "sum" } } },
  "window unknown field": { windows: { w: { column: "sales", aggregate: "sum", zz: 1 } } },
  "window ema without alpha": { windows: { w: { column: "sales", aggregate: "ema" } } },
  "window list": { windows: [] },
  "null fields": { group_by: null, split_by: null, columns: null, filter: null, sort: null, aggregates: null, expressions: null, windows: null },
  "undefined fields": { group_by: undefined, columns: undefined },
  "list": [],
  "number": 5,
  "text": "x",
  "null": null,
};

const ROWS = [{ a: 1 }];

const scenarios = {};
for (const [name, config] of Object.entries(badConfigs)) {
  scenarios[`errors: config with ${name}`] = async ({ perspective, step }) => {
    const table = await perspective.table(SALES);
    await step("view", async () => {
      const view = await table.view(config);
      return [await view.to_columns(), await view.get_config()];
    });
  };
}
const badData = {
  undefined: undefined, null: null, number: 3, boolean: true, mixed: { a: [1], b: 2 }, "unknown type": { a: "foo" }, "object of numbers": { a: 1 },
  "list of numbers": [1, 2], "list of lists": [[1, 2]], "list of null": [null], "bad arrow": new Uint8Array([1, 2, 3]), "no bytes": new Uint8Array(),
  date: new Date(0), function: () => 1, symbol: Symbol("x"),
};
scenarios["errors: data"] = async ({ perspective, step }) => {
  const table = await perspective.table(SALES);
  for (const [name, data] of Object.entries(badData)) {
    await step(`table of ${name}`, async () => (await perspective.table(data)).size());
    await step(`update with ${name}`, () => table.update(data));
    await step(`replace with ${name}`, () => table.replace(data));
    await step(`remove with ${name}`, () => table.remove(data));
  }
  await step("update with a schema", () => table.update({ sales: "integer" }));
  await step("unknown format", () => perspective.table("a", { format: "zz" }));
  await step("unknown update format", () => table.update("a", { format: "zz" }));
  await step("bad utf-8", () => perspective.table(new Uint8Array([255, 254]), { format: "csv" }));
  await step("rows still there", () => table.size());
};
const calls = {
    "table name number": ({ perspective, table, view }) => perspective.table(ROWS, { name: 5 }),
    "table limit text": ({ perspective, table, view }) => perspective.table(ROWS, { limit: "5" }),
    "table limit negative": ({ perspective, table, view }) => perspective.table(ROWS, { limit: -1 }),
    "table limit fraction": ({ perspective, table, view }) => perspective.table(ROWS, { limit: 1.5 }),
    "table index number": ({ perspective, table, view }) => perspective.table(ROWS, { index: 1 }),
    "table options text": ({ perspective, table, view }) => perspective.table(ROWS, "index"),
    "table options number": ({ perspective, table, view }) => perspective.table(ROWS, 5),
    "table list_flatten": ({ perspective, table, view }) => perspective.table(ROWS, { list_flatten: "zz" }),
    "update port text": ({ perspective, table, view }) => table.update(ROWS, { port_id: "1" }),
    "update options number": ({ perspective, table, view }) => table.update(ROWS, 5),
    "delete options": ({ perspective, table, view }) => table.delete({ lazy: "yes" }),
    "min max of nothing": ({ perspective, table, view }) => view.get_min_max(),
    "min max of number": ({ perspective, table, view }) => view.get_min_max(5),
    "expand of text": ({ perspective, table, view }) => view.expand("1"),
    "expand of nothing": ({ perspective, table, view }) => view.expand(),
    "depth of text": ({ perspective, table, view }) => view.set_depth("1"),
    "remove nothing": ({ perspective, table, view }) => table.remove(),
    "validate nothing": ({ perspective, table, view }) => table.validate_expressions(),
    "validate number": ({ perspective, table, view }) => table.validate_expressions(5),
    "window text": ({ perspective, table, view }) => view.to_json("x"),
    "window number": ({ perspective, table, view }) => view.to_json(5),
    "open nothing": async ({ perspective, table, view }) => (await table.get_client()).open_table("nothing-here"),
    "on_delete of nothing": ({ perspective, table, view }) => table.on_delete(),
};
// A scenario each, since some of them end the reference's process.
for (const [name, call] of Object.entries(calls)) {
  scenarios[`errors: option ${name}`] = async ({ perspective, step }) => {
    const table = await perspective.table(ROWS);
    const view = await table.view();
    await step("call", async () => typeof (await call({ perspective, table, view })));
  };
}
scenarios["errors: removing from tables without an index"] = async ({ perspective, step }) => {
  const table = await perspective.table(SALES);
  await step("remove", () => table.remove([1]));
  await step("remove nothing", () => table.remove([]));
  await step("size", () => table.size());
};
scenarios["errors: a failed update changes nothing"] = async ({ perspective, step }) => {
  const table = await perspective.table({ id: "integer", d: "date" }, { index: "id" });
  await table.update([{ id: 1, d: "2024-01-02" }]);
  await step("update", () => table.update([{ id: 2, d: "2024-01-03" }, { id: 3, d: "soon" }]));
  await step("rows", async () => (await table.view()).to_json());
};
scenarios["errors: are Errors"] = async ({ perspective, step }) => {
  for (const call of [() => perspective.table(), () => perspective.table({ a: [1] }, { index: "zz" })]) {
    await step("kind", async () => {
      try {
        await call();
      } catch (error) {
        return [error instanceof Error, error.name, Object.prototype.toString.call(error)];
      }
    });
  }
};
export default scenarios;
