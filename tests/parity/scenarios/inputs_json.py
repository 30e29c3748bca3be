"""Rows and columns JSON: types inferred from values, missing cells, nested data (semantics 1.2 and 1.6)."""

from __future__ import annotations

import json
from typing import Any

from ..support.steps import Scenario, call, differs, raises, read, scenario, table, text, view

BIG = "integers are 64 bits wide and exact, where the reference turns to float or wraps"
STRICT = "a value that does not fit the column is refused, not turned into something else"

# name -> values of one column; the first value that is not null decides the type, numbers may widen.
COLUMNS: dict[str, list[Any]] = {
    "integer": [1, 2, 3],
    "negative": [-1, 0, 1],
    "int32_edges": [2147483647, -2147483648],
    "float": [1.0, 1.5],
    "exponent": [1e20, 1e-7],
    "float_zero": [0.0, -0.0],
    "boolean": [True, False],
    "string": ["x", "y"],
    "unicode": ["äöü", "日本", "🙂", "e\u0301"],
    "controls": ["a\nb", "a\tb", 'a"b', "a\\b", "\u0001", "\u2028"],
    "empty_strings": ["", "", "x"],
    "spaces": [" ", " x", "x "],
    "string_integer": ["1", "2"],
    "string_integer_long": ["20200101"],
    "string_year": ["2020", "2021"],
    "string_float": ["1.5", "2"],
    "string_boolean": ["true", "false"],
    "date": ["2020-01-01", "2021-12-31"],
    "date_slashes": ["2020/01/02"],
    "date_month_first": ["01/02/2020"],
    "date_short": ["2020-1-5"],
    "date_old": ["1969-12-31", "1900-01-01"],
    "date_leap": ["2020-02-29", "2000-02-29"],
    "datetime": ["2020-01-01 12:30:00"],
    "datetime_t": ["2020-01-01T12:30:00"],
    "datetime_z": ["2020-01-01T12:30:00Z"],
    "datetime_offset": ["2020-01-01T12:30:00+02:00", "2020-01-01T12:30:00-05:00"],
    "datetime_fraction": ["2020-01-01T12:30:00.123Z", "2020-01-01T12:30:00.5"],
    "datetime_micro": ["2020-01-01T12:30:00.123456Z"],
    "datetime_old": ["1969-12-31 23:59:59.500"],
    "text_month": ["Jan 1, 2020"],
    "time_only": ["12:30"],
    "iso_in_words": ["on 2020-01-01"],
    "all_null": [None, None],
    "null_then_integer": [None, 1],
    "null_then_string": [None, "x"],
    "null_then_date": [None, "2020-01-01"],
    "null_then_boolean": [None, True],
    "integer_null": [1, None, 3],
    "integer_then_float": [1, 1.5],
    "integer_then_whole_float": [1, 1.0],
    "float_then_integer": [1.5, 1],
    "integer_then_string": [1, "x"],
    "string_then_integer": ["x", 1],
    "string_then_float": ["x", 1.5],
    "string_then_boolean": ["x", True],
    "string_then_date": ["x", "2020-01-01"],
    "integer_then_string_integer": [1, "2"],
    "date_then_datetime": ["2020-01-01", "2020-01-01 10:00:00"],
    "datetime_then_date": ["2020-01-01 10:00:00", "2020-01-01"],
    "date_then_text": ["2020-01-01", "x"],
    "boolean_then_string_boolean": [True, "false"],
}

# Values where Sightline is right and the reference is not, with the answer.
EXACT: dict[str, tuple[list[Any], str]] = {
    "int_2_31": ([2147483648], "integer"),
    "int_below_int32": ([-2147483649], "integer"),
    "int_2_53_plus_1": ([9007199254740993], "integer"),
    "int64_edges": ([9223372036854775807, -9223372036854775808], "integer"),
    "int32_then_large": ([1, 2147483648], "integer"),
}


