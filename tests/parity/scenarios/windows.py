"""Window columns: every operation and frame, order, partition, what may use them, errors, updates (semantics 6)."""

from __future__ import annotations

from typing import Any

from ..support.steps import Scenario, call, differs, heard, listen, read, rows, scenario, table, update, view

ORDERED = rows("k", "g", "o", "x", "y", "s", "d", "t", of=[
    [1, "a", 10, 1, 1.0, "p", "2020-01-31", "2020-01-01 00:00:00"],
    [2, "b", 20, 2, 2.5, "q", "2020-02-01", "2020-01-01 00:00:02"],
    [3, "a", 15, 4, 4.0, "r", "2020-02-09", "2020-01-01 00:00:03"],
    [4, "b", 25, 8, -2.0, "a", "2020-02-09", "2020-01-01 00:00:10"],
    [5, "a", 12, 16, 8.0, "b", "2020-03-01", "2020-01-01 00:01:00"],
    [6, "b", 20, 32, 3.0, "c", "2020-03-02", "2020-01-01 00:01:01"],
])  # fmt: skip
GAPS = rows("k", "y", of=[[1, 1.0], [2, None], [3, 4.0], [4, 2.0], [5, 8.0], [6, 3.0]])

FRAMES: dict[str, dict[str, Any]] = {
    "none": {},
    "cumulative": {"cumulative": True},
    "rows_0": {"rows": 0},
    "rows_1": {"rows": 1},
    "rows_2": {"rows": 2},
    "rows_100": {"rows": 100},
    "range_5": {"range": 5, "order_by": ["o", "asc"]},
    "range_5_desc": {"range": 5, "order_by": ["o", "desc"]},
    "ordered": {"order_by": ["o", "asc"]},
    "ordered_desc": {"order_by": ["o", "desc"]},
    "partitioned": {"partition_by": ["g"]},
    "partitioned_ordered": {"partition_by": ["g"], "order_by": ["o", "asc"]},
    "partitioned_rows": {"partition_by": ["g"], "order_by": ["o", "desc"], "rows": 1},
}


def window(name: str, spec: dict[str, Any], data: Any = None, **config: Any) -> Scenario:
    config.setdefault("columns", ["k", "w"])
    return scenario(name, table(ORDERED if data is None else data, index="k"), view(windows={"w": spec}, **config),
                    read("to_columns"), read("schema"))


FRAMED = [
    window(f"{operation}/{column}/{frame}", {"column": column, "aggregate": operation, **spec})
    for operation in ["sum", "avg", "count", "min", "max", "stddev", "var"]
    for column in ["x", "y"]
    for frame, spec in FRAMES.items()
]

OFFSETS = [
    window(f"{operation}/{column}/{name}", {"column": column, "aggregate": operation, **spec})
    for operation in ["lag", "lead", "diff"]
    for column in (["x", "y", "s", "d", "t"] if operation != "diff" else ["x", "y"])
    for name, spec in {
        "default": {}, "zero": {"offset": 0}, "two": {"offset": 2}, "ordered": {"order_by": ["o", "asc"]},
        "partitioned": {"partition_by": ["g"], "offset": 1}, "beyond": {"offset": 10},
    }.items()
]  # fmt: skip

