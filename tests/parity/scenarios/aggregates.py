"""Aggregates: each on every type and shape of view, null rules, live changes, errors (semantics 5)."""

from __future__ import annotations

from typing import Any

from ..support.data import LEVELS, SALES
from ..support.steps import Scenario, arrow, call, differs, read, rows, scenario, table, unstable, update, view

ONE_NULL = "null takes no part in minimum, maximum, quantiles or products"
COUNT_OF_TRUE = "the sum of booleans counts those that are true"

ANY_TYPE = ["count", "distinct count", "any", "first", "last", "last by index", "dominant", "unique", "distinct leaf"]
ORDERED = ["min", "max"]
NUMBERS = [
    "sum", "sum not null", "abs sum", "sum abs", "avg", "mean", "last minus first", "high minus low", "gmv", "stddev", "var",
    "pct sum parent", "pct sum total", "pct sum grand total", "mul", "low", "high", "median", "q1", "q3",
]  # fmt: skip
BY_TYPE = {
    "units": ANY_TYPE + ORDERED + NUMBERS,
    "price": ANY_TYPE + ORDERED + NUMBERS,
    "city": [*ANY_TYPE, "min", "max", "median", "q1", "q3", "join"],
    "paid": [*ANY_TYPE, "and", "or"],
    "day": [*ANY_TYPE, *ORDERED, "median", "q1", "q3", "low", "high"],
    "at": [*ANY_TYPE, *ORDERED, "median", "q1", "q3", "low", "high"],
}


def aggregate(name: str, column: str, aggregate: Any, data: Any = None, **config: Any) -> Scenario:
    config = {"group_by": ["region"], "columns": [column], **config}
    reads = [read("to_columns")]
    schema = read("schema")
    if aggregate == "join" and column != "city":
        schema = differs(schema, {column: "string"}, "joined values are text, and typed so")
    return scenario(name, table(SALES if data is None else data), view(aggregates={column: aggregate}, **config), *reads, schema, read("to_csv"))


SHAPES: dict[str, dict[str, Any]] = {
    "one_level": {},
    "two_levels": {"group_by": ["region", "city"]},
    "split": {"split_by": ["city"]},
    "flat_mode": {"group_by": ["region", "city"], "group_rollup_mode": "flat"},
    "total": {"group_by": [], "group_rollup_mode": "total"},
}

EACH = [
    aggregate(f"{shape}/{column}/{name}", column, name, **config)
    for shape, config in SHAPES.items()
    for column, names in BY_TYPE.items()
    for name in names
    if not (shape == "split" and column == "city")
]

# Whole numbers over two levels: subtotals are taken from rows, not from subtotals.
WORKED = [
    aggregate(f"worked/{name}", "x", name, LEVELS, group_by=["g", "h"])
    for name in [*ANY_TYPE, *ORDERED, *NUMBERS, "join"]
]

GAPS = rows("region", "city", "i", "f", "s", "b", "w", of=[
    ["A", "u", 3, 1.5, "x", True, 1], ["A", "v", -5, -2.0, None, None, 4], ["A", "u", None, None, "y", False, 9],
    ["A", "v", 3, 4.0, "x", True, 2], ["B", "u", None, None, None, None, 1], ["B", "u", None, None, None, None, None],
    ["C", "v", 7, 0.5, "z", False, None],
])  # fmt: skip

# Not affected by the reference's treatment of null.
NULL_SAFE = {
    "i": ["count", "sum", "sum not null", "abs sum", "sum abs", "avg", "mean", "distinct count", "first", "last", "last by index",
          "dominant", "unique", "stddev", "var", "pct sum parent", "pct sum total", "last minus first"],
    "f": ["count", "sum", "sum not null", "abs sum", "sum abs", "avg", "distinct count", "first", "last", "dominant", "unique",
          "stddev", "var", "pct sum parent", "pct sum total", "last minus first"],
    "s": ["count", "distinct count", "first", "last", "last by index", "dominant", "unique", "join"],
    "b": ["count", "distinct count", "first", "last", "dominant", "unique", "and", "or"],
}  # fmt: skip
NULLS = [
    aggregate(f"gaps/{column}/{name}", column, name, GAPS)
    for column, names in NULL_SAFE.items()
    for name in names
] + [
    aggregate(f"gaps_two_levels/{column}/{name}", column, name, GAPS, group_by=["region", "city"])
    for column, names in NULL_SAFE.items()
    for name in names
]


