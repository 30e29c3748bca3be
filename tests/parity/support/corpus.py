"""The written scenarios and their recorded expectations.

Scenarios live in `scenarios/*.py`, what the reference answered to them in `expected/*.json` of the same name.
"""

from __future__ import annotations

import functools
import importlib
import json
import pkgutil
from pathlib import Path

from .. import scenarios
from .interpreter import Output
from .steps import Scenario

EXPECTED = Path(__file__).resolve().parents[1] / "expected"


def themes() -> list[str]:
    """The names of the scenario modules."""
    return sorted(module.name for module in pkgutil.iter_modules(scenarios.__path__))


def load(theme: str) -> list[Scenario]:
    """The scenarios of one theme, whose names must be unique."""
    found: list[Scenario] = importlib.import_module(f"{scenarios.__name__}.{theme}").SCENARIOS
    names = [scenario["name"] for scenario in found]
    doubles = {name for name in names if names.count(name) > 1}
    assert not doubles, f"{theme}: scenario names used twice: {sorted(doubles)}"
    return found


@functools.cache
def load_expected(theme: str) -> dict[str, list[Output]]:
    """The recorded answers of one theme, by scenario name."""
    path = EXPECTED / f"{theme}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def save_expected(theme: str, answers: dict[str, list[Output]]) -> None:
    """Writes the recorded answers: one line per scenario, so that changes read well."""
    lines = [f"{json.dumps(name)}: {json.dumps(value, ensure_ascii=False, separators=(',', ':'))}" for name, value in answers.items()]
    EXPECTED.mkdir(exist_ok=True)
    (EXPECTED / f"{theme}.json").write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
