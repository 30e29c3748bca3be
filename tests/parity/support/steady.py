"""The keystone property on one module alone: a view that lived through updates equals one made afterwards.

A scenario is run with steps added at its end: for each view a twin of the same config on the same table, and another
on a table loaded afresh from what the table then holds. All three must give the same answers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import compare, steps
from .interpreter import Output
from .steps import Scenario, Step

READS = ["to_columns", "num_rows", "schema", "column_paths", "to_arrow"]


def with_twins(scenario: Scenario) -> Scenario:
    """The scenario with its twins at the end."""
    views = [step for step in scenario["steps"] if step["do"] == "view"]
    options = next(step["options"] for step in scenario["steps"] if step["do"] == "table")
    added: list[Step] = [steps.view(name_as="whole"), {"do": "copy", "as": "again", "on": "whole", "options": options}]
    for view in views:
        added.append({**view, "as": f"{view['as']}_twin"})
        added.append({**view, "as": f"{view['as']}_again", "on": "again"})
        for name in (view["as"], f"{view['as']}_twin", f"{view['as']}_again"):
            added += [steps.read(method, on=name) for method in READS]
    return {**scenario, "steps": scenario["steps"] + added}


def with_fresh_views(scenario: Scenario) -> Scenario:
    """The same scenario, but with each view made just before it is read and deleted before the next change.

    The reference gives wrong answers for some views that lived through updates (`last` and `dominant` among others),
    and deadlocks when several grouped views stand on a table that was empty. Asked this way it can be trusted more.
    """
    made: list[Step] = []
    views: dict[str, Step] = {}
    alive: list[str] = []
    for at, step in enumerate(scenario["steps"]):
        if step["do"] == "view":
            views[step["as"]] = {**step, "at": at}
        elif step.get("on") in views:
            if step["on"] not in alive:
                alive.append(step["on"])
                made.append(views[step["on"]])
            made.append({**step, "at": at})
        else:
            made += [{**steps.read("delete", on=name), "at": at} for name in alive]
            alive = []
            made.append({**step, "at": at})
    return {**scenario, "steps": made}


def widened(value: Any) -> Any:
    """The same without the width of integers: a column of a schema widens, one that was loaded from Arrow does not."""
    if isinstance(value, list):
        return [widened(item) for item in value]
    if isinstance(value, dict):
        return {name: widened(item) for name, item in value.items()}
    return "int64" if value == "int32" else value


def differences(scenario: Scenario, run: Callable[[Scenario], list[Output]]) -> list[str]:
    """Where a view and its twins part."""
    answers: dict[str, Any] = {}
    for label, value in run(with_twins(scenario)):
        answers[label.partition(":")[2]] = value
    if "process" in answers or "" in answers:
        return [f"process: {answers}"]
    found = []
    for view in [step["as"] for step in scenario["steps"] if step["do"] == "view"]:
        for method in READS:
            lived = answers.get(f"{view}.{method}")
            for twin in ("twin", "again"):
                lines = compare.diff(widened(answers.get(f"{view}_{twin}.{method}")), widened(lived), "", method in compare.ORDERED, True)
                found += [f"{view}.{method} against {twin}{line}" for line in lines]
    return found
