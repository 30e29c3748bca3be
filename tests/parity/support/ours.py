"""Runs scenarios on Sightline, in this process."""

from __future__ import annotations

import importlib

from .interpreter import Output, run
from .steps import Scenario

MODULE = "sightline"


def answer(scenario: Scenario) -> list[Output]:
    """The outputs of a scenario on Sightline."""
    return run(importlib.import_module(MODULE), scenario)
