// View configurations of every kind, on one table.

import { SALES, lookAt, typed, typedTable } from "../fixtures.mjs";

const AGGREGATES = [
  "abs sum", "and", "any", "avg", "count", "distinct count", "distinct leaf", "dominant", "first by index", "last by index",
  "last minus first", "last", "high", "join", "low", "high minus low", "mean", "median", "mul", "or", "pct sum parent",
  "pct sum grand total", "q1", "q3", "stddev", "sum", "sum abs", "sum not null", "unique", "unique count", "var",
  "first", "max", "min", "count not null", "last by index", "variance",
];

const configs = {
  "default": {},
  "columns": { columns: ["sales", "region"] },
  "no columns": { columns: [] },
  "null columns": { columns: ["sales", null, "region"] },
  "doubled column": { columns: ["sales", "sales"] },
  "group": { group_by: ["region"] },
  "group by two": { group_by: ["region", "product"], columns: ["sales"] },
  "group by three": { group_by: ["region", "product", "year"], columns: ["sales", "profit"] },
  "group and no columns": { group_by: ["region"], columns: [] },
  "group by the measure": { group_by: ["year"], columns: ["year", "sales"] },
  "split": { split_by: ["region"], columns: ["sales"] },
  "split by two": { split_by: ["region", "year"], columns: ["sales", "profit"] },
  "group and split": { group_by: ["region"], split_by: ["year"], columns: ["sales", "profit"] },
  "group two split two": { group_by: ["region", "product"], split_by: ["year", "product"], columns: ["sales"] },
  "group and split by the same": { group_by: ["region"], split_by: ["region"], columns: ["sales"] },
  "split and no columns": { split_by: ["region"], columns: [] },
  "sort": { sort: [["sales", "desc"]] },
  "sort by two": { sort: [["region", "asc"], ["profit", "desc"]] },
  "sort abs": { sort: [["profit", "asc abs"]] },
  "sort desc abs": { sort: [["profit", "desc abs"]] },
  "sort by a hidden column": { columns: ["region"], sort: [["sales", "desc"]] },
  "sort none": { sort: [["sales", "none"]] },
  "sort groups": { group_by: ["region"], columns: ["sales"], sort: [["sales", "desc"]] },
  "sort groups by name": { group_by: ["region"], columns: ["sales"], sort: [["region", "desc"]] },
  "sort groups by a hidden column": { group_by: ["region", "product"], columns: ["sales"], sort: [["profit", "asc"]] },
  "sort columns": { group_by: ["product"], split_by: ["region"], columns: ["sales"], sort: [["sales", "col desc"]] },
  "sort columns ascending": { split_by: ["region"], columns: ["sales"], sort: [["sales", "col asc"]] },
  "sort both": {
    group_by: ["product"], split_by: ["region"], columns: ["sales"], sort: [["sales", "col desc abs"], ["sales", "asc"]],
  },
  "sort split by a hidden column": { group_by: ["product"], split_by: ["region"], columns: ["sales"], sort: [["profit", "desc"]] },
  "depth one": { group_by: ["region", "product"], columns: ["sales"], group_by_depth: 1 },
  "depth zero": { group_by: ["region", "product"], columns: ["sales"], group_by_depth: 0 },
  "rollup flat": { group_by: ["region", "product"], columns: ["sales"], group_rollup_mode: "flat" },
  "rollup flat sorted": { group_by: ["region"], columns: ["sales"], group_rollup_mode: "flat", sort: [["sales", "desc"]] },
  "rollup total": { columns: ["sales", "profit"], group_rollup_mode: "total" },
  "rollup total split": { split_by: ["region"], columns: ["sales"], group_rollup_mode: "total" },
  "split rollup": { group_by: ["product"], split_by: ["region", "year"], columns: ["sales"], split_rollup_mode: "rollup" },
  "filter": { filter: [["sales", ">", 30]] },
  "filter and": { filter: [["sales", ">", 30], ["region", "==", "West"]] },
  "filter or": { filter: [["sales", ">", 70], ["region", "==", "East"]], filter_op: "or" },
  "filter everything away": { group_by: ["region"], columns: ["sales"], filter: [["sales", ">", 1000]] },
  "expression": { expressions: { double: '"sales" * 2' }, columns: ["double", "sales"] },
  "expression list": { expressions: ['"sales" * 2', "// named\n\"profit\" + 1"], columns: ['"sales" * 2', "named"] },
  "expression everywhere": {
    expressions: { big: '"sales" > 40', key: 'concat("region", \'-\', "product")' },
    group_by: ["key"], split_by: ["big"], columns: ["sales"], filter: [["key", "contains", "e"]], sort: [["sales", "desc"]],
  },
  "expression without columns": { expressions: { double: '"sales" * 2' } },
  "expression grouped": { expressions: { double: '"sales" * 2' }, group_by: ["region"], columns: ["double"], aggregates: { double: "max" } },
  "weighted mean": { group_by: ["region"], columns: ["sales"], aggregates: { sales: ["weighted mean", ["profit"]] } },
  "max by": { group_by: ["region"], columns: ["product"], aggregates: { product: ["max by", ["sales"]] } },
  "min by": { group_by: ["region"], columns: ["product"], aggregates: { product: ["min by", ["sales"]] } },
  "window cumulative": { windows: { running: { column: "sales", aggregate: "sum", cumulative: true } }, columns: ["sales", "running"] },
  "window rows": { windows: { moving: { column: "sales", aggregate: "avg", rows: 2 } }, columns: ["sales", "moving"] },
  "window partition": {
    windows: { rank: { column: "sales", aggregate: "rank", partition_by: ["region"], order_by: ["sales", "desc"] } },
    columns: ["region", "sales", "rank"],
  },
  "window lag": { windows: { before: { column: "sales", aggregate: "lag", offset: 1, order_by: ["sales", "asc"] } }, columns: ["before"] },
  "window ema": { windows: { smooth: { column: "sales", aggregate: "ema", alpha: 0.5 } }, columns: ["smooth"] },
  "window range": { windows: { near: { column: "sales", aggregate: "sum", range: 20, order_by: ["sales", "asc"] } }, columns: ["sales", "near"] },
  "window grouped": { windows: { running: { column: "sales", aggregate: "sum", cumulative: true } }, group_by: ["region"], columns: ["running"] },
};