def righted(name: str, column: str, aggregate: Any, values: list[Any], why: str, data: Any = None) -> Scenario:
    return scenario(
        f"righted/{name}", table(GAPS if data is None else data),
        view(group_by=["region"], columns=[column], aggregates={column: aggregate}),
        differs(read("to_columns"), {"__ROW_PATH__": [[], ["A"], ["B"], ["C"]], column: values}, why),
    )


RIGHTED = [
    righted("min", "i", "min", [-5, -5, None, 7], ONE_NULL),
    righted("max", "i", "max", [7, 3, None, 7], ONE_NULL),
    righted("min_float", "f", "min", [-2.0, -2.0, None, 0.5], ONE_NULL),
    righted("max_float", "f", "max", [4.0, 4.0, None, 0.5], ONE_NULL),
    righted("max_string", "s", "max", ["z", "y", None, "z"], ONE_NULL),
    righted("min_string", "s", "min", ["x", "x", None, "z"], ONE_NULL),
    righted("any", "i", "any", [3, 3, None, 7], "a group without a value has none, not 0"),
    righted("mul", "i", "mul", [-315, -45, None, 7], ONE_NULL),
    righted("high_minus_low", "i", "high minus low", [12, 8, None, 0], ONE_NULL),
    righted("sum_boolean", "b", "sum", [2, 2, None, 0], COUNT_OF_TRUE),
]

BY = [
    aggregate("by/weighted_mean", "units", ["weighted mean", ["price"]]),
    aggregate("by/weighted_mean_float", "price", ["weighted mean", ["units"]]),
    aggregate("by/weighted_mean_gaps", "i", ["weighted mean", ["w"]], GAPS),
    aggregate("by/weighted_mean_levels", "x", ["weighted mean", ["w"]], LEVELS, group_by=["g", "h"]),
    aggregate("by/weighted_mean_split", "x", ["weighted mean", ["w"]], LEVELS, group_by=["g"], split_by=["h"]),
    aggregate("by/max_by", "units", ["max by", ["price"]]),
    aggregate("by/min_by", "units", ["min by", ["price"]]),
    aggregate("by/max_by_string", "city", ["max by", ["price"]]),
    aggregate("by/min_by_string", "city", ["min by", ["price"]]),
    aggregate("by/max_by_date", "city", ["max by", ["day"]]),
    aggregate("by/min_by_text_key", "units", ["min by", ["city"]]),
    aggregate("by/max_by_levels", "x", ["max by", ["w"]], LEVELS, group_by=["g", "h"]),
    aggregate("by/max_by_two_levels", "price", ["max by", ["units"]], group_by=["region", "city"]),
    aggregate("by/string_argument", "units", ["weighted mean", "price"]),
]

