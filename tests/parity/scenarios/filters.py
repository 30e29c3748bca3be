"""Filters: every operator on every type, null operands, value forms, and/or, live filters (semantics 4.2)."""

from __future__ import annotations

from typing import Any

from ..support.data import GAPS, SALES
from ..support.steps import Scenario, call, differs, raises, read, scenario, table, update, view

RIGHT = "the value is read for what it says"
NO_NULL_PASSES = "a comparison with null passes nothing"

NUMBER_OPS = ["==", "!=", ">", ">=", "<", "<="]
TEXT_OPS = ["begins with", "ends with", "contains", "matches", "not begins with", "not ends with", "not contains", "not matches"]

VALUES: dict[str, list[Any]] = {
    "units": [3, 0, -5, 100, "3"],
    "price": [1.5, 4, -1.0, "2.25"],
    "region": ["East", "east", "", "Zzz"],
    "paid": [True, False],
    "day": ["2020-01-01", 1577836800000, "2020/02/01"],
    "at": ["2020-01-01 10:00:00", "2020-01-01T10:00:00Z", 1577872800000, "2020-01-01"],
}


def kept(name: str, filters: list[Any], data: Any = None, **config: Any) -> Scenario:
    return scenario(name, table(SALES if data is None else data), view(filter=filters, **config), read("to_columns"))


def slug(value: Any) -> str:
    return (f"text {value}" if isinstance(value, str) else str(value)).replace("/", "-")


def with_value(name: str, filters: list[Any], answer: Any, why: str) -> Scenario:
    return scenario(name, table(GAPS), view(filter=filters, columns=["city", "units"]), differs(read("to_columns"), answer, why))


COMPARISONS = [
    kept(f"compare/{column}/{op}/{slug(value)}/{form}", [[column, op, value]], data, columns=[column])
    for column, values in VALUES.items()
    for value in values
    for op in NUMBER_OPS
    if not (column == "paid" and op not in ("==", "!="))
    for form, data in {"full": SALES, "gaps": GAPS}.items()
]

TEXTS = [
    kept(f"text/{op}/{slug(value)}/{form}", [["city", op, value]], data, columns=["city"])
    for op in TEXT_OPS
    for value in ["O", "o", "e", "Rome", "", "^R", "[a-o]m"]
    for form, data in {"full": SALES, "gaps": GAPS}.items()
]

NULLS = [
    kept(f"null/{op}/{column}", [[column, op, None]], GAPS, columns=[column])
    for op in ["is null", "is not null", "=="]
    for column in VALUES
]

MEMBERS = [
    kept(f"in/{op}/{column}/{number}", [[column, op, value]], GAPS, columns=[column])
    for op in ["in", "not in"]
    for column, choices in {
        "units": [[3, 8], [3], [], [99], 3],
        "region": [["East", "West"], ["East"], [], ["x"], "East", ["East", None]],
        "price": [[1.5, 4.0], []],
        "day": [["2020-01-01"], ["2020-01-01", "2020-02-01"]],
        "at": [["2020-01-01 10:00:00"]],
        "paid": [[True], [True, False]],
    }.items()
    for number, value in enumerate(choices)
]