def infer(name: str, values: list[Any]) -> list[Scenario]:
    """The same column given as rows, as columns, and as JSON text of both."""
    as_rows = [{"a": value} for value in values]
    reads = [read("to_columns"), call("t", "schema"), call("t", "size")]
    return [
        scenario(f"infer/{name}/rows", table(as_rows), view(), *reads),
        scenario(f"infer/{name}/columns", table({"a": values}), view(), *reads),
        scenario(f"infer/{name}/json_text", table(text(json.dumps(as_rows)), format="json"), view(), *reads),
        scenario(f"infer/{name}/columns_text", table(text(json.dumps({"a": values})), format="columns"), view(), *reads),
        scenario(
            f"infer/{name}/ndjson",
            table(text("\n".join(json.dumps(row) for row in as_rows)), format="ndjson"),
            view(),
            *reads,
        ),
    ]


def exact(name: str, values: list[Any], kind: str) -> list[Scenario]:
    found = []
    for form, data in {"rows": [{"a": value} for value in values], "columns": {"a": values}}.items():
        found.append(
            scenario(
                f"infer/{name}/{form}",
                differs(table(data), None, BIG),
                differs(view(), None, BIG),
                differs(read("to_columns"), {"a": values}, BIG),
                differs(call("t", "schema"), {"a": kind}, BIG),
            )
        )
    return found


def shape(name: str, data: Any, **options: Any) -> Scenario:
    return scenario(
        f"shape/{name}", table(data, **options), view(), read("to_columns"), call("t", "columns"), call("t", "size"),
        call("t", "schema"),
    )


SHAPES: list[Scenario] = [
    shape("rows_union_of_keys", [{"a": 1}, {"b": "x"}, {"a": 2, "c": True}]),
    shape("rows_missing_cells", [{"a": 1, "b": 2}, {"b": 3}, {"a": 4}]),
    shape("rows_key_order_of_first_appearance", [{"z": 1, "a": 2}, {"m": 3, "a": 4}]),
    shape("rows_empty_list", []),
    shape("rows_one_empty_row", [{}]),
    shape("rows_some_empty_rows", [{"a": 1}, {}, {"a": 2}]),
    shape("columns_differing_length", {"a": [1, 2, 3], "b": ["x"]}),
    shape("columns_longer_second", {"a": [1], "b": ["x", "y"]}),
    shape("columns_one_empty", {"a": [1, 2], "b": []}),
    shape("columns_all_empty", {"a": [], "b": []}),
    shape("columns_order", {"z": [1], "a": [2], "m": [3]}),
    shape("json_empty_list", text("[]"), format="json"),
    shape("json_whitespace", text(' [ { "a" : 1 } , { "a" : 2 } ] '), format="json"),
    shape("json_duplicate_keys", text('[{"a": 1, "a": 2}]'), format="json"),
    shape("json_escapes", text('[{"a": "\\u00e9\\ud83d\\ude42\\n"}]'), format="json"),
    shape("json_numbers", text('[{"a": 1E3, "b": -0, "c": 1.0e-2}]'), format="json"),
    shape("columns_text", text('{"a": [1, 2], "b": ["x", null]}'), format="columns"),
    shape("columns_text_lengths", text('{"a": [1], "b": ["x", null]}'), format="columns"),
    shape("unicode_column_names", [{"größe": 1, "名前": "x", "a b": 2, "a|b": 3, "": 4}]),
    shape("quotes_in_column_name", [{'a"b': 1, "a'b": 2, "a\\b": 3}]),
    shape("many_columns", [{f"c{i}": i for i in range(60)}]),
    shape("ndjson_union", text('{"a":1}\n{"b":"x"}\n{"a":3,"b":"y"}\n'), format="ndjson"),
    shape("ndjson_promote", text('{"a":1}\n{"a":2.5}'), format="ndjson"),
    shape("ndjson_blank_lines", text('{"a":1}\n\n{"a":2}\n'), format="ndjson"),
    shape("ndjson_crlf", text('{"a":1}\r\n{"a":2}\r\n'), format="ndjson"),
    shape("nested_object", [{"a": {"b": 1, "c": {"d": "x"}}}]),
    shape("nested_object_null", [{"a": {"b": 1}}, {"a": None}, {"a": {"b": 3}}]),
    shape("nested_object_columns", {"a": [{"b": 1}, {"b": 2}], "k": [1, 2]}),
    shape("nested_and_flat", [{"id": 1, "p": {"x": 1.5, "y": "a"}}, {"id": 2, "p": {"x": 2.5}}]),
    shape("list_default_zip", [{"id": 1, "l": [1, 2], "m": ["x", "y"]}, {"id": 2, "l": [3], "m": ["z"]}]),
    shape("list_zip", [{"id": 1, "l": [1, 2, 3]}, {"id": 2, "l": [4]}], list_flatten="zip"),
    shape("list_zip_unequal", [{"id": 1, "l": [1, 2], "m": ["x", "y", "z"]}]),
    shape("list_cartesian", [{"id": 1, "l": [1, 2], "m": ["x", "y", "z"]}], list_flatten="cartesian"),
    shape("list_cartesian_one", [{"id": 1, "l": [1, 2]}, {"id": 2, "l": [3]}], list_flatten="cartesian"),
    shape("list_stringify", [{"id": 1, "l": [1, 2]}, {"id": 2, "l": ["a", 'b"c']}], list_flatten="stringify"),
    shape("list_stringify_nested", [{"id": 1, "l": [[1], {"a": None}]}], list_flatten="stringify"),
    shape("list_empty", [{"id": 1, "l": []}, {"id": 2, "l": [1, 2]}]),
    shape("list_of_objects", [{"id": 1, "l": [{"x": 1}, {"x": 2}]}]),
    shape("list_flatten_unknown", [{"l": [1]}], list_flatten="bogus"),
    shape("list_columns_zip", {"id": [1, 2], "l": [[1, 2], [3]]}),
]