const scenarios = {};
for (const [name, config] of Object.entries(configs)) {
  scenarios[`config: ${name}`] = async ({ perspective, step }) => {
    const table = await perspective.table(SALES);
    const handle = {};
    await step("view", async () => {
      handle.view = await table.view(config);
    });
    const { view } = handle;
    if (view === undefined) return;
    await lookAt(step, "all", view);
    // The keys under a group come in no order that one could rely on.
    await step("ids", async () => (await view.to_json({ id: true, index: true })).map(({ __INDEX__: keys, ...row }) => [row, keys?.sort()]));
    await step("schema", () => view.schema());
    await step("expression_schema", () => view.expression_schema());
    await step("get_config", () => view.get_config());
    await step("dimensions", () => view.dimensions());
    await step("num_rows", () => view.num_rows());
    await step("num_columns", () => view.num_columns());
    await step("column_paths", () => view.column_paths());
    await step("ndjson", () => view.to_ndjson());
    await step("min max", () => view.get_min_max("sales"));
    await step("typed", () => typed(view));
    await table.update([{ region: "South", product: "pen", year: 2024, sales: 5, profit: 0.25 }]);
    await step("updated", () => view.to_columns_string());
    await step("updated dimensions", () => view.dimensions());
  };
}

scenarios["config: every aggregate"] = async ({ perspective, step }) => {
  const table = await typedTable(perspective);
  for (const column of ["i", "f", "s", "b", "d", "t"]) {
    for (const name of AGGREGATES) {
      await step(`${name} of ${column}`, async () => {
        const view = await table.view({ group_by: ["s"], columns: [column], aggregates: { [column]: name } });
        const answer = { schema: await view.schema(), columns: await view.to_columns(), config: (await view.get_config()).aggregates };
        await view.delete();
        return answer;
      });
    }
  }
};
scenarios["config: every filter"] = async ({ perspective, step }) => {
  const table = await typedTable(perspective);
  const operands = {
    i: [2, 5, "5", 1.5, null], f: [1.5, 0, "x", null], s: ["x", "", "Y", null], b: [true, false, "true", null],
    d: ["2024-01-02", "01/03/2024", new Date(1704240000000), 1704240000000, "soon", null],
    t: ["2024-01-02", "2024-01-02 03:04:05", new Date(1704164645000), 1704164645123, "soon", null],
  };
  for (const [column, values] of Object.entries(operands)) {
    for (const op of ["==", "!=", ">", ">=", "<", "<=", "begins with", "ends with", "contains", "not contains", "matches", "in", "not in"]) {
      for (const value of [...values, values.slice(0, 2)]) {
        await step(`${column} ${op} ${JSON.stringify(value)}`, async () => {
          const view = await table.view({ columns: [column], filter: [[column, op, value]] });
          const answer = [await view.to_columns(), (await view.get_config()).filter];
          await view.delete();
          return answer;
        });
      }
    }
    for (const op of ["is null", "is not null"]) {
      await step(`${column} ${op}`, async () => (await table.view({ columns: [column], filter: [[column, op]] })).to_columns());
    }
  }
};
scenarios["config: every sort of every type"] = async ({ perspective, step }) => {
  const table = await perspective.table({
    i: [3, 1, 2, -5], f: [0.5, -2.5, 1.5, 0], s: ["b", "a", "B", ""], b: [true, false, true, false],
    d: ["2024-01-02", "2023-01-02", "2024-01-01", "2020-01-01"], t: [4000, 1000, 3000, 2000],
  });
  for (const column of ["i", "f", "s", "b", "d", "t"]) {
    for (const order of ["none", "asc", "desc", "asc abs", "desc abs", "col asc", "col desc"]) {
      await step(`${column} ${order}`, async () => (await table.view({ columns: [column], sort: [[column, order]] })).to_columns());
      await step(`${column} ${order} grouped`, async () =>
        (await table.view({ group_by: ["i"], columns: [column], sort: [[column, order]] })).to_columns());
    }
  }
};
scenarios["config: tree"] = async ({ perspective, step }) => {
  const table = await perspective.table(SALES);
  const view = await table.view({ group_by: ["region", "product"], columns: ["sales"], group_by_depth: 1 });
  const paths = async () => (await view.to_columns()).__ROW_PATH__;
  for (const [act, row] of [
    ["expand", 1], ["expand", 1], ["collapse", 1], ["expand", 3], ["collapse", 0], ["collapse", 0], ["expand", 0],
    ["expand", 99], ["set_depth", 0], ["set_depth", 1], ["set_depth", 2], ["set_depth", 7], ["expand", 2.7], ["collapse", -1],
  ]) {
    await step(`${act} ${row}`, async () => [await view[act](row), await paths(), await view.dimensions()]);
  }
  const flat = await table.view();
  await step("flat expand", () => flat.expand(0));
  await step("flat collapse", () => flat.collapse(0));
  await step("flat depth", () => flat.set_depth(1));
};
scenarios["config: given again as it was told"] = async ({ perspective, step }) => {
  const table = await perspective.table(SALES);
  for (const config of [configs.default, configs["group and split"], configs["filter or"], configs["expression everywhere"], configs["max by"]]) {
    const view = await table.view(config);
    await step(JSON.stringify(config), async () => {
      const told = await view.get_config();
      const again = await table.view(told);
      return [await again.to_columns(), await again.get_config()];
    });
  }
};
export default scenarios;
