"""Callbacks and deltas: who is called when, with which port and which rows (semantics 10)."""

from __future__ import annotations

from typing import Any

from ..support.data import SALES
from ..support.steps import (
    Scenario,
    call,
    heard,
    listen,
    read,
    remove,
    rows,
    scenario,
    schema,
    table,
    unlisten,
    unstable,
    update,
    view,
)

KEYED = rows("k", "g", "x", "y", of=[[1, "p", 10, 1.5], [2, "p", 20, 2.5], [3, "q", 30, 3.5]])

CHANGES: dict[str, list[Any]] = {
    "upsert": [update([{"k": 2, "x": 200}])],
    "upsert_same_value": [update([{"k": 2, "x": 20}])],
    "insert": [update([{"k": 4, "g": "r", "x": 40, "y": 4.5}])],
    "insert_into_group": [update([{"k": 4, "g": "p", "x": 40, "y": 4.5}])],
    "several": [update([{"k": 3, "x": 300}, {"k": 1, "x": 100}])],
    "insert_and_upsert": [update([{"k": 0, "g": "p", "x": 1, "y": 0.5}, {"k": 3, "x": 300}])],
    "two_updates": [update([{"k": 1, "x": 100}]), update([{"k": 2, "x": 200}])],
    "move_group": [update([{"k": 1, "g": "q"}])],
    "nothing": [update([])],
    "empty_row": [update([{}])],
    "same_key_twice": [update([{"k": 1, "x": 5}, {"k": 1, "x": 6}])],
}

VIEWS: dict[str, dict[str, Any]] = {
    "flat": {},
    "columns": {"columns": ["x"]},
    "filtered": {"filter": [["x", ">", 15]]},
    "sorted": {"sort": [["x", "desc"]]},
    "expression": {"expressions": {"e": '"x" * 2.5'}, "columns": ["k", "e"]},
    "grouped": {"group_by": ["g"], "columns": ["x", "y"]},
    "grouped_count": {"group_by": ["g"], "columns": ["x"], "aggregates": {"x": "count"}},
    "split": {"group_by": ["g"], "split_by": ["k"], "columns": ["x"]},
}



def delta(name: str, change: str) -> dict[str, Any]:
    """What was heard; whether a group whose values stay is in the delta differs by aggregate in the reference."""
    grouped = name.startswith(("grouped", "split")) and change == "upsert_same_value"
    return unstable(heard(), "groups that did not change may be left out") if grouped else heard()


DELTAS = [
    scenario(f"delta/{name}/{change}", table(KEYED, index="k"), view(**config), listen(mode="row"), *steps, delta(name, change), read("to_columns"))
    for name, config in VIEWS.items()
    for change, steps in CHANGES.items()
    if not (change == "empty_row" and name in ("grouped", "grouped_count", "split"))
]

CALLS = [
    scenario(f"call/{name}", table(KEYED, index="k"), view(), listen(), *steps, heard())
    for name, steps in {
        **CHANGES,
        "remove": [remove([1])],
        "remove_unknown": [remove([99])],
        "clear": [call("t", "clear")],
        "replace": [call("t", "replace", [{"k": 1, "x": 5}])],
        "json": [update({"$text": '[{"k": 1, "x": 5}]'}, format="json")],
    }.items()
] + [
    scenario("call/append", table(SALES), view(), listen(), update([{"units": 1}]), update([{"units": 2}]), heard()),
    scenario("call/append_delta", table(SALES), view(columns=["city", "units"]), listen(mode="row"), update([{"units": 1, "city": "x"}, {"units": 2}]), heard()),
    scenario("call/limit_delta", table(rows("x", of=[[1], [2], [3]]), limit=3), view(), listen(mode="row"), update([{"x": 4}]), heard(), read("to_columns")),
    scenario("call/removed_callback", table(SALES), view(), listen(), unlisten(), update([{"units": 1}]), heard()),
    scenario("call/two_callbacks", table(SALES), view(), listen(), listen(name_as="second"), update([{"units": 1}]), heard(), heard("second")),
    scenario("call/one_of_two_removed", table(SALES), view(), listen(), listen(name_as="second"), unlisten(), update([{"units": 1}]), heard(), heard("second")),
    scenario("call/two_views", table(SALES), view(), view(name_as="w", group_by=["city"]), listen(), listen(on="w", name_as="second"), update([{"units": 1}]), heard(), heard("second")),
    scenario("call/other_table", table(SALES), table(SALES, name_as="u"), view(), listen(), update([{"units": 1}], on="u"), heard()),
    scenario("call/failed_update", table(SALES), view(), listen(), update([{"units": "nope"}]), heard()),
    scenario("call/bad_mode", table(SALES), view(), listen(mode="cell")),
    scenario("call/remove_unknown_id", table(SALES), view(), read("remove_update", 999)),
    scenario("call/filtered_out", table(KEYED, index="k"), view(filter=[["x", ">", 1000]]), listen(mode="row"), update([{"k": 1, "x": 5}]), heard()),
    scenario("call/leaves_filter", table(KEYED, index="k"), view(filter=[["x", ">", 15]]), listen(), update([{"k": 2, "x": 5}]), heard(), read("to_columns")),
    scenario("call/schema_first", table(schema(k="integer", x="float"), index="k"), view(), listen(mode="row"), update([{"k": 1, "x": 1.5}]), heard(), update([{"k": 1, "x": 2.5}]), heard()),
]

REMOVED = [
    scenario(f"on_remove/{name}", table(KEYED, index="k"), view(**config), listen("on_remove"), *steps, heard())
    for name, steps, config in [
        ("remove", [remove([1, 3])], {}),
        ("unknown_key", [remove([99])], {}),
        ("some_known", [remove([99, 2])], {}),
        ("clear", [call("t", "clear")], {}),
        ("replace", [call("t", "replace", [{"k": 1, "x": 5}])], {}),
        ("update_only", [update([{"k": 1, "x": 5}])], {}),
        ("filtered", [remove([1, 3])], {"filter": [["x", ">", 15]]}),
        ("grouped", [remove([1])], {"group_by": ["g"]}),
    ]
] + [
    scenario("on_remove/text_keys", table(rows("k", "x", of=[["a", 1], ["b", 2]]), index="k"), view(), listen("on_remove"), remove(["b"]), heard()),
    scenario("on_remove/taken_away", table(KEYED, index="k"), view(), listen("on_remove"), unlisten("remove_remove"), remove([1]), heard()),
]

DELETED = [
    scenario("on_delete/table", table(SALES), listen("on_delete", on="t"), call("t", "delete"), heard()),
    scenario("on_delete/view", table(SALES), view(), listen("on_delete"), read("delete"), heard()),
    scenario("on_delete/view_then_table", table(SALES), view(), listen("on_delete", on="t"), read("delete"), heard(), call("t", "delete"), heard()),
    scenario("on_delete/taken_away", table(SALES), listen("on_delete", on="t"), unlisten("remove_delete", on="t"), call("t", "delete"), heard()),
    scenario("hosted/created", listen("on_hosted_tables_update", on="client"), table(SALES), heard()),
    scenario("hosted/deleted", table(SALES), listen("on_hosted_tables_update", on="client"), call("t", "delete"), heard()),
    scenario("hosted/updated", table(SALES), listen("on_hosted_tables_update", on="client"), update([{"units": 1}]), heard()),
    scenario("hosted/taken_away", listen("on_hosted_tables_update", on="client"), unlisten("remove_hosted_tables_update", on="client"), table(SALES), heard()),
]

SCENARIOS: list[Scenario] = [*DELTAS, *CALLS, *REMOVED, *DELETED]
