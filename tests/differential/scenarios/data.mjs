// What tables can be made of and updated with.

import { ROWS, TYPED, TYPED_SCHEMA, lookAt, readArrow, typedTable } from "../fixtures.mjs";

/** Makes a table of the data and shows what it became. */
const made = (data, options) => async ({ perspective, step }) => {
  let handle;
  await step("table", async () => {
    handle = await perspective.table(typeof data === "function" ? data() : data, options);
  });
  if (handle === undefined) return;
  await step("schema", () => handle.schema());
  await step("names", () => handle.columns());
  await step("size", () => handle.size());
  const view = await handle.view();
  await step("rows", () => view.to_json());
  await step("csv", () => view.to_csv());
};

const sources = {
  "rows": ROWS,
  "rows with missing keys": [{ a: 1 }, { b: "x" }, { a: 3, b: "y", c: true }],
  "rows with undefined": [{ a: 1, b: undefined }, { a: 2, b: "x" }],
  "columns": { x: [1, 2, 3], y: ["a", "b", "c"] },
  "columns of different lengths": { x: [1, 2, 3], y: ["a"] },
  "columns with null": { x: [null, 2, 3], y: ["a", null, "c"] },
  "floats": [{ a: 1.5 }, { a: 2 }],
  "whole floats": [{ a: 1.0 }, { a: 2.0 }],
  "integers then floats": [{ a: 1 }, { a: 2.5 }],
  "booleans": [{ a: true }, { a: false }, { a: null }],
  "boolean strings": [{ a: "true" }, { a: "false" }],
  "Date objects": () => [{ a: new Date(1704164645123) }, { a: new Date(0) }, { a: null }],
  "Date columns": () => ({ a: [new Date(1704164645123), new Date(0)], b: [1, 2] }),
  "Date at midnight": () => [{ a: new Date(2024, 0, 2) }],
  "an invalid Date": () => [{ a: new Date("nonsense") }, { a: new Date(0) }],
  "date strings": [{ a: "2024-01-02" }, { a: "2024-02-29" }],
  "US date strings": [{ a: "01/02/2024" }, { a: "12/31/2024" }],
  "ISO datetime strings": [{ a: "2024-01-02T03:04:05.678Z" }, { a: "2024-01-02T03:04:05" }],
  "datetime strings with offsets": [{ a: "2024-01-02T03:04:05+02:00" }, { a: "2024-01-02 03:04:05-05:00" }],
  "numeric strings": [{ a: "1" }, { a: "2" }],
  "float strings": [{ a: "1.5" }, { a: "2" }],
  "strings": [{ a: "" }, { a: " x " }, { a: "äé☃😀" }, { a: 'q"uote' }, { a: "a,b" }, { a: "line\nline" }],
  "all null": [{ a: null }, { a: null }],
  "nested objects": [{ a: { b: 1, c: { d: "x" } } }, { a: { b: 2 } }],
  "arrays": [{ a: 1, l: [1, 2] }, { a: 2, l: [3] }],
  "empty rows": [],
  "empty object": {},
  "empty columns": { a: [], b: [] },
  "odd names": { "a b": [1], "ä|ö": [2], "": [3], "constructor": [4], "__proto": [5] },
  "typed arrays": () => ({ a: new Float64Array([1.5, 2.5]), b: new Int32Array([1, 2]) }),
  "BigInt": () => [{ a: 12n }],
  "NaN and Infinity": [{ a: Number.NaN }, { a: Number.POSITIVE_INFINITY }, { a: 1.5 }],
  "negative zero": [{ a: -0.5 }, { a: -0 }],
  "large floats": [{ a: 1e21 }, { a: 1e-7 }, { a: 123456789.125 }],
  "small integers": [{ a: -2147483648 }, { a: 2147483647 }],
  "schema": TYPED_SCHEMA,
  "schema of one": { a: "integer" },
};
const texts = {
  "csv": ["a,b,c\n1,x,1.5\n2,y,2.5\n"],
  "csv without a last line end": ["a,b\n1,2\n3,4"],
  "csv with CRLF": ["a,b\r\n1,2\r\n3,4\r\n"],
  "csv quotes": ['a,b\n"x,y","q""q"\n"line\nline",z\n'],
  "csv empty cells": ["a,b,c\n1,,x\n,2.5,\n"],
  "csv dates": ["d,t\n2024-01-02,2024-01-02 03:04:05\n2024-02-29,2024-02-29T12:00:00.5\n"],
  "csv booleans": ["a\ntrue\nfalse\n"],
  "csv header only": ["a,b\n"],
  "csv big integers": ["a\n9007199254740993\n1\n"],
  "csv unicode": ["ä,b\nü,☃\n"],
  "csv mixed": ["a\n1\nx\n"],
  "csv one column": ["a\n1\n\n3\n"],
  "csv spaces": ["a, b\n1, 2\n"],
  "empty text": [""],
  "json text": ['[{"a":1,"b":"x"},{"a":2}]', { format: "json" }],
  "columns text": ['{"a":[1,2],"b":["x",null]}', { format: "columns" }],
  "ndjson text": ['{"a":1,"b":"x"}\n{"a":2,"b":"y"}\n', { format: "ndjson" }],
  "ndjson of different keys": ['{"a":1}\n{"b":2.5}', { format: "ndjson" }],
  "csv text with format": ["a,b\n1,2", { format: "csv" }],
  "json text without format": ['[{"a":1}]'],
  "broken json": ['[{"a":1', { format: "json" }],
  "broken columns": ['{"a":[1', { format: "columns" }],
  "columns text that is rows": ['[{"a":1}]', { format: "columns" }],
  "rows text that is columns": ['{"a":[1]}', { format: "json" }],
  "ragged csv": ["a,b\n1\n"],
};

