"""The expression language: operators, types, every function, control flow, validation and errors (semantics 7)."""

from __future__ import annotations

from typing import Any

from ..support.steps import Scenario, arrow, call, differs, read, rows, scenario, table, unstable, update, view

COMPUTE = "the reference returns null for integer columns here"
WHOLE = "whole numbers stay whole under + - *, in 64 bits"

DATA = rows("i", "j", "f", "s", "t", "b", "d", "at", of=[
    [7, 2, 1.5, "Hello World", "abc", True, "2020-01-15", "2020-01-15 13:45:30.250"],
    [-7, 3, -2.5, "foo bar", "Foo", False, "2021-12-31", "2021-12-31 23:59:59"],
    [0, -1, 0.0, "", "a1b22", True, "2020-02-29", "1969-12-31 23:59:59.500"],
    [None, 5, None, None, "x,y;z", None, None, None],
])  # fmt: skip

COLUMN_REFS = ['"i"', '"f"', '"s"', '"b"', '"d"', '"at"']

# Texts whose answer is taken from the reference. Arithmetic between whole numbers is below, in `RIGHTED`.
TEXTS: dict[str, list[str]] = {
    "column": COLUMN_REFS,
    "literal": ["1", "1.5", ".5", "1e3", "2E-2", "'x'", "''", "true", "false", "True", "False", "pi", "PI", "epsilon", "'a b'", r"'it\'s'", r"'a\\b'"],
    "arithmetic": [
        '"f" + 1', '"f" - 1', '"f" * 2', '"f" / 2', '"f" ^ 2', '"f" % 2', '-"f"', '+"f"', '"f" + "f"', '"i" / "j"', '"i" / 2', '"f" / "i"',
        '"i" ^ 2', '1 + 2 * 3', '(1 + 2) * 3', '-2^2', '2^3^2', '10 - 4 - 3', '100 / 10 / 2', '2 * -3', '"f" - -1', '5 % 3', '"i" % 3',
        '"f" * "j"', '"f" / 0.5', '1 / 3', '"f" + "i" * 2.5', '7.5 % 2',
    ],
    "compare": [
        *(f'"i" {op} 0' for op in ["==", "!=", "<", "<=", ">", ">=", "=", "<>"]), '"i" == "j"', '"f" > "i"', '"f" >= 0', '"s" == \'foo bar\'',
        '"s" != \'foo bar\'', '"s" > "t"', '"b" == true', '"b" == "b"', '"d" == "d"', '"at" > "at"', '"i" == null', '"i" != null', '"s" == null',
        '"d" > date(2020, 6, 1)', '"d" == date(2020, 1, 15)', '1 < 2', '2 <= 2.0', '(1 < 2) == (2 < 3)',
    ],
    "logic": [
        '"b" and true', '"b" or false', 'not("b")', '"i" > 0 and "f" > 0', '"i" > 0 or "f" < 0', '"b" xor true', '"b" nand true', '"b" nor false',
        '"b" xnor true', 'true and false or true', 'true or true xor true', 'true nand true and false', '"i" and true', '"f" or false',
        '("i" > 0) == "b"', 'not(true) or true', 'true & false', 'true | false',
    ],
    "choice": [
        '"i" > 0 ? 1 : 2', 'if ("i" > 0, 1, 2)', 'if ("i" > 0) 1; else 2;', 'if ("i" > 0) { 1 } else { 2 }', 'if ("i" > 0) 1; else if ("i" < 0) 2; else 3;',
        'if ("f" > 1) { "f" * 2; } else { "f"; }', '"b" ? "s" : "t"', 'if ("s" == \'foo bar\') \'yes\'; else \'no\';',
        'switch { case "i" > 0 : 1; case "i" < 0 : 2; default : 3; }', '"i" > 0 ? ("f" > 1 ? 1 : 2) : 3', 'if ("b", "f", 0.5)', '"i" > 0 ? true : false',
        '"d" > date(2020, 6, 1) ? "d" : "d"', '[*] { case "i" > 0 : 1; case "i" <= 0 : 2; }', 'IF("i" > 0, 1, 2)',
    ],
    "statements": [
        'var a := 2; a * 3', 'var a := "f"; var b := a * 2; b + 1', 'var a := 1; a += 2; a', 'var a := 10; a -= 2; a *= 3; a /= 4; a', '1; 2; 3',
        'var v[3] := {1, 2, 3}; v[1]', 'var v[2] := {"f", 2}; v[0] + v[1]', 'var x := 0; for (var k := 0; k < 5; k += 1) { x += k; }; x',
        'var x := 0; while (x < 10) { x += 3; }; x', 'var x := 0; for (var k := 0; k < 10; k += 1) { if (k == 5) { break; }; x := k; }; x', '~{1; 2; 3}',
        'var a := \'x\'; concat(a, \'y\')', 'var a := "s"; upper(a)', '// comment\n"f" + 1', '"f" + 1 // tail', '/* c */ "f" + 1', '# c\n"f" + 1', 'var a := true; a and "b"',
    ],
    "number": [
        *(f'{name}("f")' for name in ["abs", "ceil", "floor", "round", "trunc", "frac", "exp", "expm1", "log", "log10", "log2", "log1p", "sqrt", "sgn", "erf"]),
        *(f'{name}("i")' for name in ["ceil", "floor", "round", "trunc", "exp", "sqrt", "log", "sgn", "frac"]),
        "round(2.5)", "round(-0.5)", "round(-1.5)", "ceil(1.2)", "floor(-1.2)", "trunc(-1.7)", "abs(-3)", "sqrt(16)", "sqrt(-1)", "log(0)", "exp(0)", "frac(1.25)",
        'logn("f", 2)', "logn(8, 2)", 'pow("f", 2)', "pow(2, 10)", 'root(27, 3)', 'min("f", 1)', 'max("f", "i", 3)', 'sum("f", 1, 2)', 'avg("f", 1)', 'mul("f", 2, 3)',
        'min(1, 2, 3)', 'max(1)', 'sum(1, 2)', 'avg(1, 2, 4)', 'clamp(0, "f", 1)', 'iclamp(0, "f", 1)', 'inrange(0, "i", 10)', 'inrange(0, "f", 1)', 'percent_of("f", 10)', 'percent_of("i", "j")', "percent_of(1, 3)",
    ],
    "trigonometry": [f'{name}("f")' for name in ["sin", "cos", "tan", "cot", "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "sinc", "deg2rad", "rad2deg", "deg2grad", "grad2deg"]]
    + ["sin(0)", "cos(pi)", "atan(1)", "rad2deg(pi)", "atan2(1, 2)"],
    "convert": [
        *(f"{name}({column})" for name in ["integer", "float", "string", "boolean"] for column in COLUMN_REFS if not (name == "integer" and column == '"d"')),
        "integer(12.7)", "integer(-12.7)", "integer('12.7')", "integer('x')", "float('1.5')", "float('x')", "float('1e3')", "string(1e21)", "string(0.1)", "string(true)", "string(7)",
        "boolean(0)", "boolean(1)", "boolean('false')", "float(true)", "integer(true)", 'string("j")', 'float("t")', 'integer("t")',
    ],
    "date": [
        "date(2020, 1, 15)", "date(2020, 13, 1)", "date(2020, 2, 30)", 'date("j", 1, 1)', "datetime(1577836800000)", "datetime(0)", 'datetime("f")',
        'hour_of_day("at")', 'hour_of_day("d")', 'day_of_week("at")', 'day_of_week("d")', 'month_of_year("at")', 'month_of_year("d")',
        *(f"bucket(\"{column}\", '{unit}')" for column in ["d", "at"] for unit in ["s", "m", "h", "D", "W", "M", "Y"]),
        "bucket(\"at\", '5s')", "bucket(\"at\", 'x')", "bucket(\"at\", '15m')", "bucket(\"at\", '2D')",
    ],
    "bucket": ['bucket("i", 5)', 'bucket("f", 0.5)', 'bucket("i", 0)', 'bucket("i", -5)', 'bucket("f", 2)', "bucket(7, 2)", 'bucket("i", 2.5)'],
    "text": [
        'upper("s")', 'lower("s")', 'length("s")', 'concat("s", "t")', 'concat("s", \'-\', "t")', "concat('a', 'b')", "concat(\"t\", 'b', 'c', 'd')", 'contains("s", \'o\')', "contains(\"s\", 'World')", "contains(\"t\", 'O')",
        "order(\"t\", 'Foo', 'abc')", "order(\"s\", 'x')", "upper('abc')", "length('hello')", "substring(\"s\", 2)", "substring(\"s\", 0, 3)", "substring(\"s\", 100)", "substring(\"t\", 1, 100)",
        "replace(\"t\", '[0-9]', '#')", "replace_all(\"t\", '[0-9]+', '#')", "replace_all(\"t\", '([a-z])', '<\\\\1>')",
        "search(\"t\", '([0-9]+)')", "search(\"s\", '(o.)')", "search(\"s\", '(\\\\w+) (\\\\w+)')", "search(\"s\", '(zz)')", "match(\"t\", '[0-9]')", "match(\"s\", 'World')", "match_all(\"t\", '[a-z]+')", "match_all(\"t\", 'abc')",
        "match(\"s\", '(?i)hello')", "match(\"t\", '\\\\d')", "match(\"t\", '^a')", "var v[2]; indexof(\"s\", '(o)', v); v[0]", "var v[2]; indexof(\"s\", '(W.*)', v) ? v[1] : -1", "upper(lower(\"s\"))", "length(concat(\"s\", \"t\"))",
    ],
    "null": [
        'is_null("i")', 'is_not_null("i")', 'is_null("s")', 'is_not_null("d")', 'coalesce("i", "j")', 'coalesce("f", 9.5)', 'coalesce("s", "t")', 'coalesce("s", \'none\')', '"f" + "i" / 1', 'concat("s", "t")', 'upper("s")', '"i" > 0 ? 1 : 2',
        'is_null("f" + 1)', 'min("f", 1)', 'if (is_null("i")) 1; else 2;',
    ],
    "lookup": ["index()", 'vlookup(\'f\', "j")', "vlookup('s', index())", 'col(\'f\')', "col('s')", "col(concat('f', ''))"],
    "misc": ['swap("i", "j")', '"größe"', 'today() == today()', '"i" := 5', 'var a := "i" + 1; a'],
}  # fmt: skip

UNSUPPORTED = [
    "", "// only a comment", '"f" +', '"f" + + foo(1)', "foo(1)", "x", '"zz"', '"zz" + 1', "(1 + 2", "1 + 2)", "1 +* 2", '"f" && "i"', '"f" || "i"', "!true", "not true", "repeat 1 until true", "return [1]", "1 in 2",
    "'a' like 'b'", "'abc'[0:1]", '"s" == 5', '"s" + 1.5', '"s" + "t"', '"s" * 2', '"i" / 0', "upper(5)", "concat(1, 2)", "length(5)", "substring(\"i\", 1)", "search(\"s\", 'no group')", "match(\"s\", '(')", "bucket(\"s\", 'D')",
    'datetime("i")', "date(2020)", "vlookup('zz', \"j\")", "roundn(1.5, 1)", "hypot(3, 4)", "to_string(1)", "random(1)", "today(1)", "'unclosed", '"unclosed', "1 2", ";", "@", "var i := 1; var i := 2; i", '"f" == "s"', 'coalesce("i", "s")',
    "concat()", "upper()", "is_null()", 'order("i", 1)', "1 ? 2", "{1}", "var v[2] := {1, 2}; v[5]", "var v[2] := {1, 2, 3}; v[0]", "contains(\"s\", \"t\")",
]  # fmt: skip

# Their messages are part of the contract; for the others only the kind of answer is.
LISTED = [
    "", "// only a comment", '"f" +', '"f" + + foo(1)', "foo(1)", "x", '"zz"', '"zz" + 1', "1 + 2)", '"f" && "i"', "random(1)", '"s" == 5', '"f" == "s"',
]  # fmt: skip

# Texts for which the reference has its own ideas: the answer is written here.
EMPTY_STAYS, FLOORED = "the empty string is no null", "times before 1970 are bucketed downwards too"
OVERRIDES: dict[str, tuple[list[Any], str]] = {
    "''": ([""] * 4, "the empty string is a string"),
    'upper("s")': (["HELLO WORLD", "FOO BAR", "", None], EMPTY_STAYS),
    'var a := "s"; upper(a)': (["HELLO WORLD", "FOO BAR", "", None], EMPTY_STAYS),
    'upper(lower("s"))': (["HELLO WORLD", "FOO BAR", "", None], EMPTY_STAYS),
    'lower("s")': (["hello world", "foo bar", "", None], EMPTY_STAYS),
    "bucket(\"at\", 's')": ([1579095930000, 1640995199000, -1000, None], FLOORED),
    "bucket(\"at\", 'm')": ([1579095900000, 1640995140000, -60000, None], FLOORED),
    "bucket(\"at\", 'h')": ([1579093200000, 1640991600000, -3600000, None], FLOORED),
    "bucket(\"at\", '5s')": ([1579095930000, 1640995195000, -5000, None], FLOORED),
    "bucket(\"at\", '15m')": ([1579095900000, 1640994300000, -900000, None], FLOORED),
    'clamp(0, "f", 1)': ([1.0, 0.0, 0.0, None], "null in, null out"),
    'float("d")': ([1579046400000.0, 1640908800000.0, 1582934400000.0, None], "milliseconds, as everywhere"),
}


def computed(name: str, text: str) -> Scenario:
    data = [{**row, "größe": row["j"]} for row in DATA] if "größe" in text else DATA
    values = read("to_columns")
    made, kind = view(expressions={"e": text}, columns=["e"]), read("expression_schema")
    if text in OVERRIDES:
        answer, why = OVERRIDES[text]
        values = differs(values, {"e": answer}, why)
    if text == "''":
        made, kind = differs(made, None, why), differs(kind, {"e": "string"}, why)
    return scenario(name, table(data), made, values, kind, texts=False)


EACH = [computed(f"{theme}/{number:02} {text[:60].replace('/', '|')}", text) for theme, texts in TEXTS.items() for number, text in enumerate(dict.fromkeys(texts))]

VALIDATED = [
    scenario(f"validate/{number:02} {text[:60].replace('/', '|')}", table(DATA), call("t", "validate_expressions", {"e": text}), texts=text in LISTED)
    for number, text in enumerate(UNSUPPORTED)
] + [
    scenario("validate/all_good", table(DATA), call("t", "validate_expressions", {"e1": '"i"', "e2": '"f" + 1', "e3": "upper(\"s\")", "e4": '"d"', "e5": '"at"', "e6": '"b"'})),
    scenario("validate/good_and_bad", table(DATA), call("t", "validate_expressions", {"e1": '"i"', "e2": '"zz"', "e3": "foo(1)"})),
    scenario("validate/list", table(DATA), call("t", "validate_expressions", ['// nm\n"i"', '"f" + 1'])),
    scenario("validate/position", table(DATA), call("t", "validate_expressions", {"e": 'var a := 1;\n"i" + + foo(1)'})),
    scenario("validate/empty", table(DATA), call("t", "validate_expressions", {})),
    scenario("validate/column_name", table(DATA), call("t", "validate_expressions", {"i": '"f"'})),
]

WHERE = [
    scenario(f"used/{name}", table(DATA), view(expressions=expressions, **config), read("to_columns"), read("schema"), read("expression_schema"), read("get_config"))
    for name, expressions, config in [
        ("default_columns", {"e": '"f" * 2'}, {}),
        ("list_named", ['// twice\n"f" * 2'], {"columns": ["twice"]}),
        ("list_unnamed", ['"f" * 2'], {"columns": ['"f" * 2']}),
        ("two", {"e1": '"f" * 2', "e2": "upper(\"t\")"}, {"columns": ["e1", "e2"]}),
        ("group", {"e": "length(\"t\")"}, {"group_by": ["e"], "columns": ["j"]}),
        ("split", {"e": '"i" > 0'}, {"group_by": ["t"], "split_by": ["e"], "columns": ["j"]}),
        ("filter", {"e": '"f" * 2'}, {"filter": [["e", ">", 0]], "columns": ["f"]}),
        ("sort", {"e": '-"f"'}, {"sort": [["e", "asc"]], "columns": ["f"]}),
        ("aggregate", {"e": '"f" * 2'}, {"group_by": ["b"], "columns": ["e"], "aggregates": {"e": "max"}}),
        ("not_shown", {"e": '"f" * 2'}, {"columns": ["f"]}),
        ("alias_spaces", {"my expr | x": '"f" * 2'}, {"columns": ["my expr | x"]}),
    ]
] + [
    scenario("live/append", table(DATA), view(expressions={"e": '"f" * 2'}, columns=["e"]), update([{"f": 10.5}, {"i": 1}]), read("to_columns")),
    scenario("live/upsert", table([{"k": 1, "x": 1.5}, {"k": 2, "x": 2.5}], index="k"), view(expressions={"e": '"x" * 2'}, columns=["k", "e"], sort=[["e", "desc"]]),
             update([{"k": 1, "x": 10.0}]), read("to_columns"), update([{"k": 1, "x": None}]), read("to_columns")),
    scenario("live/grouped", table(DATA), view(expressions={"e": "upper(\"t\")"}, group_by=["e"], columns=["j"]), update([{"t": "ABC", "j": 100}]), read("to_columns")),
    scenario("index/keyed", table([{"k": "b", "x": 1}, {"k": "a", "x": 2}], index="k"), view(expressions={"e": "index()", "v": "vlookup('x', 'b')"}, columns=["e", "v"]), read("to_columns")),
    scenario("index/vlookup_text", table([{"k": "b", "r": "a", "x": 1}, {"k": "a", "r": "b", "x": 2}, {"k": "c", "r": "zz", "x": 3}], index="k"), view(expressions={"v": "vlookup('x', \"r\")"}, columns=["k", "v"]),
             differs(read("to_columns"), {"k": ["a", "b", "c"], "v": [1, 2, None]}, "the reference looks rows up before they are all there")),
    scenario("describe/good", table(DATA), call("t", "describe", expressions={"e": '"f" * 2'}, group_by=["b"], columns=["e", "i"])),
    scenario("describe/bad_expression", table(DATA), call("t", "describe", expressions={"e": '"zz" * 2'})),
    scenario("describe/bad_config", table(DATA), call("t", "describe", group_by=["zz"])),
    scenario("describe/plain", table(DATA), call("t", "describe")),
    scenario("chance/random", table(DATA), view(expressions={"e": "random()"}, columns=["e"]), unstable(read("to_columns"), "random"), read("schema")),
    scenario("chance/now", table(DATA), view(expressions={"e": "now()", "day": "today()"}, columns=["e", "day"]), unstable(read("to_columns"), "time"), read("schema")),
]


def right(name: str, text: str, values: list[Any], kind: str, why: str, data: Any = None) -> Scenario:
    return scenario(f"righted/{name}", table(DATA if data is None else data), differs(view(expressions={"e": text}, columns=["e"]), None, why),
                    differs(read("to_columns"), {"e": values}, why), differs(read("expression_schema"), {"e": kind}, why))


RIGHTED = [
    right("abs_integer", 'abs("i")', [7.0, 7.0, 0.0, None], "float", COMPUTE),
    right("add_whole", '"i" + "j"', [9, -4, -1, None], "integer", WHOLE),
    right("sub_whole", '"i" - "j"', [5, -10, 1, None], "integer", WHOLE),
    right("mul_whole", '"i" * "j"', [14, -21, 0, None], "integer", WHOLE),
    right("exact_above_2_53", '"x" + "y"', [9007199254740994], "integer", WHOLE, arrow(("x", "int64", [2**53 + 1]), ("y", "int64", [1]))),
    right("negate_uint8", '-"x"', [-1], "integer", "unsigned numbers do not wrap", arrow(("x", "uint8", [1]))),
    right("clamp_integer", 'clamp(0, "i", 5)', [5.0, 0.0, 0.0, None], "float", "the reference answers the lower bound"),
    right("unicode_literal", "'äé'", ["äé"] * 4, "string", "text is Unicode throughout"),
    right("unicode_upper", "upper('äé')", ["ÄÉ"] * 4, "string", "text is Unicode throughout"),
    right("replace_null", "replace(\"s\", 'o', '0')", ["Hell0 World", "f0o bar", "", None], "string", "null stays null"),
    right("integer_of_date", 'integer("d")', [1579046400000, 1640908800000, 1582934400000, None], "integer", "milliseconds, as everywhere"),
]

SCENARIOS: list[Scenario] = [*EACH, *VALIDATED, *WHERE, *RIGHTED]