OTHERS = [
    window("ema/half", {"column": "y", "aggregate": "ema", "alpha": 0.5}),
    window("ema/one", {"column": "y", "aggregate": "ema", "alpha": 1}),
    window("ema/small", {"column": "x", "aggregate": "ema", "alpha": 0.1, "partition_by": ["g"]}),
    window("ema/ordered", {"column": "x", "aggregate": "ema", "alpha": 0.5, "order_by": ["o", "desc"]}),
    window("ema/gaps", {"column": "y", "aggregate": "ema", "alpha": 0.5}, GAPS),
    window("rate/range", {"column": "y", "aggregate": "rate", "range": 5, "order_by": ["o", "asc"]}),
    window("rate/datetime", {"column": "x", "aggregate": "rate", "range": 10000, "order_by": ["t", "asc"]}),
    window("rate/partitioned", {"column": "x", "aggregate": "rate", "range": 100, "order_by": ["o", "asc"], "partition_by": ["g"]}),
    window("range/date_days", {"column": "x", "aggregate": "sum", "range": 8, "order_by": ["d", "asc"]}),
    window("range/date_one_day", {"column": "x", "aggregate": "count", "range": 1, "order_by": ["d", "asc"]}),
    window("range/datetime_ms", {"column": "x", "aggregate": "sum", "range": 2000, "order_by": ["t", "asc"]}),
    window("range/datetime_minute", {"column": "x", "aggregate": "sum", "range": 60000, "order_by": ["t", "asc"]}),
    window("range/float_order", {"column": "x", "aggregate": "sum", "range": 2.5, "order_by": ["y", "asc"]}),
    window("min/text", {"column": "s", "aggregate": "min", "rows": 2}),
    window("max/text", {"column": "s", "aggregate": "max", "cumulative": True}),
    window("max/date", {"column": "d", "aggregate": "max"}),
    window("min/datetime", {"column": "t", "aggregate": "min", "rows": 1}),
    window("count/text", {"column": "s", "aggregate": "count"}),
    window("ordered/by_text", {"column": "x", "aggregate": "sum", "order_by": ["s", "asc"]}),
    window("ordered/ties", {"column": "x", "aggregate": "sum", "order_by": ["g", "asc"]}),
    window("partition/two", {"column": "x", "aggregate": "count", "partition_by": ["g", "o"]}),
    window("partition/by_date", {"column": "x", "aggregate": "sum", "partition_by": ["d"]}),
    *(window(f"gaps/{operation}/{name}", {"column": "y", "aggregate": operation, **spec}, GAPS)
      for operation in ["sum", "avg", "count", "min", "max", "stddev", "var", "lag", "lead", "diff"]
      for name, spec in ({"default": {}} if operation in ("lag", "lead", "diff") else {"rows": {"rows": 1}, "cumulative": {}}).items()),
]

NULL_ORDER = rows("k", "o", "x", of=[[1, None, 1], [2, 2, 2], [3, 1, 4]])
USED = [
    window("used/null_order", {"column": "x", "aggregate": "sum", "order_by": ["o", "asc"]}, NULL_ORDER),
    window("used/null_order_desc", {"column": "x", "aggregate": "sum", "order_by": ["o", "desc"]}, NULL_ORDER),
    window("used/null_range", {"column": "x", "aggregate": "sum", "order_by": ["o", "asc"], "range": 5}, NULL_ORDER),
    window("used/filtered_by_other", {"column": "x", "aggregate": "sum"}, filter=[["g", "==", "a"]]),
    window("used/filtered_by_itself", {"column": "x", "aggregate": "sum"}, filter=[["w", ">", 5]]),
    window("used/sorted", {"column": "x", "aggregate": "sum"}, sort=[["w", "desc"]]),
    window("used/grouped", {"column": "x", "aggregate": "sum"}, group_by=["g"], columns=["w", "x"]),
    window("used/grouped_average", {"column": "x", "aggregate": "avg", "rows": 1}, group_by=["g"], columns=["w"], aggregates={"w": "avg"}),
    window("used/split", {"column": "x", "aggregate": "sum"}, group_by=["g"], split_by=["s"], columns=["w"]),
    window("used/shown_by_default", {"column": "x", "aggregate": "sum"}, columns=["x"]),
    scenario("used/default_columns", table(ORDERED), view(windows={"w": {"column": "x", "aggregate": "sum"}}), read("to_columns")),
    scenario("used/two", table(ORDERED), view(windows={"w": {"column": "x", "aggregate": "sum"}, "u": {"column": "y", "aggregate": "max"}},
             columns=["w", "u"]), read("to_columns")),
    scenario("used/over_window", table(ORDERED), view(windows={"w": {"column": "x", "aggregate": "sum"}, "w_lag": {"column": "w", "aggregate": "lag"}},
             columns=["w", "w_lag"]), read("to_columns")),
    scenario("used/over_expression", table(ORDERED), view(expressions={"e": '"x" * 2'}, windows={"w": {"column": "e", "aggregate": "sum"}},
             columns=["e", "w"]), read("to_columns"), read("schema")),
    scenario("used/in_expression_refused", table(ORDERED), view(windows={"w": {"column": "x", "aggregate": "sum"}}, expressions={"e": '"w" + 1'})),
    scenario("used/get_config", table(ORDERED), view(windows={"w": {"column": "x", "aggregate": "sum"}}, columns=["w"]), differs(
        read("get_config"),
        {"group_by": [], "split_by": [], "sort": [], "filter": [], "group_rollup_mode": "rollup", "split_rollup_mode": "flat",
         "expressions": {}, "columns": ["w"], "aggregates": {}, "windows": {"w": {"column": "x", "aggregate": "sum"}}},
        "the config is echoed in full; the reference leaves windows out")),
    scenario("used/to_arrow", table(ORDERED), view(windows={"w": {"column": "x", "aggregate": "sum"}, "u": {"column": "s", "aggregate": "lag"}},
             columns=["w", "u"]), read("to_arrow"), read("to_csv")),
    scenario("used/expression_schema", table(ORDERED), view(windows={"w": {"column": "x", "aggregate": "sum"}}), read("expression_schema")),
    window("used/unindexed_empty", {"column": "x", "aggregate": "sum"}, {"$schema": {"k": "integer", "x": "integer"}}),
]