SEVERAL = [
    kept("several/and", [["units", ">", 0], ["region", "==", "East"]]),
    kept("several/and_named", [["units", ">", 0], ["region", "==", "East"]], filter_op="and"),
    kept("several/or", [["units", ">", 3], ["region", "==", "East"]], filter_op="or"),
    kept("several/same_column", [["units", ">", 0], ["units", "<", 5]]),
    kept("several/or_same_column", [["units", "<", 0], ["units", ">", 5]], filter_op="or"),
    kept("several/three", [["units", ">", 0], ["price", ">", 0], ["paid", "==", True]]),
    kept("several/none_pass", [["units", ">", 1000]]),
    kept("several/empty_list", []),
    kept("several/or_one", [["units", ">", 3]], filter_op="or"),
    kept("grouped/by_region", [["units", ">", 0]], group_by=["region"], columns=["units", "price"]),
    kept("grouped/split", [["units", ">", 0]], group_by=["region"], split_by=["city"], columns=["units"]),
    kept("grouped/none_pass", [["units", ">", 1000]], group_by=["region"], columns=["units"]),
    kept("grouped/split_none_pass", [["units", ">", 1000]], group_by=["region"], split_by=["city"], columns=["units"]),
    kept("hidden/column_not_shown", [["paid", "==", True]], columns=["city"]),
    kept("expression/filter_on_it", [["e", ">", 4]], expressions={"e": '"units" * "price"'}, columns=["e", "city"]),
    kept("expression/filter_text", [["e", "==", "OSLO"]], expressions={"e": 'upper("city")'}, columns=["city"]),
    kept("window/filter_on_it", [["w", ">", 2]], windows={"w": {"column": "units", "aggregate": "sum"}}, columns=["units", "w"]),
    kept("sorted/filter_and_sort", [["units", ">", 0]], sort=[["price", "desc"]]),
]

WRONG = [
    scenario(f"wrong/{name}", table(SALES), view(**config))
    for name, config in {
        "unknown_column": {"filter": [["zz", "==", 1]]},
        "unknown_op": {"filter": [["units", "bogus", 1]]},
        "two_long": {"filter": [["units", "=="]]},
        "four_long": {"filter": [["units", "==", 1, 2]]},
        "unknown_filter_op": {"filter": [["units", "==", 1]], "filter_op": "xor"},
        "junk_date": {"filter": [["day", "==", "junk"]]},
        "junk_datetime": {"filter": [["at", "==", "junk"]]},
        "not_a_list": {"filter": "units"},
    }.items()
]

RIGHTED = [
    with_value("righted/integer_with_fraction", [["units", "==", 1.5]], {"city": [], "units": []}, RIGHT),
    with_value("righted/boolean_text_true", [["paid", "==", "true"]], {"city": ["Oslo", "Bern"], "units": [3, 1]}, RIGHT),
    with_value("righted/boolean_text_false", [["paid", "==", "false"]], {"city": ["Rome", "Oslo"], "units": [None, 8]}, RIGHT),
    with_value("righted/greater_than_null", [["units", ">", None]], {"city": [], "units": []}, NO_NULL_PASSES),
    scenario("righted/invalid_regex", table(SALES), differs(view(filter=[["city", "matches", "("]]), raises(), "a bad pattern is an error")),
]

LIVE = [
    scenario(
        f"live/{name}", table(SALES, index="city") if index else table(SALES),
        view(filter=[["units", ">", 2]], columns=["city", "units"], **config),
        read("to_columns"), *changes, read("to_columns"), read("num_rows"),
    )
    for index, name, changes, config in [
        (True, "row_leaves", [update([{"city": "Oslo", "units": 0}])], {}),
        (True, "row_enters", [update([{"city": "Bern", "units": 10}])], {}),
        (True, "row_stays", [update([{"city": "Rome", "units": 7}])], {}),
        (True, "row_removed", [update([{"city": "Bern", "units": 7}]), call("t", "remove", ["Bern"])], {}),
        (False, "append", [update([{"city": "Kyiv", "units": 7}, {"city": "Riga", "units": 1}])], {}),
        (False, "append_sorted", [update([{"city": "Kyiv", "units": 7}])], {"sort": [["units", "desc"]]}),
        (False, "append_grouped", [update([{"city": "Oslo", "units": 7}, {"city": "Riga", "units": 1}])], {"group_by": ["city"]}),
        (False, "clear", [call("t", "clear")], {}),
    ]
]

SCENARIOS: list[Scenario] = [*COMPARISONS, *TEXTS, *NULLS, *MEMBERS, *SEVERAL, *WRONG, *RIGHTED, *LIVE]
