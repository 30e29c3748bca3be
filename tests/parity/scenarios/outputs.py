"""Outputs: every format, options, viewports, number and text formatting, metadata, expand and collapse (semantics 8 and 9)."""

from __future__ import annotations

from typing import Any

from ..support.data import GAPS, LEVELS, SALES
from ..support.steps import Scenario, arrow, call, differs, read, scenario, schema, table, update, view

FORMATS = ["to_columns", "to_json", "to_records", "to_columns_string", "to_json_string", "to_ndjson", "to_csv", "to_arrow"]

SHAPES: dict[str, dict[str, Any]] = {
    "flat": {},
    "flat_sorted": {"sort": [["units", "desc"]]},
    "grouped": {"group_by": ["region"]},
    "grouped_two": {"group_by": ["region", "city"], "columns": ["units", "price"]},
    "grouped_dates": {"group_by": ["day"], "columns": ["units", "at"]},
    "grouped_datetimes": {"group_by": ["at"], "columns": ["units"]},
    "grouped_booleans": {"group_by": ["paid"], "columns": ["units"]},
    "grouped_floats": {"group_by": ["price"], "columns": ["units"]},
    "split": {"group_by": ["region"], "split_by": ["city"], "columns": ["units", "price"]},
    "split_dates": {"group_by": ["region"], "split_by": ["day"], "columns": ["units"]},
    "split_only": {"split_by": ["paid"], "columns": ["units"]},
    "flat_mode": {"group_by": ["region", "city"], "group_rollup_mode": "flat", "columns": ["units"]},
    "total_mode": {"group_rollup_mode": "total", "columns": ["units", "price"]},
    "split_rollup": {"group_by": ["region"], "split_by": ["city"], "split_rollup_mode": "rollup", "columns": ["units"]},
    "empty": {"filter": [["units", ">", 1000]]},
    "empty_grouped": {"filter": [["units", ">", 1000]], "group_by": ["region"], "columns": ["units"]},
    "date_aggregates": {"group_by": ["region"], "columns": ["day", "at"], "aggregates": {"day": "max", "at": "min"}},
    "text_aggregates": {"group_by": ["region"], "columns": ["city", "paid"], "aggregates": {"city": "first", "paid": "or"}},
}

EACH = [
    scenario(f"format/{method}/{name}/{form}", table(data), view(**config), read(method))
    for method in FORMATS
    for name, config in SHAPES.items()
    for form, data in {"full": SALES, "gaps": GAPS}.items()
    if not (form == "gaps" and name in ("split", "split_only", "split_rollup", "date_aggregates", "text_aggregates"))
]

OPTIONS: dict[str, dict[str, Any]] = {
    "id": {"id": True}, "index": {"index": True}, "formatted": {"formatted": True}, "id_and_index": {"id": True, "index": True},
    "false": {"id": False, "index": False, "formatted": False},
}  # fmt: skip
OPTIONED = [
    scenario(f"option/{option}/{method}/{name}", table(SALES), view(**SHAPES[name]), read(method, **kwargs))
    for method in ["to_columns", "to_json", "to_csv"]
    for option, kwargs in OPTIONS.items()
    for name in ["flat", "flat_sorted", "grouped", "grouped_two", "grouped_dates", "grouped_datetimes", "split", "split_only", "flat_mode", "total_mode", "split_dates"]
] + [
    scenario(f"option/{option}/indexed", table(SALES, index="price"), view(**config), read("to_columns", **kwargs), read("to_json", **kwargs))
    for option, kwargs in OPTIONS.items()
    for config in [{"columns": ["city", "units"]}]
] + [
    scenario("option/unknown_ignored", table(SALES), view(), read("to_columns", bogus=1)),
    scenario("option/index_grouped_keyed", table(SALES, index="price"), view(group_by=["region"], columns=["units"]), read("to_columns", index=True)),
    scenario("option/formatted_gaps", table(GAPS), view(), read("to_columns", formatted=True), read("to_json", formatted=True)),
    scenario("option/formatted_old", table([{"d": "1899-12-31", "t": "1969-12-31 23:59:59.999"}]), view(), read("to_columns", formatted=True), read("to_csv")),
    scenario("option/ndjson", table(SALES), view(columns=["units"]), read("to_ndjson")),
]  # fmt: skip

WINDOWS: dict[str, dict[str, Any]] = {
    "first_two": {"start_row": 0, "end_row": 2}, "middle": {"start_row": 2, "end_row": 4}, "to_end": {"start_row": 4}, "end_only": {"end_row": 3},
    "beyond": {"start_row": 4, "end_row": 100}, "all_beyond": {"start_row": 100, "end_row": 200}, "empty": {"start_row": 2, "end_row": 2},
    "reversed": {"start_row": 4, "end_row": 2}, "one_column": {"start_col": 0, "end_col": 1}, "second_column": {"start_col": 1, "end_col": 2},
    "no_column": {"start_col": 0, "end_col": 0}, "column_beyond": {"start_col": 1, "end_col": 100}, "both": {"start_row": 1, "end_row": 3, "start_col": 1, "end_col": 2},
    "negative": {"start_row": -1, "end_row": 2}, "float": {"start_row": 1.5, "end_row": 3.2},
}  # fmt: skip
VIEWPORTS = [
    scenario(f"viewport/{window}/{name}/{method}", table(SALES), view(**SHAPES[name]), read(method, **kwargs))
    for window, kwargs in WINDOWS.items()
    for name in ["flat", "grouped_two", "split", "flat_mode"]
    for method in ["to_columns", "to_json", "to_csv", "to_arrow"]
    if not (method == "to_arrow" and window in ("all_beyond", "reversed", "no_column", "empty"))
] + [
    scenario(f"viewport/column_paths/{window}", table(SALES), view(**SHAPES["split"]), read("column_paths", **kwargs))
    for window, kwargs in WINDOWS.items()
    if "start_col" in kwargs
]

