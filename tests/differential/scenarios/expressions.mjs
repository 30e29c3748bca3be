// Expressions: every function, over columns of every type.

import { typedTable } from "../fixtures.mjs";

const texts = [
  '"i" + "f"', '"i" - 1', '"i" * "i"', '"i" / 2', '"f" % 2', '"f" ^ 2', '-"f"', '+"i"', "1 + 2 * 3", "2 ^ 3 ^ 2", "10 / 0",
  '"i" == 5', '"i" != 5', '"i" > 1 and "f" < 3', '"i" > 1 or "b"', 'not("b")', '"i" = 5', '"i" <> 5', '"b" xor true', '"b" nand true',
  '"i" > 2 ? 1 : 2', 'if ("i" > 2) 1; else 2;', 'if ("i" > 2) { 1 } else { 2 }', 'if ("i" > 2, 1, 2)',
  'if ("i" > 4) 1; else if ("i" > 1) 2; else 3;', 'switch { case "i" > 4 : 1; case "i" > 1 : 2; default : 3; }',
  'var a := 2; a * "i"', 'var a := "i" + 1; var b := a * 2; b - a', 'var v[2] := {1, 2}; v[0] + v[1]',
  'for (var k := 0; k < 3; k += 1) { k }', 'var s := 0; for (var k := 0; k < 4; k += 1) { s += k }; s', "var k := 0; while (k < 5) { k += 1 }; k",
  'abs("f")', 'ceil("f")', 'floor("f")', 'round("f")', 'trunc("f")', 'frac("f")', 'exp("f")', 'expm1("f")', 'log("f")', 'log10("f")',
  'log1p("f")', 'log2("f")', 'logn("f", 3)', 'pow("f", 2)', 'root("f", 3)', 'sqrt("f")', 'sgn("f")', 'min("f", 1, 2)', 'max("f", 1, 2)',
  'sum("f", 1, 2)', 'avg("f", 1, 2)', 'mul("f", 1, 2)', 'clamp(0, "f", 2)', 'iclamp(0, "f", 2)', 'inrange(0, "f", 2)',
  'percent_of("f", 100)', 'erf("f")', 'sin("f")', 'cos("f")', 'tan("f")', 'asin("f")', 'acos("f")', 'atan("f")', 'sinh("f")', 'cosh("f")',
  'tanh("f")', 'deg2rad("f")', 'rad2deg("f")', 'atan2("f", 1)', 'sqrt("i")', 'abs("i")', 'min("i", 2)', 'exp("i")', "pi", "epsilon", "inf",
  'integer("f")', 'integer("s")', "integer('12.7')", 'integer("b")', 'integer("t")', 'float("i")', "float('1.5')", 'float("b")', 'string("i")', 'string("f")',
  'string("b")', 'string("d")', 'string("t")', 'boolean("i")', 'boolean("s")', 'boolean("f")', "date(2024, 2, 3)", "date(2024, 13, 1)",
  'datetime(1704164645000)', 'datetime("f")', 'hour_of_day("t")', 'day_of_week("t")', 'month_of_year("t")', 'day_of_week("d")', 'month_of_year("d")',
  'hour_of_day("d")', 'bucket("f", 2)', 'bucket("i", 3)', "bucket(\"t\", 's')", "bucket(\"t\", 'm')", "bucket(\"t\", 'h')", "bucket(\"t\", 'D')",
  "bucket(\"t\", 'W')", "bucket(\"t\", 'M')", "bucket(\"t\", 'Y')", "bucket(\"d\", 'W')", "bucket(\"d\", 'M')", "bucket(\"d\", 'Y')", "bucket(\"t\", 'x')",
  'upper("s")', 'lower("s")', 'length("s")', "concat(\"s\", '-', \"s\")", "contains(\"s\", 'x')", "order(\"s\", 'z', 'x')", "intern('abc')",
  "search(\"s\", '(x)')", "match(\"s\", 'x')", "match_all(\"s\", 'x')", "fullmatch(\"s\", 'x')", 'substring("s", 0, 1)', 'substring("s", 1)', "replace(\"s\", 'x', 'q')",
  "replace_all(\"s\", '[xy]', 'q')", "var v[2]; indexof('abc123', '([0-9]+)', v)", "var v[2]; indexof('abc123', '([0-9]+)', v); v[0]",
  'index()', "col('i')", "vlookup('s', index())", 'is_null("i")', 'is_not_null("i")', 'coalesce("s", \'none\')', 'coalesce("f", 0)', "random() < 2",
  "'text'", "'it\\'s'", "'back\\\\slash'", "true", "false", "1.5", "1e3", ".5", '"s" == \'x\'', '"s" > \'x\'', '"d" == date(2024, 1, 2)', '"t" > datetime(0)',
  "today() > date(2020, 1, 1)", "now() > datetime(0)", '"i" + "s"', '"s" + 1', "'a' + 'b'", 'upper("i")', 'foo("i")', '"zz" + 1', "1 +", "(1", "1)", "",
  "// comment only", "1 // after", "/* x */ 1", "# x\n1", '"i" & "b"', '"i" && "b"', '!"b"', '"i" == null', "null", 'return "i"', '"s" in (\'x\')', "x := 1",
  'repeat 1 until true', '"i"', '"s"', '"d"', '"t"', '"b"', '"f" == 0', 'swap("i", "f")', 'var x := "s"; x', "~{1; 2}", "[*] {case true : 3;}", "1; 2; 3",
  '"d" + 1', '"t" - "t"', 'min("d", "d")', 'max("s", "s")', 'if ("b") \'yes\'; else \'no\';', 'if ("b") "d"; else "d";', 'if ("b") 1; else \'x\';',
];

