"""Writes what Sightline answers where it differs from the reference on purpose: `python tests/parity/right.py`.

Scenarios that differ without a reason in `support/righted.py` are listed and fail the run: they are bugs, or a reason is
missing. Read the difference of what was written before it is committed.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from parity.support import compare, corpus, ours, righted


def main() -> int:
    unexplained = 0
    for theme in corpus.themes():
        answers = {}
        for scenario in corpus.load(theme):
            answer = ours.answer(scenario)
            found = compare.differences(scenario, corpus.load_expected(theme)[scenario["name"]], answer)
            if not found:
                continue
            name = f"{theme}/{scenario['name']}"
            if righted.reason(name) is None:
                unexplained += 1
                print(name, *found, sep="\n  ")
            else:
                answers[scenario["name"]] = answer
        righted.save(theme, answers)
        print(f"{theme}: {len(answers)} differ with a reason")
    return min(unexplained, 1)


if __name__ == "__main__":
    sys.exit(main())
