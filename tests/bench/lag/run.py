"""Runs the loop-lag bench: `python tests/bench/lag/run.py [--rows 1000000] [--clients 1,10,100,1000] [--modules ...]`."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

TESTS = Path(__file__).resolve().parents[2]
RESULTS = TESTS / "bench" / "results"


class Process:
    """A child that talks in lines."""

    def __init__(self, *command: str) -> None:
        paths = [str(TESTS), os.environ.get("PYTHONPATH", "")]
        self.name = " ".join(command)
        self.process = subprocess.Popen(
            [sys.executable, "-m", *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))},
        )

    def read(self) -> str:
        """The next line."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise ChildProcessError(f"{self.name} ended with exit code {self.process.wait()}")
        return line.strip()

    def write(self, line: str) -> None:
        """Sends a line."""
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def stop(self) -> None:
        """Ends the child."""
        self.process.kill()
        self.process.communicate()


def measure(module: str, rows: int, clients: int, seconds: float) -> dict[str, Any]:
    """One server with so many clients for some seconds."""
    server = Process("bench.lag.server", module, str(rows))
    readers: list[Process] = []
    try:
        readers.append(Process("bench.lag.clients", server.read(), str(clients)))
        readers[0].read()  # `ready`
        for process in (server, readers[0]):
            process.write("go")
        time.sleep(seconds)
        for process in (server, readers[0]):
            process.write("stop")
        return {**json.loads(server.read()), **json.loads(readers[0].read())}
    finally:
        for process in (server, *readers):
            process.stop()


def triple(values: dict[str, float]) -> str:
    return " / ".join(f"{values[name]:.1f}" for name in ("p50", "p99", "max")) if values else "-"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--clients", default="1,10,100,1000")
    parser.add_argument("--modules", default="sightline,perspective")
    parser.add_argument("--seconds", type=float, default=10)
    options = parser.parse_args()
    lines = [
        f"# Loop lag: {options.rows:,} rows, 50 updates of 100 rows a second",
        "",
        "| server | clients | loop lag p50 / p99 / max ms | update to client p50 / p99 / max ms | updates/s | CPU in update ms | CPU per update ms | MB/s out |",
        "|---|---|---|---|---|---|---|---|",
    ]
    print("\n".join(lines), flush=True)
    for count in map(int, options.clients.split(",")):
        for module in options.modules.split(","):
            try:
                found = measure(module, options.rows, count, options.seconds)
            except ChildProcessError as error:
                line = f"| {module} | {count} | failed: {error} | | | | | |"
            else:
                inside = "-" if found["cpu_in_update"] is None else f"{found['cpu_in_update']:.2f}"
                line = (
                    f"| {module} | {count} | {triple(found['lag'])} | {triple(found['latency'])} | {found['updates_per_second']:.1f} "
                    f"| {inside} | {found['cpu_per_update']:.2f} | {found['bytes'] / options.seconds / 1e6:.2f} |"
                )
            print(line, flush=True)
            lines.append(line)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / time.strftime("lag-%Y%m%d-%H%M%S.md", time.gmtime())).write_text(
        "\n".join(lines) + "\n", encoding="utf-8"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
