"""Arrow IPC bytes and data frames: every type, nulls, batches, nested data (semantics 1.5 and 1.6)."""

from __future__ import annotations

from typing import Any

from ..support.steps import Scenario, arrow, call, differs, frame, raises, read, scenario, table, view

WIDER = "Sightline reads more Arrow types than the reference"

DAY = 86_400_000
COLUMNS: dict[str, list[Any]] = {
    **{f"int{bits}": [1, None, -(2 ** (bits - 1)), 2 ** (bits - 1) - 1] for bits in (8, 16, 32, 64)},
    **{f"uint{bits}": [1, None, 0, 2**bits - 1] for bits in (8, 16, 32, 64)},
    "float32": [1.5, None, 0.1, -2.0],
    "float64": [1.5, None, 0.1, 1e300],
    "bool": [True, None, False],
    "string": ["x", None, "", "日本", "x"],
    "large_string": ["x", None, ""],
    "date32": [0, None, 18262, -1],
    "date64": [0, None, 18262 * DAY],
    "timestamp[s]": [0, None, 1577836800],
    "timestamp[ms]": [0, None, 1577836800123, -1],
    "timestamp[us]": [0, None, 1577836800123456, -1500],
    "timestamp[ns]": [0, None, 1577836800123456789],
    "timestamp[ms;UTC]": [0, None, 1577836800123],
    "timestamp[us;America/New_York]": [0, None, 1577836800123456],
    "time32[s]": [0, None, 3600],
    "time32[ms]": [0, None, 3600000],
    "decimal128(10,2)": ["1.50", None, "-2.25"],
    "null": [None, None],
    "dictionary<int8;string>": ["x", None, "y", "x"],
    "dictionary<int16;string>": ["x", None, "y", "x"],
    "dictionary<int32;string>": ["x", None, "y", "x"],
    "dictionary<int64;string>": ["x", None, "y", "x"],
    "dictionary<uint8;string>": ["x", None, "y", "x"],
    "dictionary<int32;large_string>": ["x", None, "y", "x"],
    "struct<a:int32;b:string>": [{"a": 1, "b": "x"}, None, {"a": 2, "b": None}],
    "list<int32>": [[1, 2], None, [], [3]],
    "list<string>": [["a", "b"], None, [], ["c"]],
    "large_list<int64>": [[1, 2], None, [], [3]],
    "list<struct<x:int32>>": [[{"x": 1}, {"x": 2}], [{"x": 3}]],
}

# What the reference refuses or crashes on, and what Sightline answers: (values, answer of `a`, type).
WIDENED: dict[str, tuple[list[Any], list[Any] | None, str | None]] = {
    "string_view": (["x", None], ["x", None], "string"),
    "float16": ([1.5, None], [1.5, None], "float"),
    "decimal256(40,2)": (["1.50", None], [1.5, None], "float"),
    "dictionary<int8;int64>": ([5, None, 6, 5], [5, None, 6, 5], "integer"),
    "dictionary<int32;float64>": ([1.5, None, 1.5], [1.5, None, 1.5], "float"),
}


def load(name: str, kind: str, values: list[Any], **options: Any) -> Scenario:
    data = arrow(("k", "int32", list(range(len(values)))), ("a", kind, values), **options)
    return scenario(
        name, table(data), view(), read("to_columns"), call("t", "schema"), read("to_csv"), read("to_arrow"),
    )


def framed(name: str, *fields: tuple[str, str, list[Any]], kinds: tuple[str, ...] = ("pyarrow", "pandas", "polars", "lazy"), **options: Any) -> list[Scenario]:
    return [
        scenario(f"frame/{name}/{kind}", table(frame(kind, *fields, **options)), view(), read("to_columns"),
                 call("t", "schema"), call("t", "columns"))
        for kind in kinds
    ]


MIXED = [
    ("i", "int64", [1, 2, None]), ("f", "float64", [1.5, None, 2.5]), ("s", "string", ["x", None, "y"]),
    ("b", "bool", [True, False, None]), ("d", "date32", [0, 18262, None]), ("t", "timestamp[ms]", [0, None, 1577836800123]),
]

