"""Compares what Sightline answered with what is expected, and says clearly where they part.

Values must be equal, with three allowances. Floats may differ in the last digits, because sums may be taken in another
order. The order of keys counts only where the reference promises one (rows and columns do, schemas do not). Error
texts are compared without the reference's `Abort(): ` prefix, may go on where the reference's end (ours name the value
at fault), and an exception may be a subclass of the expected one.
Deliberate differences are written in the scenario itself (see `steps.differs`), with their reason.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any

from .interpreter import Output
from .steps import Scenario

ORDERED = {"to_columns", "to_json", "to_records", "to_columns_string", "to_json_string"}
RELATIVE = 1e-9
NUMBER = re.compile(r"(-?\d+(?:\.\d+)?(?:e[-+]?\d+)?)")


def differences(scenario: Scenario, expected: list[Output], actual: list[Output], *, texts: bool = True) -> list[str]:
    """One line for each place where the outputs differ; empty when they agree.

    `texts` False, or a scenario with `texts=False`, compares errors by their class only: the reference hands on the
    wording of the libraries it is made of.
    """
    texts = texts and scenario.get("texts", True)
    steps = scenario["steps"]
    wanted: dict[str, Any] = dict(expected)
    got: dict[str, Any] = dict(actual)
    for at, step in enumerate(steps):
        if "expect" in step:
            label = next((label for label in [*got, *wanted] if label.startswith(f"{at}:")), f"{at}:(nothing)")
            wanted[label] = step["expect"]
            if step["expect"] is None:
                wanted.pop(label)
        elif "unstable" in step:
            for side in (wanted, got):
                for label in [label for label in side if label.startswith(f"{at}:")]:
                    side[label] = side[label] if is_error(side[label]) else {"$unstable": True}
    found: list[str] = []
    for label in sorted({*wanted, *got}, key=position):
        if label not in wanted:
            found.append(f"{label}: expected no answer, got {short(got[label])}")
        elif label not in got:
            found.append(f"{label}: expected {short(wanted[label])}, got no answer")
        else:
            ordered = label.rpartition(".")[2] in ORDERED
            found += [f"{label}{line}" for line in diff(wanted[label], got[label], "", ordered, texts)]
    return found


def position(label: str) -> tuple[int, str]:
    head = label.partition(":")[0]
    return (int(head) if head.isdigit() else -1, label)


def diff(expected: Any, actual: Any, path: str, ordered: bool, texts: bool) -> Iterator[str]:
    """The differences of two values, as lines that start with the path to them."""
    if isinstance(expected, dict) and "$raises" in expected:
        if not is_error(actual) or expected["$raises"] not in message(actual):
            yield f"{path}: expected an error with {expected['$raises']!r}, got {short(actual)}"
    elif is_error(expected) or is_error(actual):
        yield from diff_errors(expected, actual, path, texts)
    elif isinstance(expected, dict) and isinstance(actual, dict):
        if not texts and "error_message" in expected and "error_message" in actual:
            return
        if set(expected) != set(actual) or (ordered and list(expected) != list(actual)):
            yield f"{path}: expected keys {short(list(expected))}, got {short(list(actual))}"
        for key in expected.keys() & actual.keys():
            yield from diff(expected[key], actual[key], f"{path}[{key!r}]", ordered, texts)
    elif isinstance(expected, list) and isinstance(actual, list):
        if len(expected) != len(actual):
            yield f"{path}: expected {len(expected)} items, got {len(actual)}: {short(expected)} / {short(actual)}"
            return
        lines = [line for at, pair in enumerate(zip(expected, actual, strict=True)) for line in diff(*pair, f"{path}[{at}]", ordered, texts)]
        if len(lines) > 3 and all(not isinstance(item, (dict, list)) for item in expected):
            yield f"{path}: expected {short(expected)}, got {short(actual)}"
        else:
            yield from lines
    elif not same(expected, actual):
        yield f"{path}: expected {short(expected)}, got {short(actual)}"


def diff_errors(expected: Any, actual: Any, path: str, texts: bool) -> Iterator[str]:
    if not is_error(expected):
        yield f"{path}: expected {short(expected)}, got error {message(actual)!r} ({actual['kinds'][0]})"
    elif not is_error(actual):
        yield f"{path}: expected error {message(expected)!r} ({expected['kinds'][0]}), got {short(actual)}"
    elif expected["kinds"][0] not in actual["kinds"]:
        yield f"{path}: expected {expected['kinds'][0]} {message(expected)!r}, got {actual['kinds'][0]} {message(actual)!r}"
    elif texts and not message(actual).startswith(message(expected)):
        yield f"{path}: expected error text {message(expected)!r}, got {message(actual)!r}"


def is_error(value: Any) -> bool:
    return isinstance(value, dict) and "$error" in value


def message(value: dict[str, Any]) -> str:
    """The text of an error, as far as it is compared."""
    return str(value["$error"]).removeprefix("Abort(): ").strip()


def same(expected: Any, actual: Any) -> bool:
    """Equality that tells 1 from 1.0 and from true, and forgives the last digits of a float."""
    if isinstance(expected, str) and isinstance(actual, str) and expected != actual:
        return same_text(expected, actual)
    if type(expected) is not type(actual):
        return False
    if isinstance(expected, float):
        return math.isclose(expected, actual, rel_tol=RELATIVE, abs_tol=1e-12)
    return bool(expected == actual)


def same_text(expected: str, actual: str) -> bool:
    """Text of JSON outputs is compared as JSON when both are; in any other, numbers may differ in the last digits."""
    try:
        pair = json.loads(expected), json.loads(actual)
    except ValueError:
        wanted, got = NUMBER.split(expected), NUMBER.split(actual)
        return len(wanted) == len(got) and all(
            one == other or (at % 2 == 1 and math.isclose(float(one), float(other), rel_tol=RELATIVE))
            for at, (one, other) in enumerate(zip(wanted, got, strict=True))
        )
    return isinstance(pair[0], (dict, list)) and not any(diff(*pair, "", True, True))


def short(value: Any, limit: int = 300) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text)} characters)"