NUMBERS = [0.0, -0.0, 1.0, -1.5, 0.1, 1 / 3, 100000.0, 1e15, 1e16, 1e20, 1e21, 1e-5, 1e-6, 1e-7, 1.7976931348623157e308, 5e-324, 12345.678, 2.5e-10, 1e22]
TEXTS = ["", " ", "a,b", 'a"b', "a\nb", "a\tb", "a\\b", "ä", "日本", "🙂", "null", "true", "\u2028", "</script>", "'", "\r\n"]
FORMATTING = [
    scenario("numbers/float", table({"x": NUMBERS}), view(), read("to_columns_string"), read("to_csv"), read("to_ndjson")),
    scenario("numbers/float_grouped", table({"x": NUMBERS}), view(group_by=["x"]), read("to_columns_string"), read("to_csv")),
    scenario("numbers/float_split", table({"x": NUMBERS[:14], "y": [1] * 14}), view(split_by=["x"], columns=["y"]), read("to_columns_string", start_row=0, end_row=1), read("column_paths")),
    scenario("numbers/float32", table(arrow(("x", "float32", [0.1, 1.5, 16777216.0, 1e-7, 3.4e38]))), view(), read("to_columns_string"), read("to_csv"), read("to_arrow")),
    scenario("numbers/integers", table(arrow(("x", "int64", [0, -1, 2**53 + 1, 2**63 - 1, -(2**63)]))), view(), read("to_columns_string"), read("to_csv")),
    scenario("numbers/uint64", table(arrow(("x", "uint64", [0, 2**64 - 1]))), view(), read("to_columns_string"), read("to_csv")),
    scenario("numbers/special", table(arrow(("x", "float64", ["NaN", "inf", "-inf", -0.0]))), view(), read("to_columns_string"), read("to_csv"), read("to_ndjson")),
    scenario("text/escapes", table({"s": TEXTS}), view(), read("to_columns_string"), read("to_csv"), read("to_ndjson"), read("to_json")),
    scenario("text/escapes_grouped", table({"s": TEXTS}), view(group_by=["s"]), read("to_columns_string"), read("to_csv")),
    scenario("text/column_names", table([{'a"b': 1, "c,d": 2, "e\\f": 3, "ä": 4}]), view(), read("to_columns_string"), read("to_csv"), read("to_ndjson")),
    scenario("text/one_column_nulls", table({"a": [1, None, 3]}), view(), read("to_csv")),
    scenario("text/null_and_empty", table({"a": ["x", "", None]}), view(), read("to_csv"), read("to_columns")),
    scenario("booleans/csv", table({"b": [True, None, False]}), view(), read("to_csv")),
    scenario("dates/csv", table([{"d": "2020-01-01", "t": "2020-01-01 10:00:00.123"}, {"d": None, "t": None}]), view(), read("to_csv")),
    scenario("empty/table", table(schema(a="integer", b="string", c="float", d="boolean", e="date", f="datetime")), view(), *(read(method) for method in FORMATS)),
    scenario("empty/grouped", table(schema(a="integer", b="string")), view(group_by=["b"]), *(read(method) for method in FORMATS)),
    scenario("arrow/lz4", table(SALES), view(), read("to_arrow", compression="lz4")),
    scenario("arrow/zstd", table(SALES), view(), read("to_arrow", compression="zstd")),
    scenario("arrow/bogus", table(SALES), view(), read("to_arrow", compression="bogus")),
    scenario("arrow/widths", table(arrow(*((f"c{i}", kind, [1, 2]) for i, kind in enumerate(["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64"])))), view(), read("to_arrow")),
    scenario("arrow/widths_grouped", table(arrow(("g", "string", ["a", "b"]), *((f"c{i}", kind, [1, 2]) for i, kind in enumerate(["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64"])))),
             view(group_by=["g"], columns=[f"c{i}" for i in range(10)]), read("to_arrow")),
    scenario("arrow/name_clash", table(SALES), view(group_by=["region"], columns=["region", "units"]), read("to_arrow"), read("to_csv")),
    scenario("arrow/schema_integer", table(schema(a="integer")), update([{"a": 1}]), view(), read("to_arrow")),
    scenario("arrow/csv_integer", table({"$csv": "a\n1\n2\n"}), view(), read("to_arrow")),
    scenario("arrow/expression", table(SALES), view(expressions={"e": '"price" * 2', "b": '"units" > 0'}, columns=["e", "b"]), read("to_arrow")),
    scenario("arrow/round_trip_pivot", table(SALES), view(**SHAPES["split"]), read("to_arrow"), read("to_pandas")),
]

