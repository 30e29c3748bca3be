"""View configuration: columns, group_by, split_by, depth and rollup modes, and what is wrong with a config (semantics 4.1)."""

from __future__ import annotations

from typing import Any

from ..support.data import GAPS, LEVELS, SALES, TYPES
from ..support.steps import Scenario, arrow, call, differs, read, rows, scenario, table, update, view

DEEP = rows("a", "b", "c", "x", "y", of=[
    ["p", "k", True, 1, 0.5], ["p", "k", False, 2, 1.5], ["p", "l", True, 3, 2.5], ["q", "k", True, 4, 3.5],
    ["q", "m", False, 5, 4.5], ["p", "l", True, 6, 5.5], ["r", "m", True, 7, 6.5], ["q", "k", False, 8, 7.5],
])  # fmt: skip

READS = [read("to_columns"), read("schema"), read("num_rows"), read("num_columns"), read("column_paths"), read("to_csv")]


def shown(name: str, data: Any = None, **config: Any) -> Scenario:
    return scenario(name, table(DEEP if data is None else data), view(**config), *READS)


COLUMNS = [
    shown("columns/all", SALES),
    shown("columns/some", SALES, columns=["price", "region"]),
    shown("columns/order", SALES, columns=["at", "day", "paid", "price"]),
    shown("columns/none", SALES, columns=[]),
    shown("columns/placeholder_null", SALES, columns=["price", None, "region"]),
    shown("columns/only_nulls", SALES, columns=[None]),
    shown("columns/twice", columns=["x", "x"]),
    shown("columns/none_grouped", group_by=["a"], columns=[]),
    shown("columns/none_split", group_by=["a"], split_by=["b"], columns=[]),
    shown("columns/with_expression", columns=["e", "x"], expressions={"e": '"x" + 1'}),
    shown("columns/expression_is_shown_by_default", expressions={"e": '"x" + 1'}),
]

GROUPED_BY_WINDOW = '"w","x"\n,36\n1,12\n2,7\n3,11\n4,6\n'

GROUPS = [
    shown(f"group/{column}/{form}", data, group_by=[column], columns=["units", "price"])
    for column in TYPES
    for form, data in {"full": SALES, "gaps": GAPS}.items()
] + [
    shown("group/two", group_by=["a", "b"], columns=["x"]),
    shown("group/three", group_by=["a", "b", "c"], columns=["x", "y"]),
    shown("group/order_of_levels", group_by=["b", "a"], columns=["x"]),
    shown("group/defaults", SALES, group_by=["region"]),
    shown("group/by_expression", group_by=["e"], columns=["x"], expressions={"e": '"x" % 2'}),
    shown("group/by_bucket", SALES, group_by=["m"], columns=["units"], expressions={"m": "bucket(\"at\", 'M')"}),
    scenario("group/by_window", table(DEEP), view(group_by=["w"], columns=["x"], windows={"w": {"column": "x", "aggregate": "count",
             "partition_by": ["a"]}}), *READS[:5],
             differs(read("to_csv"), GROUPED_BY_WINDOW, "the reference cannot write groups of a window column as CSV")),
    shown("group/itself", group_by=["a"], columns=["a", "x"]),
    shown("group/gaps_two", GAPS, group_by=["region", "city"], columns=["units"]),
    shown("group/words_like_null", [{"s": "null", "x": 1}, {"s": None, "x": 2}, {"s": "", "x": 4}], group_by=["s"], columns=["x"]),
    shown("group/case_matters", [{"s": s, "x": 1} for s in ["b", "B", "a", "A", "ä", "日"]], group_by=["s"], columns=["x"]),
    shown("group/negative_zero", [{"f": f, "x": 1} for f in [0.0, -0.0, 1.5, -1.5]], group_by=["f"], columns=["x"]),
    shown("group/many", [{"s": f"k{i % 37:02}", "x": i} for i in range(300)], group_by=["s"], columns=["x"]),
    shown("group/no_rows", {"$schema": {"s": "string", "x": "integer"}}, group_by=["s"], columns=["x"]),
    shown("group/one_row", [{"s": "a", "x": 1}], group_by=["s"], columns=["x"]),
    shown("group/levels", LEVELS, group_by=["g", "h"]),
    scenario("group/arrow_types", table(arrow(("k", "int8", [1, 2, 1]), ("u", "uint16", [1, 2, 3]), ("f", "float32", [0.5, 1.5, 2.5]))),
             view(group_by=["k"]), *READS, read("to_arrow")),
]

