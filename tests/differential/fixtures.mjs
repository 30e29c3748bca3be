// Data that many scenarios use.

export const ROWS = [
  { x: 1, y: "a", z: true },
  { x: 2, y: "b", z: false },
  { x: 3, y: "c", z: true },
  { x: 4, y: "d", z: false },
];

export const TYPED_SCHEMA = { i: "integer", f: "float", s: "string", b: "boolean", d: "date", t: "datetime" };

/** Every type, with nulls. */
export const TYPED = {
  i: [1, 2, null, 4, 5, 5],
  f: [1.5, null, 2.25, -3.75, 0, 100000],
  s: ["x", "y", "x", null, "z", "y"],
  b: [true, false, null, true, false, true],
  d: ["2024-01-02", "2024-01-03", null, "2024-02-29", "2024-01-02", "2023-12-31"],
  t: [1704164645000, 1704164645123, 1704200000500, null, 500, 1704164645000],
};

export const SALES = [
  { region: "East", product: "pen", year: 2022, sales: 10, profit: 1.5 },
  { region: "East", product: "ink", year: 2022, sales: 20, profit: 2.5 },
  { region: "West", product: "pen", year: 2023, sales: 30, profit: -1.5 },
  { region: "West", product: "pad", year: 2022, sales: 40, profit: 4.0 },
  { region: "East", product: "pen", year: 2023, sales: 50, profit: 0.5 },
  { region: "North", product: "ink", year: 2023, sales: 60, profit: 6.25 },
  { region: "West", product: "ink", year: 2023, sales: 70, profit: -7.0 },
  { region: "North", product: "pad", year: 2022, sales: 80, profit: 8.0 },
];

/**
 * A table with every type. It is made of data, not of a schema and an update: the reference has two kinds of null, and
 * of these the one that a constructor makes sorts as ours does.
 */
export async function typedTable(perspective, options) {
  const times = TYPED.t.map((time) => time && new Date(time));
  return await perspective.table({ ...TYPED, t: times }, options);
}

/** What a view shows, in every text form. */
export async function lookAt(step, label, view, window) {
  await step(`${label} columns`, () => view.to_columns_string(window));
  await step(`${label} rows`, () => view.to_json_string(window));
  await step(`${label} csv`, () => view.to_csv(window));
}

/** An arrow stream, as rows and types of a table made of it. */
export async function readArrow(perspective, arrow) {
  const table = await perspective.table(arrow);
  const view = await table.view();
  return { columns: await table.columns(), schema: await table.schema(), rows: await view.to_json() };
}

/** What `with_typed_arrays` hands out, read before its callback ends, codes of texts as the texts they stand for. */
export async function typed(view, window = null) {
  let seen;
  const given = await view.with_typed_arrays(window, (...handed) => {
    const [names, values, validities, words] = handed;
    const valid = (column, row) => {
      const bits = validities[column] ?? null;
      return bits === null || ((bits[row >> 3] >> (row & 7)) & 1) === 1;
    };
    seen = {
      handed: handed.length,
      names: [...names],
      kinds: values.map((array) => array.constructor.name),
      read: values.map((array, column) =>
        [...array].map((value, row) => (valid(column, row) ? (words[column]?.[value] ?? value) : null)),
      ),
      validities: validities.map((bits) => bits && [...bits]),
    };
    return "given back";
  });
  return { seen, given };
}
