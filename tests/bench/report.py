"""The Markdown table of a run."""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path
from typing import Any

from .work import WORKS, Work

OURS = ("sightline", "node:sightline")
MEMORY_GOAL = (60, 12)
START_GOAL = 30


def number(value: float) -> str:
    """Milliseconds with three digits that count."""
    if value >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 0.1 else f"{value:.3f}"


def cell(times: dict[str, Any]) -> str:
    if "wall" in times:
        return f"{number(times['wall'])} ({number(times['cpu'])})"
    return "error" if "error" in times else "-"


def line(work: Work, times: dict[str, Any], engines: list[str]) -> str:
    """One line for the terminal while a run goes on."""
    cells = "  ".join(f"{engine} {cell(times[engine]):>16}" for engine in engines)
    errors = [f"\n    {engine}: {answer['error'][:300]}" for engine, answer in times.items() if "error" in answer]
    return f"{work.title:52} {cells}{''.join(errors)}"


def markdown(runs: list[dict[str, Any]], engines: list[str], seconds: float) -> str:
    """The whole report: a table for each size, memory, start, versions and machine."""
    parts = [
        "# Benchmark",
        "",
        machine(),
        "",
        f"The run took {seconds:.0f} s. Times are wall (process CPU) milliseconds, medians.",
    ]
    for run in runs:
        parts += ["", f"## {run['rows']:,} rows", ""]
        peers = [engine for engine in engines if engine not in OURS]
        parts.append(f"| work | goal at 1M | {' | '.join(engines)} | ours / goal | ours / best peer |")
        parts.append("|---" * (len(engines) + 4) + "|")
        for work in WORKS:
            if times := run["works"].get(work.name):
                goal = "-" if work.goal is None else f"{work.goal:g}"
                cells = " | ".join(cell(times[engine]) for engine in engines)
                parts.append(
                    f"| {work.title} | {goal} | {cells} | {against_goal(work, run['rows'], times)} | {against_peers(times, peers)} |"
                )
        memory = " | ".join(bytes_per_row(run["memory"][engine]) for engine in engines)
        parts.append(
            f"| memory per row: table + 2-level view, bytes | {MEMORY_GOAL[0]} + {MEMORY_GOAL[1]} | {memory} | | |"
        )
        cold = " | ".join(cell(run["cold"][engine]) for engine in engines)
        parts.append(
            f"| new process: import, start, make a table | - | {cold} | | {against_peers(run['cold'], peers)} |"
        )
        start = " | ".join(cell(run["start"][engine]) for engine in engines)
        parts.append(
            f"| start another engine and make a table | {START_GOAL} | {start} | | {against_peers(run['start'], peers)} |"
        )
        parts += [f"\n**Disagreement**: {problem}" for problem in run["disagree"]]
    versions = ", ".join(f"{engine} {version}" for engine, version in runs[0]["versions"].items())
    return "\n".join([*parts, "", f"Versions: {versions}, Python {platform.python_version()}.", ""])


def against_goal(work: Work, rows: int, times: dict[str, Any]) -> str:
    """The goal is for a million rows; at other sizes there is none."""
    wall = own(times)
    return "" if rows != 1_000_000 or work.goal is None or wall is None else f"{wall / work.goal:.2f}"


def own(times: dict[str, Any]) -> float | None:
    """Our time."""
    return next((times[engine]["wall"] for engine in OURS if "wall" in times.get(engine, {})), None)


def against_peers(times: dict[str, Any], peers: list[str]) -> str:
    walls = [times[peer]["wall"] for peer in peers if "wall" in times.get(peer, {})]
    wall = own(times)
    return "" if wall is None or not walls else f"{wall / min(walls):.2f}"


def bytes_per_row(memory: dict[str, Any]) -> str:
    return f"{memory['table']:.0f} + {memory['view']:.0f}" if "table" in memory else "-"


def machine() -> str:
    """What the run was made on."""
    name = platform.processor() or platform.machine()
    if sys.platform == "linux":
        names = [
            entry.partition(":")[2].strip()
            for entry in Path("/proc/cpuinfo").read_text().splitlines()
            if entry.startswith("model name")
        ]
        name = names[0] if names else name
    return f"Machine: {name}, {os.cpu_count()} cores, {platform.system()} {platform.release()}, load {os.getloadavg()[0]:.1f}."