SPLITS = [
    shown(f"split/{column}/{form}", data, group_by=["region"], split_by=[column], columns=["units"])
    for column in TYPES
    if column != "region"
    for form, data in {"full": SALES, "gaps": GAPS}.items()
    if not (form == "gaps" and column in ("city",))
] + [
    shown(f"split_only/{column}", SALES, split_by=[column], columns=["units"])
    for column in TYPES
] + [
    shown("split/two", group_by=["a"], split_by=["b", "c"], columns=["x"]),
    shown("split/two_measures", group_by=["a"], split_by=["b"], columns=["x", "y"]),
    shown("split/group_two", group_by=["a", "b"], split_by=["c"], columns=["x"]),
    shown("split/same_as_group", group_by=["a"], split_by=["a"], columns=["x"]),
    shown("split_only/two", split_by=["a", "b"], columns=["x"]),
    shown("split_only/two_measures", split_by=["c"], columns=["x", "y"]),
    shown("split/by_expression", group_by=["a"], split_by=["e"], columns=["x"], expressions={"e": '"x" % 2'}),
    shown("split/pipe_in_value", [{"g": "a", "s": "x|y", "v": 1}, {"g": "a", "s": "z", "v": 2}], group_by=["g"], split_by=["s"], columns=["v"]),
    shown("split/float_headers", [{"g": "a", "s": s, "v": 1} for s in [1.5, 2.0, 1e21, -0.25]], group_by=["g"], split_by=["s"], columns=["v"]),
    shown("split/no_rows", {"$schema": {"g": "string", "s": "string", "x": "integer"}}, split_by=["s"], columns=["x"]),
    shown("split/unicode", [{"g": "a", "s": s, "v": 1} for s in ["ä", "日", "", " "]], group_by=["g"], split_by=["s"], columns=["v"]),
]

MODES = [
    shown(f"rollup/{mode}/{form}", group_rollup_mode=mode, columns=["x", "y"], **config)
    for mode in ["rollup", "flat", "total"]
    for form, config in {
        "plain": {},
        "one": {"group_by": ["a"]},
        "two": {"group_by": ["a", "b"]},
        "split": {"group_by": ["a"], "split_by": ["c"]},
        "split_only": {"split_by": ["c"]},
        "aggregates": {"group_by": ["a"], "aggregates": {"x": "avg", "y": "max"}},
        "filtered": {"group_by": ["a"], "filter": [["x", ">", 2]]},
        "sorted": {"group_by": ["a", "b"], "sort": [["x", "desc"]]},
    }.items()
    if not (mode == "total" and "group_by" in config)
] + [
    shown(f"split_rollup/{mode}/{form}", split_rollup_mode=mode, columns=["x", "y"], **config)
    for mode in ["flat", "rollup"]
    for form, config in {
        "one": {"group_by": ["a"], "split_by": ["c"]},
        "two": {"group_by": ["a"], "split_by": ["b", "c"]},
        "only": {"split_by": ["b"]},
        "averages": {"group_by": ["a"], "split_by": ["b", "c"], "aggregates": {"x": "avg"}},
        "flat_groups": {"group_by": ["a", "b"], "split_by": ["c"], "group_rollup_mode": "flat"},
        "no_split": {"group_by": ["a"]},
    }.items()
] + [
    scenario(f"rollup/total_rows/{mode}", table(DEEP), view(group_rollup_mode=mode, columns=["x"]), read("to_json"), read("to_csv"),
             read("to_arrow"), read("to_ndjson"))
    for mode in ["flat", "total"]
]

DEPTHS = [
    shown(f"depth/{depth}", group_by=["a", "b", "c"], columns=["x"], group_by_depth=depth) for depth in range(5)
] + [
    shown("depth/flat_view", group_by_depth=1, columns=["x"]),
    shown("depth/with_split", group_by=["a", "b"], split_by=["c"], group_by_depth=1, columns=["x"]),
    shown("depth/sorted", group_by=["a", "b"], group_by_depth=1, sort=[["x", "desc"]], columns=["x"]),
    scenario("depth/update", table(DEEP), view(group_by=["a", "b"], group_by_depth=1, columns=["x"]),
             update([{"a": "z", "b": "k", "x": 100}, {"a": "p", "b": "new", "x": 1}]), *READS),
]

ECHO = [
    scenario(f"echo/{name}", table(DEEP), view(**config), read("get_config"))
    for name, config in {
        "defaults": {},
        "grouped": {"group_by": ["a"], "columns": ["x"]},
        "all": {
            "group_by": ["a"], "split_by": ["b"], "columns": ["x", "e"], "filter": [["x", ">", 1]], "sort": [["x", "desc"]],
            "expressions": {"e": '"x" + 1'}, "aggregates": {"x": "avg"},
        },
        "or": {"filter": [["x", ">", 1], ["a", "==", "p"]], "filter_op": "or"},
        "depth": {"group_by": ["a", "b"], "group_by_depth": 1, "columns": ["x"]},
        "modes": {"group_by": ["a"], "split_by": ["b"], "group_rollup_mode": "flat", "split_rollup_mode": "rollup", "columns": ["x"]},
        "filter_null": {"filter": [["a", "is null", None]]},
        "filter_text": {"filter": [["a", "==", "p"]]},
        "filter_float": {"filter": [["y", ">", 1.5]]},
        "filter_boolean": {"filter": [["c", "==", True]]},
        "weighted": {"group_by": ["a"], "columns": ["y"], "aggregates": {"y": ["weighted mean", ["x"]]}},
        "expression_list": {"expressions": ['// twice\n"x" * 2', '"x" + 5'], "columns": ["twice"]},
        "sort_two": {"sort": [["x", "asc"], ["y", "desc"]]},
    }.items()
]  # fmt: skip

