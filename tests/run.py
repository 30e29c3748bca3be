"""Runs the project's test suites and style checks, and says at the end what came of each.

    python tests/run.py SUITE...      one or more of the names below, or `all` (every test) or `lint`

Each suite is a command of its own, with its output passed through as it comes. A suite that fails does not keep the
next one from running. Counts are read from the closing lines of the test runners; a suite that ran no test has
failed. The last line is `N passed, N failed`, and the exit code is 1 when anything failed.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

REPO = Path(__file__).resolve().parent.parent
PYTEST = [sys.executable, "-m", "pytest", "-q"]
# A test that waits for what never comes fails by itself.
NODE_TEST = ["node", "--test", "--test-timeout=180000"]

PASSED_OR_FAILED = re.compile(
    r"^test result: \w+\. (?P<cargo_passed>\d+) passed; (?P<cargo_failed>\d+) failed"
    r"|^(?:# |ℹ )(?P<node>pass|fail|cancelled) (?P<node_count>\d+)$"
    r"|^=* ?(?P<pytest>(?:\d+ \w+, )*\d+ \w+)(?:, \d+ warnings?)? in [\d.]+s"
    r"|^(?P<plain_passed>\d+) passed, (?P<plain_failed>\d+) failed$"
)


@dataclass
class Outcome:
    """What one command came to. `passed` and `failed` count tests, or checks for a command that has no tests."""

    name: str
    passed: int = 0
    failed: int = 0
    seconds: float = 0.0

    def read(self, line: str) -> None:
        """Adds what `line` says, if it is a closing line of a test runner."""
        match = PASSED_OR_FAILED.match(line)
        if match is None:
            return
        if match["cargo_passed"] is not None:
            self.passed += int(match["cargo_passed"])
            self.failed += int(match["cargo_failed"])
        elif match["node"] == "pass":
            self.passed += int(match["node_count"])
        elif match["node"] is not None:
            self.failed += int(match["node_count"])
        elif match["plain_passed"] is not None:
            self.passed += int(match["plain_passed"])
            self.failed += int(match["plain_failed"])
        else:
            for count, kind in re.findall(r"(\d+) (\w+)", match["pytest"]):
                if kind == "passed":
                    self.passed += int(count)
                elif kind in ("failed", "error", "errors"):
                    self.failed += int(count)


@dataclass(frozen=True)
class Suite:
    """A command, with what its environment has beyond ours and the folder of the repo that it runs in.

    `counted` says that its output holds a test runner's closing line.
    """

    name: str
    command: list[str]
    environment: dict[str, str] = field(default_factory=dict)
    cwd: str = "."
    counted: bool = True


def node_tests(folder: str) -> list[str]:
    """The test files under `tests/<folder>`. Node 20 expands no patterns itself."""
    return sorted(str(path) for path in (REPO / "tests" / folder).glob("**/*.test.mjs"))


def test_suites() -> list[Suite]:
    """Every test suite, the quickest to break first."""
    return [
        Suite("rust", ["cargo", "test", "--workspace", "--locked", "--quiet"]),
        Suite("python", [*PYTEST, "host-python/tests"]),
        Suite("parity", [*PYTEST, "tests/parity"]),
        Suite("node", ["npm", "--prefix", "www", "test"]),
        # One test, which asks the reference in a child process with time limits of its own.
        Suite("differential", ["node", "--test", "--test-timeout=600000", *node_tests("differential")]),
        Suite("wire", [*NODE_TEST, *node_tests("wire")]),
        Suite("browser", [*NODE_TEST, *node_tests("browser")]),
        Suite("packages", [sys.executable, "tests/packages/check.py"]),
    ]


def lint_checks() -> list[Suite]:
    """Every style check."""

    def check(name: str, *command: str, cwd: str = ".", **environment: str) -> Suite:
        return Suite(name, list(command), environment, cwd, counted=False)

    python = (sys.executable, "-m")
    return [
        check("rustfmt", "cargo", "fmt", "--all", "--check"),
        check(
            "clippy",
            *("cargo", "clippy", "--workspace", "--all-targets", "--locked", "--quiet"),
            *("--", "-D", "warnings"),
        ),
        check(
            "rustdoc",
            *("cargo", "doc", "--workspace", "--no-deps", "--locked", "--quiet"),
            RUSTDOCFLAGS="-D warnings",
        ),
        check("ruff", *python, "ruff", "check", "--quiet", "host-python", "tests"),
        check("ruff format", *python, "ruff", "format", "--check", "--quiet", "host-python", "tests"),
        check("mypy", *python, "mypy", cwd="host-python"),
        check(
            "mypy tests",
            *python,
            *("mypy", "--config-file", "host-python/pyproject.toml"),
            *("tests/run.py", "tests/packages/check.py", "tests/soak", "tests/wire"),
            MYPYPATH="host-python/src",
        ),
        check("npm run lint", "npm", "--prefix", "www", "run", "--silent", "lint"),
    ]


def run(suite: Suite) -> Outcome:
    """Runs one suite, passing its output through."""
    print(f"\n» {suite.name}: {' '.join(suite.command)}", flush=True)
    outcome = Outcome(suite.name)
    started = time.monotonic()
    environment = {**os.environ, "CARGO_TERM_COLOR": "never", "NO_COLOR": "1", **suite.environment}
    try:
        process = subprocess.Popen(
            suite.command,
            cwd=REPO / suite.cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
    except FileNotFoundError as error:
        print(error, flush=True)
        outcome.failed = 1
        return outcome
    assert process.stdout is not None
    for line in process.stdout:
        print(line, end="", flush=True)
        outcome.read(line.rstrip("\n"))
    code = process.wait()
    outcome.seconds = time.monotonic() - started
    if not suite.counted:
        outcome.passed, outcome.failed = (1, 0) if code == 0 else (0, 1)
    elif code != 0 and outcome.failed == 0:
        print(f"{suite.name}: the command ended with code {code}", flush=True)
        outcome.failed = 1
    elif outcome.passed + outcome.failed == 0:
        print(f"{suite.name}: no test ran", flush=True)
        outcome.failed = 1
    return outcome


def main(names: list[str]) -> int:
    suites = {suite.name: suite for suite in test_suites()}
    chosen: list[Suite] = []
    for name in names:
        if name == "all":
            chosen += suites.values()
        elif name == "lint":
            chosen += lint_checks()
        elif name in suites:
            chosen.append(suites[name])
        else:
            print(f"unknown suite `{name}`; there are: all, lint, {', '.join(suites)}", file=sys.stderr)
            return 2
    if not chosen:
        print(__doc__, file=sys.stderr)
        return 2
    outcomes = [run(suite) for suite in chosen]
    print()
    for outcome in outcomes:
        verdict = "ok" if outcome.failed == 0 else "FAILED"
        print(
            f"  {verdict:7}{outcome.name:14}{outcome.passed:6} passed {outcome.failed:4} failed"
            f" {outcome.seconds:7.0f} s"
        )
    passed = sum(outcome.passed for outcome in outcomes)
    failed = sum(outcome.failed for outcome in outcomes)
    print(f"\n{passed} passed, {failed} failed", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
