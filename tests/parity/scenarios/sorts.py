"""Sorting: every direction on every type, ties, hidden columns, pivots and column sorts (semantics 4.3)."""

from __future__ import annotations

from typing import Any

from ..support.data import GAPS, LEVELS, SALES
from ..support.steps import Scenario, arrow, call, read, scenario, table, update, view

COLUMNS = ["region", "city", "units", "price", "paid", "day", "at"]
DIRECTIONS = ["none", "asc", "desc", "asc abs", "desc abs", "col asc", "col desc", "col asc abs", "col desc abs"]


def sorted_by(name: str, sort: list[Any], data: Any = None, **config: Any) -> Scenario:
    return scenario(name, table(SALES if data is None else data), view(sort=sort, **config), read("to_columns"), read("schema"))


FLAT = [
    sorted_by(f"flat/{column}/{direction}/{form}", [[column, direction]], data, columns=[column, "city"] if column != "city" else ["city", "units"])
    for column in COLUMNS
    for direction in ["asc", "desc", "none"] + (["asc abs", "desc abs"] if column in ("units", "price") else [])
    for form, data in {"full": SALES, "gaps": GAPS}.items()
]

SEVERAL = [
    sorted_by("several/two_keys", [["region", "asc"], ["units", "desc"]]),
    sorted_by("several/three_keys", [["paid", "desc"], ["region", "asc"], ["price", "asc"]]),
    sorted_by("several/ties_keep_row_order", [["region", "desc"]]),
    sorted_by("several/repeated_column", [["units", "asc"], ["units", "desc"]]),
    sorted_by("several/gaps", [["region", "asc"], ["units", "desc"]], GAPS),
    sorted_by("several/unicode", [["s", "asc"]], [{"s": s} for s in ["b", "B", "ä", "a", "Z", "日", "🙂", "", "aa"]]),
    sorted_by("several/unicode_desc", [["s", "desc"]], [{"s": s} for s in ["b", "B", "ä", "a", "Z", "日", "🙂", "", "aa"]]),
    sorted_by("hidden/flat", [["units", "desc"]], columns=["city"]),
    sorted_by("hidden/flat_two", [["region", "asc"], ["units", "desc"]], columns=["price"]),
    sorted_by("expression/sort_by_it", [["e", "desc"]], expressions={"e": '"units" * "price"'}, columns=["city"]),
    sorted_by("window/sort_by_it", [["w", "desc"]], windows={"w": {"column": "units", "aggregate": "sum"}}, columns=["units", "w"]),
    sorted_by("viewport/sorted_window", [["units", "desc"]]),
    scenario("viewport/rows", table(SALES), view(sort=[["units", "desc"]]), read("to_columns", start_row=1, end_row=3)),
    scenario("indexed/ties_in_key_order", table(SALES, index="price"), view(sort=[["region", "asc"]]), read("to_columns")),
    scenario("indexed/desc_ties", table(SALES, index="price"), view(sort=[["region", "desc"]]), read("to_columns")),
    scenario("special_floats/asc", table(arrow(("x", "float64", [1.0, "NaN", "inf", "-inf", None, -2.0]))), view(sort=[["x", "asc"]]), read("to_csv")),
    scenario("special_floats/desc", table(arrow(("x", "float64", [1.0, "NaN", "inf", "-inf", None, -2.0]))), view(sort=[["x", "desc"]]), read("to_csv")),
]

