"""Makes a failing scenario smaller while it keeps failing, and prints it so that it can be run again."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

from .steps import Scenario


def shrink(scenario: Scenario, fails: Callable[[Scenario], bool], seconds: float = 30.0) -> Scenario:
    """The smallest failing scenario found in the given time, by leaving out one part after the other."""
    until = time.monotonic() + seconds
    smaller = True
    while smaller:
        smaller = False
        for candidate in candidates(scenario):
            if time.monotonic() > until:
                return scenario
            if fails(candidate):
                scenario, smaller = candidate, True
                break
    return scenario


def candidates(scenario: Scenario) -> Iterator[Scenario]:
    """Scenarios with something left out: whole steps first, then parts of configs and data."""
    steps = scenario["steps"]
    for size in [size for size in (16, 8, 4, 2, 1) if size < len(steps)]:
        for at in range(len(steps) - size, 0, -size):
            yield {**scenario, "steps": steps[:at] + steps[at + size :]}
    for at, step in enumerate(steps):
        for part in ("config", "options", "data", "args", "kwargs"):
            for smaller in smaller_values(step.get(part)):
                changed = copy.copy(steps)
                changed[at] = {**step, part: smaller}
                yield {**scenario, "steps": changed}


def smaller_values(value: Any, depth: int = 0) -> Iterator[Any]:
    """Values with a part of a list or a key of a dict left out, at any depth."""
    if isinstance(value, list):
        sizes = [size for size in (len(value) // 2, len(value) // 4, 1) if size] if len(value) > 4 else [1]
        for size in dict.fromkeys(sizes):
            for at in range(0, len(value), size):
                if depth > 0 or len(value) > 1:
                    yield value[:at] + value[at + size :]
        for at, item in enumerate(value[:12]):
            for smaller in smaller_values(item, depth + 1):
                yield [*value[:at], smaller, *value[at + 1 :]]
    elif isinstance(value, dict):
        if not any(key.startswith("$") for key in value):
            for key in value:
                yield {name: item for name, item in value.items() if name != key}
        for key, item in value.items():
            for smaller in smaller_values(item, depth + 1):
                yield {**value, key: smaller}


def as_python(scenario: Scenario) -> str:
    """A scenario as text for `python tests/parity/check.py --scenario FILE`."""
    lines = ",\n  ".join(json.dumps(step, ensure_ascii=False) for step in scenario["steps"])
    return f'{{"name": {json.dumps(scenario["name"])}, "steps": [\n  {lines}\n]}}'