COL_SORT = scenario(
    "echo/col_sort", table(DEEP), view(group_by=["a"], split_by=["b"], sort=[["x", "col asc"]], columns=["x"]),
    read("get_config"),
)  # fmt: skip

WRONG = [
    scenario(f"wrong/{name}", table(DEEP), view(**config), call("t", "size"))
    for name, config in {
        "unknown_key": {"foo": 1},
        "column": {"columns": ["zz"]},
        "group": {"group_by": ["zz"]},
        "split": {"split_by": ["zz"]},
        "sort": {"sort": [["zz", "asc"]]},
        "filter": {"filter": [["zz", "==", 1]]},
        "group_twice": {"group_by": ["a", "a"]},
        "split_twice": {"split_by": ["a", "a"]},
        "group_mode": {"group_rollup_mode": "x"},
        "split_mode": {"split_rollup_mode": "x"},
        "alias_is_column": {"expressions": {"x": '"y" + 1'}},
        "expression_input": {"expressions": {"e": '"zz" + 1'}},
        "expression_syntax": {"expressions": {"e": '"x" +'}},
        "depth_negative": {"group_by": ["a"], "group_by_depth": -1},
        "depth_text": {"group_by": ["a"], "group_by_depth": "1"},
        "columns_text": {"columns": "x"},
        "group_text": {"group_by": "a"},
        "pkey": {"columns": ["psp_pkey"]},
        "case_of_column": {"columns": ["X"]},
    }.items()
]

LIVE = [
    scenario(f"live/{name}", table(DEEP), view(**config), update(data), read("to_columns"), read("num_rows"), read("column_paths"))
    for name, config, data in [
        ("new_group", {"group_by": ["a"], "columns": ["x"]}, [{"a": "aa", "x": 10}]),
        ("new_subgroup", {"group_by": ["a", "b"], "columns": ["x"]}, [{"a": "p", "b": "zz", "x": 10}]),
        ("new_split", {"group_by": ["a"], "split_by": ["b"], "columns": ["x"]}, [{"a": "p", "b": "zz", "x": 10}]),
        ("new_split_first", {"split_by": ["b"], "columns": ["x"]}, [{"a": "p", "b": "aa", "x": 10}]),
        ("new_group_and_split", {"group_by": ["a"], "split_by": ["b"], "columns": ["x"]}, [{"a": "zz", "b": "zz", "x": 10}]),
        ("flat_mode", {"group_by": ["a"], "group_rollup_mode": "flat", "columns": ["x"]}, [{"a": "b", "x": 10}]),
        ("total_mode", {"group_rollup_mode": "total", "columns": ["x"]}, [{"a": "b", "x": 10}]),
        ("split_rollup", {"group_by": ["a"], "split_by": ["b"], "split_rollup_mode": "rollup", "columns": ["x"]}, [{"a": "p", "b": "zz", "x": 10}]),
    ]
] + [
    scenario(f"vanish/{name}", table([{"k": i, **row} for i, row in enumerate(DEEP)], index="k"), view(**config),
             *changes, read("to_columns"), read("num_rows"), read("column_paths"))
    for name, config, changes in [
        ("group_by_removal", {"group_by": ["a"], "columns": ["x"]}, [call("t", "remove", [6])]),
        ("group_by_move", {"group_by": ["a"], "columns": ["x"]}, [update([{"k": 6, "a": "p"}])]),
        ("subgroup", {"group_by": ["a", "b"], "columns": ["x"]}, [call("t", "remove", [4])]),
        ("split", {"group_by": ["a"], "split_by": ["b"], "columns": ["x"]}, [call("t", "remove", [4, 6])]),
        ("split_move", {"group_by": ["a"], "split_by": ["b"], "columns": ["x"]}, [update([{"k": 4, "b": "k"}, {"k": 6, "b": "k"}])]),
        ("all_rows", {"group_by": ["a"], "columns": ["x"]}, [call("t", "remove", list(range(8)))]),
        ("clear", {"group_by": ["a"], "split_by": ["b"], "columns": ["x"]}, [call("t", "clear")]),
        ("clear_and_refill", {"group_by": ["a"], "columns": ["x"]}, [call("t", "clear"), update([{"k": 1, "a": "new", "x": 5}])]),
        ("replace", {"group_by": ["a"], "columns": ["x"]}, [call("t", "replace", [{"k": 1, "a": "new", "x": 5}])]),
    ]
]

SCENARIOS: list[Scenario] = [*COLUMNS, *GROUPS, *SPLITS, *MODES, *DEPTHS, *ECHO, COL_SORT, *WRONG, *LIVE]