SEVERAL = [
    scenario("several/one_each", table(SALES), view(group_by=["region"], columns=["units", "price", "city"],
             aggregates={"units": "avg", "price": "max", "city": "distinct count"}), read("to_columns"), read("schema"), read("get_config")),
    scenario("several/defaults", table(SALES), view(group_by=["region"]), read("to_columns"), read("schema"), read("get_config")),
    scenario("several/default_expression", table(SALES), view(group_by=["region"], expressions={"e": '"units" * 2', "u": 'upper("city")'},
             columns=["e", "u"]), read("to_columns"), read("schema"), read("get_config")),
    scenario("several/expression", table(SALES), view(group_by=["region"], expressions={"e": '"units" * 2'}, columns=["e"],
             aggregates={"e": "avg"}), read("to_columns"), read("schema")),
    scenario("several/unused", table(SALES), view(group_by=["region"], columns=["units"], aggregates={"units": "sum", "price": "avg"}),
             read("to_columns"), read("get_config")),
    scenario("several/flat_view_ignores", table(SALES), view(columns=["units"], aggregates={"units": "avg"}), read("to_columns"),
             read("schema"), read("get_config")),
    scenario("several/same_column_twice", table(SALES), view(group_by=["region"], columns=["units", "units"]), read("to_csv")),
    scenario("several/group_column_itself", table(SALES), view(group_by=["region"], columns=["region", "units"]), read("to_columns"),
             read("to_csv"), read("to_arrow")),
]

WIDTHS = [
    scenario("width/int32_sum", table(arrow(("x", "int32", [2147483647] * 3))), view(group_by=["x"]), read("to_columns"), read("to_arrow")),
    scenario("width/int64_sum", table(arrow(("x", "int64", [2**53 + 1, 1]))), view(group_rollup_mode="total"), read("to_columns")),
    scenario("width/int8_sum", table(arrow(("x", "int8", [127, 127]))), view(group_rollup_mode="total"), read("to_columns"), read("to_arrow")),
    scenario("width/uint64_sum", table(arrow(("x", "uint64", [2**63 + 1, 5]))), view(group_rollup_mode="total"), read("to_columns")),
    scenario("width/float32_sum", table(arrow(("x", "float32", [0.1, 0.2]))), view(group_rollup_mode="total"), read("to_columns")),
    scenario("width/int32_avg", table(arrow(("x", "int32", [1, 2]))), view(group_rollup_mode="total", aggregates={"x": "avg"}), read("to_columns"), read("to_arrow")),
    scenario("width/nan_sum", table(arrow(("g", "string", ["a", "b"]), ("x", "float64", ["NaN", 1.0]))), view(group_by=["g"], columns=["x"]), read("to_columns")),
    scenario("width/plain_addition", table({"x": [1e16, 1.0, 1.0, -1e16]}), view(group_rollup_mode="total"), unstable(read("to_columns"), "0.0 by plain addition, 2.0 when compensated")),
]

LIVE_NAMES = ["sum", "avg", "count", "distinct count", "min", "max", "first", "last", "median", "dominant", "unique", "stddev", "any", "mul", "abs sum", "sum abs"]
LIVE = [
    scenario(
        f"live/{name}", table(rows("k", "g", "x", of=[[1, "a", 3], [2, "a", 9], [3, "b", 5], [4, "b", 5]]), index="k"),
        view(group_by=["g"], columns=["x"], aggregates={"x": name}), read("to_columns"),
        update([{"k": 2, "x": 1}]), read("to_columns"),
        update([{"k": 5, "g": "a", "x": 7}, {"k": 3, "g": "a"}]), read("to_columns"),
        call("t", "remove", [1]), read("to_columns"),
        call("t", "remove", [4]), read("to_columns"),
    )
    for name in LIVE_NAMES
]  # fmt: skip

WRONG = [
    scenario(f"wrong/{name}", table(SALES), view(group_by=["region"], aggregates=aggregates))
    for name, aggregates in {
        "unknown_name": {"units": "bogus"},
        "unknown_column": {"zz": "sum"},
        "identity": {"units": "identity"},
        "concat": {"city": "concat"},
        "weighted_without_column": {"units": "weighted mean"},
        "sum_of_string": {"city": "sum"},
        "avg_of_string": {"city": "avg"},
        "avg_of_date": {"day": "avg"},
        "sum_of_date": {"day": "sum"},
        "weighted_unknown_column": {"units": ["weighted mean", ["zz"]]},
    }.items()
]

SCENARIOS: list[Scenario] = [*EACH, *WORKED, *NULLS, *RIGHTED, *BY, *SEVERAL, *WIDTHS, *LIVE, *WRONG]
