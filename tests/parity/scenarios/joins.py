"""Join tables: kinds, keys, order, reactions, errors; tables made from views (semantics 3, and 1.1)."""

from __future__ import annotations

from typing import Any

from ..support.steps import Scenario, call, heard, join, listen, read, remove, rows, scenario, table, update, view

LEFT = rows("id", "a", of=[[1, "x"], [2, "y"], [3, "z"], [2, "yy"]])
RIGHT = rows("id", "b", of=[[2, 1.5], [3, 2.5], [4, 3.5], [2, 4.5]])
KEYED_LEFT = rows("id", "a", of=[[1, "x"], [2, "y"], [3, "z"]])
KEYED_RIGHT = rows("id", "b", of=[[2, 1.5], [3, 2.5], [4, 3.5]])
WITH_NULLS_L = rows("id", "a", of=[[1, "x"], [None, "n"], [2, "y"]])
WITH_NULLS_R = rows("id", "b", of=[[None, 0.5], [2, 1.5]])


def joined(name: str, left: Any, right: Any, /, *steps: Any, index: str | None = None, **kwargs: Any) -> Scenario:
    options = {"index": index} if index else {}
    return scenario(name, table(left, name_as="l", **options), table(right, name_as="r", **options),
                    join("l", "r", kwargs.pop("on", "id"), **kwargs), view(on="j"), read("to_columns"), *steps)


KINDS = [
    joined(f"{kind}/{form}", left, right, call("j", "schema"), call("j", "columns"), call("j", "size"), call("j", "get_index"), index=index, join_type=kind)
    for kind in ["inner", "left", "outer"]
    for form, left, right, index in [
        ("plain", LEFT, RIGHT, None),
        ("indexed", KEYED_LEFT, KEYED_RIGHT, "id"),
        ("nulls", WITH_NULLS_L, WITH_NULLS_R, None),
        ("no_match", rows("id", "a", of=[[1, "x"]]), rows("id", "b", of=[[2, 1.5]]), None),
        ("text_keys", rows("id", "a", of=[["k", 1], ["m", 2]]), rows("id", "b", of=[["m", 3], ["k", 4]]), None),
        ("float_keys", rows("id", "a", of=[[0.5, 1], [1.5, 2]]), rows("id", "b", of=[[1.5, 3]]), None),
        ("date_keys", rows("id", "a", of=[["2020-01-01", 1]]), rows("id", "b", of=[["2020-01-01", 3], ["2020-01-02", 4]]), None),
        ("boolean_keys", rows("id", "a", of=[[True, 1], [False, 2]]), rows("id", "b", of=[[True, 3]]), None),
        ("empty_right", LEFT, {"$schema": {"id": "integer", "b": "float"}}, None),
        ("empty_left", {"$schema": {"id": "integer", "a": "string"}}, RIGHT, None),
        ("column_order", rows("a", "id", "c", of=[["x", 1, True]]), rows("b", "id", of=[[0.5, 1]]), None),
    ]
] + [
    joined("default_kind", LEFT, RIGHT),
    joined("right_on", LEFT, rows("key", "b", of=[[2, 1.5], [3, 2.5]]), right_on="key"),
    joined("right_on_left_join", LEFT, rows("key", "b", of=[[2, 1.5], [3, 2.5]]), right_on="key", join_type="left"),
    joined("right_on_outer_join", LEFT, rows("key", "b", of=[[2, 1.5], [9, 2.5]]), right_on="key", join_type="outer"),
    joined("named", LEFT, RIGHT, call("j", "get_name"), call("j", "get_limit"), name="both"),
    scenario("by_name", table(LEFT, name_as="l", name="left"), table(RIGHT, name_as="r", name="right"),
             join("left", "right", "id"), view(on="j"), read("to_columns")),
    scenario("with_itself", table(rows("id", "a", of=[[1, "x"]]), name_as="l"), join("l", "l", "id"), view(on="j"), read("to_columns")),
]