SCENARIOS: list[Scenario] = [
    *(load(f"type/{kind}", kind, values) for kind, values in COLUMNS.items()),
    *(
        scenario(
            f"wider/{kind}",
            differs(table(arrow(("a", kind, values))), None, WIDER),
            differs(view(), None, WIDER),
            differs(read("to_columns"), {"a": answer}, WIDER),
            differs(call("t", "schema"), {"a": of}, WIDER),
        )
        for kind, (values, answer, of) in WIDENED.items()
    ),
    load("file/format", "int32", [1, None, 3], file=True),
    load("file/strings", "string", ["x", None, "z"], file=True),
    load("batches/stream", "string", ["a", "b", None, "a", "c"], batch_rows=2),
    load("batches/file", "int64", [1, 2, None, 4, 5], batch_rows=2, file=True),
    load("batches/dictionary", "dictionary<int32;string>", ["a", "b", None, "a", "c"], batch_rows=2),
    load("compressed/lz4", "string", ["x", None, "z"] * 20, compression="lz4"),
    load("compressed/zstd", "string", ["x", None, "z"] * 20, compression="zstd"),
    load("empty", "int32", []),
    load("special_floats", "float64", ["NaN", "inf", "-inf", 1.0, None]),
    scenario("mixed/all_types", table(arrow(*MIXED)), view(), read("to_columns"), read("to_arrow"), read("to_csv"),
             read("to_json", formatted=True)),
    scenario("mixed/index", table(arrow(("k", "string", ["b", "a", "b"]), ("x", "int32", [1, 2, 3])), index="k"),
             view(), read("to_columns")),
    scenario("mixed/limit", table(arrow(("x", "int32", [1, 2, 3, 4])), limit=3), view(), read("to_columns")),
    scenario("mixed/format_arrow", table(arrow(("x", "int32", [1])), format="arrow"), view(), read("to_columns")),
    scenario("list/zip_two", table(arrow(("l", "list<int32>", [[1, 2], [3]]), ("m", "list<string>", [["a", "b"], ["c"]]))),
             view(), read("to_columns")),
    scenario("list/zip_unequal", table(arrow(("l", "list<int32>", [[1, 2]]), ("m", "list<string>", [["a"]])))),
    scenario("list/cartesian", table(arrow(("l", "list<int32>", [[1, 2], [3]]), ("m", "list<string>", [["a", "b"], ["c"]])),
             list_flatten="cartesian"), view(), read("to_columns")),
    scenario("list/stringify", table(arrow(("l", "list<int32>", [[1, 2], None, []]), ("k", "int32", [1, 2, 3])),
             list_flatten="stringify"), view(), read("to_columns")),
    scenario("struct/nested", table(arrow(("a", "struct<b:int32;c:struct<d:string>>", [{"b": 1, "c": {"d": "x"}}, None]))),
             view(), read("to_columns"), call("t", "schema")),
    scenario("broken/text_bytes", table({"$bytes": b"a,b\n1,2\n".hex()}), texts=False),
    scenario("broken/empty_bytes", differs(table({"$bytes": ""}), raises(), "no Arrow data in it")),
    scenario("broken/garbage", table({"$bytes": "ffffffff10000000deadbeef"}), texts=False),
    scenario("broken/duration", differs(table(arrow(("a", "duration[ms]", [1]))), None, "durations load as integers")) ,
    scenario("csv_bytes/format", table({"$bytes": b"a,b\n1,x\n".hex()}, format="csv"), view(), read("to_columns")),
    scenario("json_bytes/format", table({"$bytes": b'[{"a":1}]'.hex()}, format="json"), view(), read("to_columns")),
    *framed("mixed", *MIXED),
    *framed("strings", ("s", "string", ["x", "y", "x", None])),
    *framed("no_rows", ("i", "int64", []), ("s", "string", []), kinds=("pyarrow", "polars")),
    scenario("frame/pandas_index", table(frame("pandas", ("k", "string", ["x", "y"]), ("v", "int64", [1, 2]), index="k")),
             view(), read("to_columns"), call("t", "schema")),
    scenario("frame/pandas_category", table(frame("pandas", ("k", "string", ["x", "y", "x"]), categories=["k"])),
             view(), read("to_columns"), call("t", "schema")),
    scenario("frame/update_pandas", table(frame("pandas", ("x", "int64", [1, 2]))),
             call("t", "update", frame("pandas", ("x", "int64", [3]))), view(), read("to_columns")),
    scenario("frame/update_polars", table(frame("polars", ("x", "int64", [1, 2]))),
             call("t", "update", frame("polars", ("x", "int64", [3]))), view(), read("to_columns")),
    scenario("frame/update_pyarrow", table(frame("pyarrow", ("x", "int64", [1, 2]))),
             call("t", "update", frame("pyarrow", ("x", "int64", [3]))), view(), read("to_columns")),
    scenario("frame/to_pandas", table(arrow(*MIXED)), view(), read("to_pandas"), read("to_dataframe")),
    scenario("frame/to_polars", table(arrow(*MIXED)), view(), read("to_polars")),
    scenario("frame/to_pandas_pivot", table(arrow(*MIXED)), view(group_by=["s"], columns=["i", "f"]), read("to_pandas")),
    scenario("frame/to_polars_pivot", table(arrow(*MIXED)), view(group_by=["s"], split_by=["b"], columns=["i"]), read("to_polars")),
    scenario("frame/round_trip", table(arrow(*MIXED)), view(), read("to_arrow"), table({"$view": "v"}, name_as="u"),
             view(name_as="w", on="u"), read("to_columns", on="w"), call("u", "schema")),
]