METADATA_READS = [read("schema"), read("expression_schema"), read("dimensions"), read("num_rows"), read("num_columns"), read("column_paths"), read("get_config")]
METADATA = [
    scenario(f"metadata/{name}", table(SALES), view(**config), *METADATA_READS) for name, config in SHAPES.items()
] + [
    scenario(f"min_max/{shape}/{column}", table(SALES), view(**config), read("get_min_max", column))
    for shape, config in {"flat": {}, "grouped": {"group_by": ["region"], "aggregates": {"city": "first"}}, "filtered": {"filter": [["units", ">", 0]]}}.items()
    for column in ["units", "price", "city", "paid", "at"]
    if not (shape == "grouped" and column in ("paid", "at", "city"))
] + [
    scenario("min_max/unknown", table(SALES), view(), read("get_min_max", "zz")),
    scenario("min_max/empty", table(SALES), view(filter=[["units", ">", 1000]]), read("get_min_max", "units")),
    scenario("min_max/split", table(SALES), view(group_by=["region"], split_by=["city"], columns=["units"]), read("get_min_max", "units")),
    scenario("min_max/expression", table(SALES), view(expressions={"e": '"price" * 2'}), read("get_min_max", "e")),
    scenario("min_max/date", table(SALES), view(), differs(read("get_min_max", "day"), [1577750400000.0, 1580515200000.0], "milliseconds, not a packed code")),
    scenario("metadata/table", table(SALES, name="nm"), call("t", "schema"), call("t", "columns"), call("t", "size"), call("t", "get_name"), call("t", "get_index"), call("t", "get_limit")),
    scenario("metadata/dimensions_live", table(SALES), view(group_by=["city"], columns=["units"]), read("dimensions"), update([{"city": "Kyiv", "units": 1}]), read("dimensions")),
    scenario("metadata/hidden_sort", table(SALES), view(group_by=["region"], split_by=["city"], columns=["units"], sort=[["price", "desc"]]), *METADATA_READS),
]

TREE = {"group_by": ["g", "h"], "columns": ["x"]}


def tree(name: str, *steps: Any, **config: Any) -> Scenario:
    return scenario(f"tree/{name}", table(LEVELS), view(**{**TREE, **config}), *steps, read("to_columns"), read("num_rows"))


TREES = [
    tree("whole"),
    tree("collapse_root", read("collapse", 0)),
    tree("collapse_group", read("collapse", 1)),
    tree("collapse_second", read("collapse", 4)),
    tree("collapse_leaf", read("collapse", 2)),
    tree("collapse_twice", read("collapse", 1), read("collapse", 1)),
    tree("collapse_out_of_range", read("collapse", 100)),
    tree("collapse_and_expand", read("collapse", 1), read("expand", 1)),
    tree("collapse_root_and_expand", read("collapse", 0), read("expand", 0)),
    tree("expand_open", read("expand", 1)),
    tree("expand_leaf", read("expand", 2)),
    tree("expand_out_of_range", read("expand", 100)),
    tree("depth_expand", read("expand", 1), group_by_depth=1),
    tree("depth_expand_second", read("expand", 2), group_by_depth=1),
    tree("depth_expand_both", read("expand", 2), read("expand", 1), group_by_depth=1),
    tree("depth_collapse", read("collapse", 0), group_by_depth=1),
    tree("kept_over_update", read("collapse", 1), update([{"g": "a", "h": "u", "x": 5}])),
    tree("root_kept_over_update", read("collapse", 0), update([{"g": "a", "h": "u", "x": 5}])),
    tree("new_group_after_collapse", read("collapse", 1), update([{"g": "c", "h": "u", "x": 5}])),
    tree("new_subgroup_after_collapse", read("collapse", 1), update([{"g": "a", "h": "zz", "x": 5}])),
    tree("expanded_kept_over_update", read("expand", 1), update([{"g": "a", "h": "zz", "x": 5}]), group_by_depth=1),
    tree("sorted", read("collapse", 1), sort=[["x", "desc"]]),
    tree("sorted_update", read("collapse", 1), update([{"g": "b", "h": "u", "x": 500}]), sort=[["x", "desc"]]),
    tree("split", read("collapse", 1), split_by=["w"]),
    tree("other_formats", read("collapse", 1), read("to_csv"), read("to_json"), read("to_arrow"), read("column_paths"), read("dimensions")),
    scenario("tree/flat_view", table(LEVELS), view(), read("expand", 0), read("collapse", 0), read("to_columns")),
    scenario("tree/three_levels", table(LEVELS), view(group_by=["g", "h", "w"], columns=["x"]), read("collapse", 2), read("to_columns"), read("expand", 2), read("collapse", 1), read("to_columns")),
]

SCENARIOS: list[Scenario] = [*EACH, *OPTIONED, *VIEWPORTS, *FORMATTING, *METADATA, *TREES]
