"""Views that lived through random updates equal views made afterwards, and views of a table loaded anew.

`PARITY_CASES=5000 pytest tests/parity/test_random.py` runs more of them; `fuzz.py` runs them for a given time, and against
the reference as well. A failing seed is shrunk and printed as a scenario for `check.py --scenario FILE`.
"""

from __future__ import annotations

import os

import pytest

from .support import generate, ours, shrink, steady
from .support.steps import Scenario

CASES = int(os.environ.get("PARITY_CASES", "300"))
BATCH = 25
BATCHES = [range(start, min(start + BATCH, CASES + 1)) for start in range(1, CASES + 1, BATCH)]


def seeds(batch: range) -> str:
    return f"seeds {batch.start} to {batch.stop - 1}"


@pytest.mark.parametrize("batch", BATCHES, ids=seeds)
def test_stepped_views_equal_views_built_anew(batch: range) -> None:
    def differences(scenario: Scenario) -> list[str]:
        return steady.differences(scenario, ours.answer)

    for seed in batch:
        scenario = generate.Maker(seed).scenario(n_changes=8, n_views=3)
        if differences(scenario):
            small = shrink.shrink(scenario, lambda case: bool(differences(case)))
            pytest.fail("\n".join([f"seed {seed}", *differences(small), shrink.as_python(small)]), pytrace=False)


@pytest.mark.parametrize("seed", range(5))
def test_stepped_views_equal_views_built_anew_at_scale(seed: int) -> None:
    scenario = generate.Maker(seed, n_rows=20_000).scenario(n_changes=30, n_views=4)
    assert not steady.differences(scenario, ours.answer), f"seed {seed}"
