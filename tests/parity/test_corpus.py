"""Every written scenario gives the recorded answer.

`pytest tests/parity/test_corpus.py -k aggregates` runs one theme; `check.py` prints the same without pytest.
"""

from __future__ import annotations

import pytest

from .support import compare, corpus, ours, righted
from .support.steps import Scenario

CASES = [
    pytest.param(theme, scenario, id=f"{theme}/{scenario['name']}")
    for theme in corpus.themes()
    for scenario in corpus.load(theme)
]


RIGHTED = [pytest.param(*case.values, id=case.id) for case in CASES if case.values[1]["name"] in righted.load(case.values[0])]


@pytest.mark.parametrize(("theme", "scenario"), CASES)
def test_scenario(theme: str, scenario: Scenario) -> None:
    expected = corpus.load_expected(theme)
    name = scenario["name"]
    assert name in expected, "no recorded answer: run tests/parity/record.py"
    # Where Sightline differs on purpose, what it answers is recorded as well.
    answer = righted.load(theme).get(name, expected[name])
    found = compare.differences(scenario, answer, ours.answer(scenario))
    if found:
        pytest.fail("\n".join(found), pytrace=False)


@pytest.mark.parametrize(("theme", "scenario"), RIGHTED)
def test_difference_has_a_reason(theme: str, scenario: Scenario) -> None:
    name = scenario["name"]
    assert righted.reason(f"{theme}/{name}"), "no reason in support/righted.py"
    recorded = corpus.load_expected(theme)[name]
    assert compare.differences(scenario, recorded, righted.load(theme)[name]), "agrees by now: run tests/parity/right.py"