LIVE = [
    scenario(f"live/{name}", table(ORDERED, index="k"), view(windows={"w": spec}, columns=["k", "w"]), listen(mode="row"),
             update([{"k": 2, "x": 100, "y": 50.0}]), read("to_columns"), heard(),
             update([{"k": 7, "g": "a", "o": 13, "x": 64, "y": 9.0}]), read("to_columns"), heard(),
             call("t", "remove", [3]), read("to_columns"),
             update([{"k": 5, "g": "b", "o": 1}]), read("to_columns"))
    for name, spec in {
        "cumulative": {"column": "x", "aggregate": "sum"},
        "rows": {"column": "x", "aggregate": "sum", "rows": 1},
        "partitioned": {"column": "x", "aggregate": "sum", "partition_by": ["g"]},
        "ordered": {"column": "x", "aggregate": "sum", "order_by": ["o", "asc"]},
        "range": {"column": "x", "aggregate": "sum", "order_by": ["o", "asc"], "range": 5},
        "lag": {"column": "x", "aggregate": "lag"},
        "lead": {"column": "x", "aggregate": "lead", "partition_by": ["g"], "order_by": ["o", "desc"]},
        "ema": {"column": "y", "aggregate": "ema", "alpha": 0.5},
        "max": {"column": "y", "aggregate": "max", "rows": 2},
        "diff": {"column": "x", "aggregate": "diff"},
    }.items()
]  # fmt: skip

WRONG = [
    scenario(f"wrong/{name}", table(ORDERED), view(windows={"x" if name == "alias_is_column" else "w": spec}))
    for name, spec in {
        "operation": {"column": "x", "aggregate": "bogus"},
        "first": {"column": "x", "aggregate": "first"},
        "lag_with_rows": {"column": "x", "aggregate": "lag", "rows": 1},
        "rate_without_range": {"column": "x", "aggregate": "rate"},
        "range_without_order": {"column": "x", "aggregate": "sum", "range": 1},
        "range_by_text": {"column": "x", "aggregate": "sum", "range": 1, "order_by": ["s", "asc"]},
        "range_negative": {"column": "x", "aggregate": "sum", "range": -1, "order_by": ["o", "asc"]},
        "range_zero": {"column": "x", "aggregate": "sum", "range": 0, "order_by": ["o", "asc"]},
        "ema_without_alpha": {"column": "x", "aggregate": "ema"},
        "ema_alpha_two": {"column": "x", "aggregate": "ema", "alpha": 2},
        "ema_alpha_zero": {"column": "x", "aggregate": "ema", "alpha": 0},
        "text_sum": {"column": "s", "aggregate": "sum"},
        "unknown_column": {"column": "zz", "aggregate": "sum"},
        "unknown_partition": {"column": "x", "aggregate": "sum", "partition_by": ["zz"]},
        "unknown_order": {"column": "x", "aggregate": "sum", "order_by": ["zz", "asc"]},
        "alias_is_column": {"column": "x", "aggregate": "sum"},
        "two_frames": {"column": "x", "aggregate": "sum", "rows": 1, "cumulative": True},
        "cumulative_false": {"column": "x", "aggregate": "sum", "cumulative": False},
        "unknown_key": {"column": "x", "aggregate": "sum", "foo": 1},
        "direction": {"column": "x", "aggregate": "sum", "order_by": ["o", "down"]},
        "no_column": {"aggregate": "sum"},
        "no_aggregate": {"column": "x"},
    }.items()
    if name != "first"
]  # fmt: skip

SCENARIOS: list[Scenario] = [*FRAMED, *OFFSETS, *OTHERS, *USED, *LIVE, *WRONG]