LIST_NULL = scenario(
    "shape/list_null",
    table([{"id": 1, "l": [1, 2]}, {"id": 2, "l": None}]),
    view(),
    differs(read("to_columns"), {"id": [1, 1, 2], "l": [1, 2, None]}, "the row of a null list is kept, as in Arrow input"),
)

BROKEN: list[Scenario] = [
    scenario(f"broken/{name}", differs(table(text(body), format=format_), raises(), why))
    for name, format_, body, why in [
        ("scalar", "json", "3", "the reference crashes"),
        ("nan", "json", '[{"a": NaN}]', "NaN is not JSON: a clear error instead of an empty table"),
        ("infinity", "columns", '{"a": [Infinity]}', "Infinity is not JSON: a clear error"),
        ("no_column_names", "json", "{a:1}", "malformed JSON is refused"),
        ("truncated", "json", '[{"a": 1}', "malformed JSON is refused"),
        ("trailing", "json", '[{"a": 1}] x', "malformed JSON is refused"),
        ("ndjson_bad_line", "ndjson", '{"a":1}\nnope\n{"a":2}', "a malformed line is refused, not skipped silently"),
        ("date_30_february", "json", '[{"a": "2020-02-29"}, {"a": "2020-02-30"}]', STRICT),
    ]
] + [
    scenario(f"broken/{name}", table(text(body), format=format_), view(), read("to_columns"))
    for name, format_, body in [
        ("list_of_lists", "json", "[[1,2]]"),
        ("list_of_null", "json", "[null]"),
        ("columns_of_scalars", "columns", '{"a":1}'),
        ("unknown_format", "xx", "a,b\n1,2"),
    ]
]

MIXED: list[Scenario] = [
    scenario("mixed/integer_then_boolean", table([{"a": 1}, {"a": True}])),
    scenario("mixed/boolean_then_integer", differs(table([{"a": True}, {"a": 1}]), None, "truth and number are numbers, in either order")),
]

SCENARIOS: list[Scenario] = [
    *(case for name, values in COLUMNS.items() for case in infer(name, values)),
    *(case for name, (values, kind) in EXACT.items() for case in exact(name, values, kind)),
    *SHAPES,
    LIST_NULL,
    *BROKEN,
    *MIXED,
]
