"""The machinery itself: what counts as a difference, and that shrinking keeps a failure."""

from __future__ import annotations

from typing import Any

import pytest

from .support import compare, generate, shrink, steady
from .support.steps import differs, raises, read, scenario, unstable

CASE = scenario("case", read("to_columns"), read("schema"))


def found(expected: Any, actual: Any, **extra: Any) -> list[str]:
    return compare.differences({**CASE, **extra}, [["0:v.to_columns", expected]], [["0:v.to_columns", actual]])


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        ({"a": [1]}, {"a": [1.0]}),
        ({"a": [1]}, {"a": [True]}),
        ({"a": [None]}, {"a": [0]}),
        ({"a": [1], "b": [2]}, {"b": [2], "a": [1]}),
        ({"a": [1]}, {"a": [1, 2]}),
        ("a,b\n1,2\n", "a,b\n1,3\n"),
        ({"$error": "Abort(): x\n", "kinds": ["PerspectiveError"]}, {"$error": "y", "kinds": ["PerspectiveError"]}),
        ({"$error": "x", "kinds": ["ValueError"]}, {"$error": "x", "kinds": ["TypeError"]}),
        ({"$error": "x", "kinds": ["ValueError"]}, None),
    ],
)
def test_differences_are_seen(expected: Any, actual: Any) -> None:
    assert found(expected, actual)


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        ({"a": [0.1 + 0.2]}, {"a": [0.3]}),
        ('{"a":[0.30000000000000004]}', '{"a":[0.3]}'),
        ({"$error": "Abort(): x\n", "kinds": ["PerspectiveError"]}, {"$error": "x", "kinds": ["Own", "PerspectiveError"]}),
    ],
)
def test_allowances_are_made(expected: Any, actual: Any) -> None:
    assert not found(expected, actual)


def test_the_order_of_a_schema_does_not_count() -> None:
    pair = [["1:v.schema", {"a": "x", "b": "y"}]], [["1:v.schema", {"b": "y", "a": "x"}]]
    assert not compare.differences(CASE, *pair)


def test_a_written_expectation_replaces_the_recorded_one() -> None:
    case = scenario("case", differs(read("to_columns"), {"a": [2]}, "why"))
    assert not compare.differences(case, [["0:v.to_columns", {"a": [1]}]], [["0:v.to_columns", {"a": [2]}]])
    assert compare.differences(case, [["0:v.to_columns", {"a": [1]}]], [["0:v.to_columns", {"a": [1]}]])


def test_an_expected_error_must_come() -> None:
    case = scenario("case", differs(read("to_columns"), raises("limit"), "why"))
    assert compare.differences(case, [], [["0:v.to_columns", {"a": [1]}]])
    assert compare.differences(case, [], [])
    assert not compare.differences(case, [], [["0:v.to_columns", {"$error": "over the limit", "kinds": ["Exception"]}]])


def test_an_unstable_step_must_succeed() -> None:
    case = scenario("case", unstable(read("to_columns"), "why"))
    assert not compare.differences(case, [["0:v.to_columns", 1]], [["0:v.to_columns", 2]])
    assert compare.differences(case, [["0:v.to_columns", 1]], [["0:v.to_columns", {"$error": "x", "kinds": ["E"]}]])


def test_a_seed_gives_the_same_scenario() -> None:
    assert generate.make(7) == generate.make(7) != generate.make(8)


def test_shrinking_keeps_what_fails() -> None:
    def fails(case: dict[str, Any]) -> bool:
        return any(step.get("method") == "to_columns" for step in case["steps"])

    small = shrink.shrink(generate.make(3), fails)
    assert fails(small)
    assert len(small["steps"]) == 2  # The table stays.


def test_fresh_views_live_between_changes_only() -> None:
    steps = steady.with_fresh_views(generate.Maker(3, n_rows=5).scenario(n_changes=4, n_views=2))["steps"]
    alive: set[str] = set()
    for step in steps:
        if step["do"] == "view":
            alive.add(step["as"])
        elif step.get("method") == "delete":
            alive.remove(step["on"])
        elif step.get("on") == "t":
            assert not alive
