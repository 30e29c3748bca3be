"""Records what the reference answers to the written scenarios: `python tests/parity/record.py [THEME...]`.

Needs `perspective-python`. Scenarios that take the reference down are listed at the end: such a scenario needs its
expectations written by hand (`differs`).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from parity.support import compare, corpus
from parity.support.interpreter import Output
from parity.support.oracle import Worker
from parity.support.steps import Scenario


def main() -> None:
    total, crashed, stale = 0, [], []
    with Worker() as oracle:
        for theme in sys.argv[1:] or corpus.themes():
            answers = {}
            for scenario in corpus.load(theme):
                total += 1
                answers[scenario["name"]] = oracle.run(scenario)
                if answers[scenario["name"]] and answers[scenario["name"]][0][0] == "process":
                    crashed.append(f"{theme}/{scenario['name']}: {answers[scenario['name']]}")
                    answers[scenario["name"]] = []
                answers[scenario["name"]] = [settled(scenario, *answer) for answer in answers[scenario["name"]]]
                stale += [f"{theme}/{scenario['name']}: {label}" for label in agreed(scenario, answers[scenario["name"]])]
            corpus.save_expected(theme, answers)
    print(f"{total} scenarios recorded, {len(crashed)} took the reference down")
    print("\n".join(crashed))
    if stale:
        print("`differs`, but the reference agrees:", *stale, sep="\n  ")


def settled(scenario: Scenario, label: str, value: Any) -> Output:
    """An answer without what changes from run to run: the order of unordered keys, and unstable values."""
    if "unstable" in scenario["steps"][int(label.partition(":")[0])] and not compare.is_error(value):
        return [label, {"$unstable": True}]
    if label.rpartition(".")[2] not in compare.ORDERED:
        return [label, json.loads(json.dumps(value, sort_keys=True))]
    return [label, value]


def agreed(scenario: Scenario, answers: list[Output]) -> list[str]:
    """The steps marked as differing whose expected value is just what the reference answered."""
    found = []
    for at, step in enumerate(scenario["steps"]):
        given = [answer for answer in answers if answer[0].startswith(f"{at}:")]
        if step.get("expect") is not None and given:
            alone = {**scenario, "steps": [step if i == at else {} for i in range(len(scenario["steps"]))]}
            if not compare.differences(alone, given, given):
                found.append(given[0][0])
    return found


if __name__ == "__main__":
    main()
