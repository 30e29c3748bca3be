"""Runs random scenarios on Sightline and the reference for a while: `python tests/parity/fuzz.py --seconds 60`.

Prints each difference, shrunk, as a scenario that `check.py --scenario FILE` runs again. `--steady` compares Sightline
with itself instead: views that lived through the updates with views made afterwards. `--deltas` compares what flat views
hear of each change, `--expressions` makes views of expressions only.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from parity.support import compare, generate, language, shrink, steady
from parity.support.oracle import REFERENCE, Worker
from parity.support.ours import MODULE
from parity.support.steps import Scenario


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1, help="the first seed")
    parser.add_argument("--count", type=int, default=10**9, help="at most so many scenarios")
    parser.add_argument("--module", default=MODULE)
    parser.add_argument("--reference", default=REFERENCE)
    parser.add_argument("--steady", action="store_true")
    parser.add_argument("--deltas", action="store_true", help="compare the deltas of flat views")
    parser.add_argument("--expressions", action="store_true", help="compare random expressions")
    parser.add_argument("--keep-going", action="store_true", help="report every failing seed, not only the first ten")
    options = parser.parse_args()
    until, failed, done = time.monotonic() + options.seconds, 0, 0
    with Worker(options.module) as ours, Worker(options.reference) as reference:

        def differences(scenario: Scenario) -> list[str]:
            if options.steady:
                return steady.differences(scenario, ours.run)
            expected = reference.run(scenario if options.deltas else steady.with_fresh_views(scenario))
            if any(label == "process" for label, _ in expected):
                return []
            return compare.differences(scenario, expected, ours.run(scenario), texts=False)

        for seed in range(options.seed, options.seed + options.count):
            if time.monotonic() > until or (failed >= 10 and not options.keep_going):
                break
            done += 1
            if options.deltas:
                scenario = generate.Maker(seed).deltas()
            elif options.expressions:
                scenario = language.expressions(seed)
            else:
                scenario = generate.Maker(seed).scenario(n_changes=6) if options.steady else generate.make(seed)
            found = differences(scenario)
            if found and options.expressions:
                failed += 1
                print(f"seed {seed}:", *language.named(scenario, found), sep="\n", end="\n\n", flush=True)
            elif found:
                failed += 1
                small = shrink.shrink(scenario, lambda case: bool(differences(case)))
                print(f"seed {seed}:", *differences(small)[:5], shrink.as_python(small), sep="\n", end="\n\n", flush=True)
    print(f"{done} scenarios, {failed} failed; next seed {options.seed + done}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
