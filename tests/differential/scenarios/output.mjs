// What views give out: windows of rows and columns, and every format.

import { SALES, readArrow, typed, typedTable } from "../fixtures.mjs";

const windows = [
  undefined, null, {}, { start_row: 1 }, { end_row: 2 }, { start_row: 1, end_row: 3 }, { start_row: 2, end_row: 2 }, { start_row: 3, end_row: 1 },
  { start_row: 100 }, { end_row: 100 }, { start_row: -1, end_row: 2 }, { start_row: 0.5, end_row: 1.5 }, { start_col: 1 }, { end_col: 1 },
  { start_col: 1, end_col: 2 }, { end_col: 0 }, { start_col: 9 }, { start_col: 2, end_col: 1 }, { id: true }, { index: true }, { formatted: true },
  { id: true, index: true, formatted: true, start_row: 0, end_row: 2 }, { id: false, index: false }, { start_row: 0, end_row: 0 },
  { leaves_only: true }, { unknown: 1 }, { start_row: null }, { start_row: undefined }, { start_row: "1" }, { id: 1 }, { formatted: "yes" },
];
const views = {
  flat: {},
  grouped: { group_by: ["d", "s"], columns: ["i", "f", "s"] },
  split: { split_by: ["b"], columns: ["i", "f"] },
  both: { group_by: ["t"], split_by: ["s", "d"], columns: ["i", "f"] },
  filtered: { filter: [["i", ">", 3]], sort: [["f", "desc"]] },
};

const scenarios = {};
for (const [kind, config] of Object.entries(views)) {
  scenarios[`output: windows of a ${kind} view`] = async ({ perspective, step }) => {
    const table = await typedTable(perspective);
    const view = await table.view(config);
    for (const window of windows) {
      const label = window === undefined ? "none" : JSON.stringify(window, (_, value) => (value === undefined ? "undefined" : value));
      await step(`columns ${label}`, () => view.to_columns_string(window));
      await step(`rows ${label}`, () => view.to_json_string(window));
      await step(`csv ${label}`, () => view.to_csv(window));
      await step(`arrow ${label}`, async () => {
        const arrow = await view.to_arrow(window);
        // The reference may never come back from making a table of no columns or no rows.
        const seen = Object.values(await view.to_columns(window));
        return seen.length === 0 || seen[0].length === 0 ? "nothing" : await readArrow(perspective, arrow);
      });
      // Asked for paths of no column, the reference may never answer.
      if ((window?.start_col ?? 1) < 2) await step(`paths ${label}`, () => view.column_paths(window));
      await step(`to_columns ${label}`, () => view.to_columns(window));
      await step(`to_json ${label}`, () => view.to_json(window));
    }
  };
  scenarios[`output: typed arrays of a ${kind} view`] = async ({ perspective, step }) => {
    const table = await typedTable(perspective);
    const view = await table.view(config);
    for (const window of [undefined, null, {}, { float32: true }, { start_row: 1, end_row: 3 }, { start_col: 1, end_col: 2 }, { start_row: 9 }]) {
      await step(`typed ${JSON.stringify(window)}`, () => typed(view, window));
    }
    await step("an async callback", () => view.with_typed_arrays(null, async () => 5));
    await step("a callback that throws", () => view.with_typed_arrays(null, () => { throw new Error("thrown"); }));
    await step("a callback that rejects", () => view.with_typed_arrays(null, async () => { throw new Error("rejected"); }));
  };
}

scenarios["output: formats of values"] = async ({ perspective, step }) => {
  const table = await perspective.table({
    f: [1.0, 0.1, 1e21, 1e-7, -0.5, 123456789.123, 5e-324, 1.7976931348623157e308],
    s: ["", " ", '"', ",", "\n", "\t", "ä☃😀", "\\"],
  });
  const view = await table.view();
  await step("columns", () => view.to_columns_string());
  await step("csv", () => view.to_csv());
  await step("ndjson", () => view.to_ndjson());
  const grouped = await table.view({ group_by: ["f"], columns: ["s"] });
  await step("grouped", () => grouped.to_columns_string());
  const split = await table.view({ split_by: ["f"], columns: ["s"] });
  await step("split", () => split.column_paths());
  const bySplit = await table.view({ split_by: ["s"], columns: ["f"] });
  await step("split by text", () => bySplit.column_paths());
};
scenarios["output: compression"] = async ({ perspective, step }) => {
  const table = await perspective.table(SALES);
  const view = await table.view();
  for (const compression of [undefined, null, "lz4", "zstd", "", "gzip", 5]) {
    await step(`${compression}`, async () => (await readArrow(perspective, await view.to_arrow({ compression }))).rows.length);
  }
};
scenarios["output: legacy row path names"] = async ({ perspective, step }) => {
  const table = await perspective.table(SALES);
  const view = await table.view({ group_by: ["region", "year"], columns: ["sales"] });
  for (const emit_legacy_row_path_names of [undefined, true, false]) {
    await step(`${emit_legacy_row_path_names} arrow`, async () =>
      (await readArrow(perspective, await view.to_arrow({ emit_legacy_row_path_names }))).columns);
    await step(`${emit_legacy_row_path_names} csv`, async () => (await view.to_csv({ emit_legacy_row_path_names })).split("\n")[0]);
    await step(`${emit_legacy_row_path_names} columns`, async () => Object.keys(await view.to_columns({ emit_legacy_row_path_names })));
  }
};
scenarios["output: min and max"] = async ({ perspective, step }) => {
  const table = await typedTable(perspective);
  for (const config of [{}, { group_by: ["s"] }, { split_by: ["b"], columns: ["i", "f"] }, { filter: [["i", ">", 100]] }]) {
    const view = await table.view(config);
    for (const column of ["i", "f", "s", "b", "t", "d", "zz"]) {
      await step(`${JSON.stringify(config)} ${column}`, () => view.get_min_max(column));
    }
  }
};
scenarios["output: of a deleted view"] = async ({ perspective, step }) => {
  const table = await perspective.table(SALES);
  const view = await table.view();
  const { client } = { client: await table.get_client() };
  const again = client.__unsafe_open_view(view.__unsafe_get_name());
  await step("by id", () => again.num_rows());
  await view.delete();
  for (const method of ["to_json", "to_columns", "to_csv", "to_arrow", "num_rows", "dimensions", "schema", "get_config", "column_paths", "to_ndjson"]) {
    await step(method, () => again[method]());
  }
  await step("expand", () => again.expand(0));
  await step("set_depth", () => again.set_depth(0));
  await step("get_min_max", () => again.get_min_max("sales"));
  await step("delete", () => again.delete());
};
scenarios["output: dates formatted"] = async ({ perspective, step }) => {
  const table = await typedTable(perspective);
  for (const config of [{}, { group_by: ["d"] , columns: ["t"] }, { group_by: ["t"], columns: ["d"], aggregates: { d: "max" } }]) {
    const view = await table.view(config);
    await step(`${JSON.stringify(config)} columns`, () => view.to_columns({ formatted: true }));
    await step(`${JSON.stringify(config)} rows`, () => view.to_json({ formatted: true }));
    await step(`${JSON.stringify(config)} plain`, () => view.to_json());
  }
};
export default scenarios;