const scenarios = {};
for (const [name, data] of Object.entries(sources)) scenarios[`data: table of ${name}`] = made(data);
for (const [name, [text, options]] of Object.entries(texts)) scenarios[`data: table of ${name}`] = made(text, options);
for (const [name, bytes, options] of [
  ["csv bytes", new TextEncoder().encode("a,b\n1,x\n"), { format: "csv" }],
  ["json bytes", new TextEncoder().encode('[{"a":1}]'), { format: "json" }],
  ["csv in an ArrayBuffer", new TextEncoder().encode("a,b\n1,x\n").buffer, { format: "csv" }],
  ["a part of a buffer", new TextEncoder().encode("??a,b\n1,x\n??").subarray(2, 10), { format: "csv" }],
]) {
  scenarios[`data: table of ${name}`] = made(bytes, options);
}
for (const flatten of ["zip", "cartesian", "stringify"]) {
  const rows = [
    { id: 1, l: [1, 2], m: ["x", "y"] },
    { id: 2, l: [], m: null },
  ];
  scenarios[`data: lists flattened by ${flatten}`] = made(rows, { list_flatten: flatten });
}

/** An update into a table of every type, which may be refused. */
const updates = {
  "row of strings": [{ i: "7", f: "2.5", s: "n", b: "true", d: "2024-05-06", t: "2024-05-06 07:08:09" }],
  "row of numbers": [{ i: 7, f: 2, s: 12, b: 1, d: 1704164645000, t: 1704164645000 }],
  "row of dates": [{ d: new Date(1704164645123), t: new Date(1704164645123) }],
  "fractions": [{ i: 3.9 }, { i: -3.9 }],
  "float into string": [{ s: 1.5 }, { s: true }],
  "text into integer": [{ i: "abc" }],
  "boolean into integer": [{ i: true }],
  "text into boolean": [{ b: "maybe" }],
  "text into date": [{ d: "soon" }],
  "text into datetime": [{ t: "soon" }],
  "nulls": [{ i: null, f: null, s: null, b: null, d: null, t: null }],
  "unknown column": [{ i: 9, unknown: "x" }],
  "partial columns": { i: [7, 8], s: ["p", "q"] },
  "csv": "i,f,s,b,d,t\n7,1.5,x,true,2024-01-02,2024-01-02 03:04:05\n",
  "csv partial": "s,i\nn,9\n",
  "empty rows": [],
  "empty row": [{}],
  "date strings of many kinds": [{ d: "2024/03/04" }, { d: "03/04/2024" }, { t: "2024-03-04" }, { t: "2024-03-04T05:06" }],
};
for (const [name, data] of Object.entries(updates)) {
  scenarios[`data: update with ${name}`] = async ({ perspective, step }) => {
    const table = await perspective.table(TYPED_SCHEMA);
    const view = await table.view();
    await step("update", () => table.update(data));
    await step("size", () => table.size());
    await step("rows", () => view.to_json());
  };
}

scenarios["data: arrow goes round"] = async ({ perspective, step }) => {
  const table = await typedTable(perspective);
  const view = await table.view();
  const arrow = await step("arrow", () => view.to_arrow());
  await step("from ArrayBuffer", () => readArrow(perspective, arrow));
  await step("from Uint8Array", () => readArrow(perspective, new Uint8Array(arrow)));
  const padded = new Uint8Array(arrow.byteLength + 16);
  padded.set(new Uint8Array(arrow), 8);
  await step("from a part of a buffer", () => readArrow(perspective, padded.subarray(8, 8 + arrow.byteLength)));
  await step("detached?", () => arrow.byteLength > 0);
  await step("update", async () => {
    await table.update(arrow);
    return await view.to_json();
  });
  for (const compression of ["lz4", "zstd"]) {
    await step(compression, async () => await readArrow(perspective, await view.to_arrow({ compression })));
  }
};
scenarios["data: arrow as update and remove of an indexed table"] = async ({ perspective, step }) => {
  const table = await perspective.table({ id: "integer", v: "string" }, { index: "id" });
  await table.update([{ id: 1, v: "a" }, { id: 2, v: "b" }, { id: 3, v: "c" }]);
  const source = await perspective.table([{ id: 2, v: "B" }, { id: 4, v: "D" }]);
  const arrow = await (await source.view()).to_arrow();
  const view = await table.view();
  await table.update(arrow);
  await step("updated", () => view.to_json());
  const keys = await (await source.view({ columns: ["id"] })).to_arrow();
  await step("remove", () => table.remove(keys, { format: "arrow" }));
  await step("removed", () => view.to_json());
  await step("replace", () => table.replace(arrow));
  await step("replaced", () => view.to_json());
};
scenarios["data: a subclass of Array and frozen data"] = async ({ perspective, step }) => {
  class Rows extends Array {}
  const rows = Rows.from([{ a: 1 }, { a: 2 }]);
  const table = await perspective.table(Object.freeze(rows));
  await step("rows", async () => (await table.view()).to_json());
};
scenarios["data: objects with a toJSON"] = async ({ perspective, step }) => {
  const table = await perspective.table([{ a: { toJSON: () => 5 } }, { a: 6 }]);
  await step("rows", async () => (await table.view()).to_json());
};
scenarios["data: every type"] = async ({ perspective, step }) => {
  for (const options of [undefined, { index: "i" }, { index: "s" }, { index: "d" }, { index: "t" }, { index: "f" }, { limit: 4 }]) {
    const table = await typedTable(perspective, options);
    const label = JSON.stringify(options ?? null);
    await step(`${label} size`, () => table.size());
    await lookAt(step, label, await table.view());
  }
  const table = await perspective.table(TYPED);
  await step("inferred", () => table.schema());
};
export default scenarios;