PIVOT = [
    sorted_by(f"pivot/{column}/{direction}", [[column, direction]], group_by=["region"], columns=["units", "price"])
    for column in ["units", "price", "region", "city"]
    for direction in ["asc", "desc", "asc abs", "desc abs"]
    if not (column in ("region", "city") and "abs" in direction)
] + [
    sorted_by(f"pivot2/{column}/{direction}", [[column, direction]], group_by=["region", "city"], columns=["units", "price"])
    for column in ["units", "price", "city", "region"]
    for direction in ["asc", "desc"]
] + [
    sorted_by("pivot/two_keys", [["price", "desc"], ["units", "asc"]], group_by=["city"], columns=["units", "price"]),
    sorted_by("pivot/hidden", [["price", "desc"]], group_by=["city"], columns=["units"]),
    sorted_by("pivot/hidden_with_aggregate", [["price", "desc"]], group_by=["city"], columns=["units"], aggregates={"price": "max"}),
    sorted_by("pivot/by_count", [["city", "desc"]], group_by=["region"], columns=["city"]),
    sorted_by("pivot/by_average", [["price", "asc"]], group_by=["city"], columns=["price"], aggregates={"price": "avg"}),
    sorted_by("pivot/flat_rollup", [["units", "desc"]], group_by=["region", "city"], columns=["units"], group_rollup_mode="flat"),
    sorted_by("pivot/ties_by_key", [["x", "asc"]], LEVELS, group_by=["h"], columns=["x"], aggregates={"x": "count"}),
    sorted_by("pivot/group_null_asc", [["region", "asc"]], GAPS, group_by=["region"], columns=["units"]),
    sorted_by("pivot/group_null_desc", [["region", "desc"]], GAPS, group_by=["region"], columns=["units"]),
    sorted_by("pivot/aggregate_null", [["units", "asc"]], GAPS, group_by=["city"], columns=["units"]),
    sorted_by("pivot/aggregate_null_desc", [["units", "desc"]], GAPS, group_by=["city"], columns=["units"]),
]

SPLIT = [
    sorted_by(f"split/{column}/{direction}", [[column, direction]], group_by=["region"], split_by=["city"], columns=["units", "price"])
    for column in ["units", "price"]
    for direction in DIRECTIONS
] + [
    sorted_by(f"split_only/{direction}", [["units", direction]], split_by=["city"], columns=["units"])
    for direction in ["asc", "desc", "col asc", "col desc"]
] + [
    sorted_by("split/hidden", [["price", "desc"]], group_by=["region"], split_by=["city"], columns=["units"]),
    sorted_by("split/hidden_col", [["price", "col desc"]], group_by=["region"], split_by=["city"], columns=["units"]),
    sorted_by("split/row_and_col", [["units", "desc"], ["units", "col desc"]], group_by=["region"], split_by=["city"], columns=["units"]),
    sorted_by("split/two_levels_col", [["units", "col asc"]], group_by=["region"], split_by=["city", "paid"], columns=["units"]),
    sorted_by("col_without_split/ignored", [["units", "col desc"]], group_by=["region"], columns=["units"]),
    sorted_by("col_without_split/flat", [["units", "col desc"]], columns=["units"]),
]

LIVE = [
    scenario("live/flat", table(SALES, index="price"), view(sort=[["units", "desc"]], columns=["units", "price"]), read("to_columns"),
             update([{"price": 1.5, "units": 100}]), read("to_columns"), call("t", "remove", [10.0]), read("to_columns")),
    scenario("live/pivot", table(SALES), view(sort=[["units", "desc"]], group_by=["city"], columns=["units"]), read("to_columns"),
             update([{"city": "Bern", "units": 50}]), read("to_columns"), update([{"city": "Aachen", "units": 20}]), read("to_columns")),
    scenario("live/split", table(SALES), view(sort=[["units", "col desc"]], group_by=["region"], split_by=["city"], columns=["units"]),
             read("to_columns"), update([{"city": "Bern", "region": "East", "units": 50}]), read("to_columns")),
    scenario("live/same_value", table(SALES, index="price"), view(sort=[["units", "asc"]], columns=["units", "price"]),
             update([{"price": 1.5, "units": 3}]), read("to_columns")),
]

WRONG = [
    scenario("wrong/unknown_column", table(SALES), view(sort=[["zz", "asc"]])),
    scenario("wrong/unknown_direction", table(SALES), view(sort=[["units", "up"]])),
    scenario("wrong/too_short", table(SALES), view(sort=[["units"]])),
]

SCENARIOS: list[Scenario] = [*FLAT, *SEVERAL, *PIVOT, *SPLIT, *LIVE, *WRONG]
