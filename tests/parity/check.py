"""Runs written scenarios and prints what differs: `python tests/parity/check.py [--show] [THEME[/NAME-PREFIX]...]`.

`--module NAME` runs another module than Sightline (`perspective` to check the recordings), always in a child process,
so that a crash or a hang fails one scenario only.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from parity.support import compare, corpus
from parity.support.oracle import Worker
from parity.support.ours import MODULE
from parity.support.steps import Scenario


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="*", help="a theme, or a theme and the start of a scenario's name")
    parser.add_argument("--show", action="store_true", help="print scenario, expectation and answer in full")
    parser.add_argument("--module", default=MODULE)
    parser.add_argument("--brief", action="store_true", help="only the first difference of each scenario")
    parser.add_argument("--scenario", type=Path, help="a file with one scenario, compared with the reference live")
    options = parser.parse_args()
    if options.scenario:
        return live(json.loads(options.scenario.read_text(encoding="utf-8")), options.module)
    run, failed = Counter[str](), Counter[str]()
    with Worker(options.module) as worker:
        for theme, prefix in [what.partition("/")[::2] for what in options.what] or [(t, "") for t in corpus.themes()]:
            expected = corpus.load_expected(theme)
            for scenario in corpus.load(theme):
                if not scenario["name"].startswith(prefix):
                    continue
                run[theme] += 1
                answer = worker.run(scenario)
                wanted = expected.get(scenario["name"], [])
                if options.show:
                    print(json.dumps(scenario, indent=1, ensure_ascii=False))
                    print("expected", *(json.dumps(line, ensure_ascii=False) for line in wanted), sep="\n  ")
                    print("answered", *(json.dumps(line, ensure_ascii=False) for line in answer), sep="\n  ")
                if found := compare.differences(scenario, wanted, answer):
                    failed[theme] += 1
                    print(f"{theme}/{scenario['name']}")
                    print(*found[: 1 if options.brief else 8], sep="\n", end="\n\n")
    for theme, count in run.items():
        print(f"{theme}: {count - failed[theme]} of {count} agree")
    print(f"all: {run.total() - failed.total()} of {run.total()} agree")
    return 1 if failed else 0


def live(scenario: Scenario, module: str) -> int:
    """Runs one scenario on the module and the reference, and prints both answers."""
    with Worker(module) as ours, Worker() as reference:
        expected, answer = reference.run(scenario), ours.run(scenario)
    print("expected", *(json.dumps(line, ensure_ascii=False) for line in expected), sep="\n  ")
    print("answered", *(json.dumps(line, ensure_ascii=False) for line in answer), sep="\n  ")
    found = compare.differences(scenario, expected, answer)
    print("differences", *found, sep="\n  ")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
