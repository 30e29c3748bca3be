"""The process of one engine: takes commands on standard input, one JSON line each, and answers with times and digests.

Run as `python -m bench.worker ENGINE`. Times are wall and process CPU (all threads), in milliseconds.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .data import Files
from .engines.base import Done, Engine, UnsupportedError
from .work import WORKS, Load, Output, Query, Stream

PAGE = os.sysconf("SC_PAGE_SIZE")


def engine(name: str) -> Engine:
    """An engine by its name in the results."""
    match name:
        case "sightline":
            from .engines.views import Views

            return Views("sightline")
        case "perspective":
            from .engines.views import Views

            return Views("perspective")
        case "duckdb":
            from .engines.duck import Duck

            return Duck()
        case "polars":
            from .engines.pola import Polars

            return Polars()
    raise ValueError(f"unknown engine `{name}`")


class Worker:
    """An engine with its data, and the work it is at."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.engine = engine(name)
        self.current = ""
        self.work: Callable[[], Done] | None = None

    def command(self, command: dict[str, Any]) -> dict[str, Any]:
        match command["do"]:
            case "version":
                return {"version": self.engine.version()}
            case "prepare":
                self.engine.prepare(Files(Path(command["folder"]), command["rows"]))
                return {}
            case "memory":
                return self.memory(Files(Path(command["folder"]), command["rows"]))
            case "start":
                return self.time(self.engine.start)
            case "work":
                return self.run(command["name"])
        raise ValueError(f"unknown command `{command}`")

    def run(self, name: str) -> dict[str, Any]:
        if name != self.current:
            self.close()
            self.current = name
            try:
                self.work = self.make(name)
            except UnsupportedError:
                self.work = None
        if self.work is None:
            return {"unsupported": True}
        if hasattr(self.work, "next_input"):
            self.work.next_input()
        return self.time(self.work)

    def close(self) -> None:
        if hasattr(self.engine, "close"):
            self.engine.close()

    def make(self, name: str) -> Callable[[], Done]:
        task = next(work.task for work in WORKS if work.name == name)
        match task:
            case Query():
                return lambda: self.engine.query(task)
            case Load():
                return self.engine.load(task)
            case Stream():
                return self.engine.stream(task)
            case Output():
                return self.engine.output(task)

    def time(self, work: Callable[[], Done]) -> dict[str, Any]:
        gc.collect()
        cpu, wall = time.process_time(), time.perf_counter()
        close, digest = work()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        close()
        return {"wall": wall * 1e3, "cpu": cpu * 1e3, "digest": digest}

    def memory(self, files: Files) -> dict[str, Any]:
        """Bytes of resident memory per row, of the table and of a two-level view on it."""
        files.path("dictionary")
        before = resident()
        self.engine.prepare(files)
        loaded = resident()
        query = next(work.task for work in WORKS if work.name == "group_pair")
        assert isinstance(query, Query)
        close, _ = self.engine.query(query)
        viewed = resident()
        close()
        return {"table": (loaded - before) / files.n_rows, "view": (viewed - loaded) / files.n_rows}


def resident() -> int:
    """Resident bytes of this process, after giving back what is free."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE


def main() -> None:
    # Engines may print: keep the pipe for answers only.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    worker = Worker(sys.argv[1])
    for line in sys.stdin:
        try:
            reply = worker.command(json.loads(line))
        except Exception as error:
            reply = {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(reply, default=str) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