const scenarios = {};
for (const text of texts) {
  scenarios[`expressions: ${text}`] = async ({ perspective, step }) => {
    const table = await typedTable(perspective);
    await step("validate", async () => {
      const { expression_schema, errors } = await table.validate_expressions({ e: text });
      return { expression_schema, errors };
    });
    await step("values", async () => {
      const view = await table.view({ expressions: { e: text }, columns: ["e"] });
      return [await view.to_columns_string(), await view.schema(), await view.expression_schema()];
    });
  };
}
scenarios["expressions: changes follow"] = async ({ perspective, step }) => {
  const table = await perspective.table({ id: [1, 2], a: [10, 20] }, { index: "id" });
  const view = await table.view({ expressions: { e: '"a" + 1', k: 'if ("a" > 15) \'big\'; else \'small\';' }, group_by: ["k"], columns: ["e"] });
  await step("before", () => view.to_json());
  await table.update([{ id: 1, a: 99 }]);
  await step("moved", () => view.to_json());
  await table.remove([2]);
  await step("removed", () => view.to_json());
};
scenarios["expressions: names"] = async ({ perspective, step }) => {
  const table = await perspective.table({ "a b": [1], "ä": [2] });
  await step("spaces", async () => (await table.view({ expressions: ['"a b" + "ä"'] })).to_json());
  await step("a column's name", () => table.view({ expressions: { "a b": "1" } }));
  await step("empty", async () => (await table.view({ expressions: { "": "1" } })).to_json());
  await step("object and list", async () => (await table.view({ expressions: ["1", "2"] })).to_json());
  await step("wrong type", () => table.view({ expressions: 5 }));
  await step("wrong element", () => table.view({ expressions: [5] }));
  await step("wrong text", () => table.view({ expressions: { a: 5 } }));
  await step("null", async () => (await table.view({ expressions: null })).to_json());
  await step("twice", async () => (await table.view({ expressions: ["// n\n1", "// n\n2"] })).to_json());
  await step("comment without a line", async () => (await table.view({ expressions: ["// n"] })).to_json());
  await step("comment inside", async () => (await table.view({ expressions: ["1 // n\n + 1"] })).to_json());
};
export default scenarios;
