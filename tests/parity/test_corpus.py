"""Every written scenario gives the recorded answer.

`pytest tests/parity/test_corpus.py -k aggregates` runs one theme; `check.py` prints the same without pytest.
"""

from __future__ import annotations

import pytest

from .support import compare, corpus, ours
from .support.steps import Scenario

CASES = [
    pytest.param(theme, scenario, id=f"{theme}/{scenario['name']}")
    for theme in corpus.themes()
    for scenario in corpus.load(theme)
]


@pytest.mark.parametrize(("theme", "scenario"), CASES)
def test_scenario(theme: str, scenario: Scenario) -> None:
    expected = corpus.load_expected(theme)
    assert scenario["name"] in expected, "no recorded answer: run tests/parity/record.py"
    found = compare.differences(scenario, expected[scenario["name"]], ours.answer(scenario))
    if found:
        pytest.fail("\n".join(found), pytrace=False)