REACTIONS = [
    joined(f"live/{kind}/{name}", KEYED_LEFT, KEYED_RIGHT, *steps, read("to_columns"), call("j", "size"), index="id", join_type=kind)
    for kind in ["inner", "left", "outer"]
    for name, steps in {
        "update_left": [update([{"id": 2, "a": "new"}], on="l")],
        "update_right": [update([{"id": 2, "b": 9.5}], on="r")],
        "insert_left_match": [update([{"id": 4, "a": "four"}], on="l")],
        "insert_left_no_match": [update([{"id": 9, "a": "nine"}], on="l")],
        "insert_right_match": [update([{"id": 1, "b": 9.5}], on="r")],
        "insert_right_no_match": [update([{"id": 9, "b": 9.5}], on="r")],
        "remove_left": [remove([2], on="l")],
        "remove_right": [remove([2], on="r")],
        "remove_and_restore": [remove([2], on="l"), read("to_columns"), update([{"id": 2, "a": "again"}], on="l")],
        "clear_left": [call("l", "clear")],
        "clear_right": [call("r", "clear")],
        "replace_right": [call("r", "replace", [{"id": 1, "b": 7.5}])],
        "both": [update([{"id": 5, "a": "five"}], on="l"), update([{"id": 5, "b": 5.5}], on="r")],
    }.items()
] + [
    joined("live/callback", KEYED_LEFT, KEYED_RIGHT, listen(), update([{"id": 2, "a": "new"}], on="l"), heard(),
           update([{"id": 2, "b": 0.5}], on="r"), heard(), index="id"),
    joined("live/unindexed", LEFT, RIGHT, update([{"id": 4, "a": "late"}], on="l"), read("to_columns"), join_type="outer"),
    joined("live/unindexed_right", LEFT, RIGHT, update([{"id": 1, "b": 0.5}], on="r"), read("to_columns"), join_type="left"),
]

VIEWED = [
    scenario(f"viewed/{name}", table(LEFT, name_as="l"), table(RIGHT, name_as="r"), join("l", "r", "id", join_type="outer"),
             view(on="j", **config), read("to_columns"), read("schema"), update([{"id": 3, "b": 10.5}], on="r"), read("to_columns"))
    for name, config in {
        "grouped": {"group_by": ["a"], "columns": ["b"]},
        "by_key": {"group_by": ["id"], "columns": ["b"]},
        "split": {"group_by": ["id"], "split_by": ["a"], "columns": ["b"]},
        "filtered": {"filter": [["b", ">", 2]]},
        "sorted": {"sort": [["b", "desc"]]},
        "expression": {"expressions": {"e": '"b" * 2'}, "columns": ["a", "e"]},
    }.items()
] + [
    scenario("viewed/join_of_join", table(LEFT, name_as="l"), table(RIGHT, name_as="r"), table(rows("id", "c", of=[[2, True]]), name_as="s"),
             join("l", "r", "id"), join("j", "s", "id", name_as="k"), view(on="k"), read("to_columns"),
             update([{"id": 3, "c": False}], on="s"), read("to_columns")),
]

READ_ONLY = [
    joined(f"read_only/{method}", LEFT, RIGHT, call("j", method, *args))
    for method, args in {"update": [[{"id": 1}]], "remove": [[1]], "clear": [], "replace": [[{"id": 1}]]}.items()
]

WRONG = [
    scenario(f"wrong/{name}", table(left, name_as="l"), table(right, name_as="r"), join("l", "r", on, **kwargs))
    for name, left, right, on, kwargs in [
        ("kind", LEFT, RIGHT, "id", {"join_type": "right"}),
        ("left_key", LEFT, RIGHT, "a", {}),
        ("no_key", LEFT, RIGHT, "zz", {}),
        ("same_column", LEFT, rows("id", "a", of=[[1, "q"]]), "id", {}),
        ("types", LEFT, rows("id", "b", of=[["x", 1]]), "id", {}),
        ("integer_float", LEFT, rows("id", "b", of=[[1.5, 1]]), "id", {}),
        ("right_on_unknown", LEFT, RIGHT, "id", {"right_on": "zz"}),
    ]
] + [
    scenario("wrong/unknown_table", table(LEFT, name_as="l"), join("l", "nope", "id")),
    scenario("delete/join_first", table(LEFT, name_as="l", name="L"), table(RIGHT, name_as="r", name="R"), join("l", "r", "id", name="J"),
             call("l", "delete"), call("j", "delete"), call("l", "delete"), call("client", "get_hosted_table_names")),
]

SALES = rows("k", "g", "x", of=[[1, "a", 3], [2, "b", 5], [3, "a", 7]])
FROM_VIEWS = [
    scenario(f"from_view/{name}", table(SALES, index="k"), view(**config), table({"$view": "v"}, name_as="u"), view(on="u", name_as="w"),
             read("to_columns", on="w"), call("u", "schema"), call("u", "columns"), update([{"k": 4, "g": "c", "x": 9}]), read("to_columns", on="w"))
    for name, config in {
        "flat": {},
        "columns": {"columns": ["x"]},
        "filtered": {"filter": [["x", ">", 4]]},
        "sorted": {"sort": [["x", "desc"]]},
        "expression": {"expressions": {"e": '"x" * 2'}, "columns": ["k", "e"]},
        "grouped": {"group_by": ["g"], "columns": ["x"]},
        "split": {"group_by": ["g"], "split_by": ["k"], "columns": ["x"]},
    }.items()
]

SCENARIOS: list[Scenario] = [*KINDS, *REACTIONS, *VIEWED, *READ_ONLY, *WRONG, *FROM_VIEWS]
