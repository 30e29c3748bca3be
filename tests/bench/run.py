"""Measures Sightline beside its peers and writes a Markdown table: `python tests/bench/run.py [--quick]`.

Every engine has a process of its own. Repetitions are interleaved over the engines, so that a busy machine hurts all
of them alike; the table shows medians. Answers are compared: the run fails when engines disagree.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

BENCH = Path(__file__).resolve().parent
sys.path.insert(0, str(BENCH.parent))

from bench import data, report
from bench.data import Files
from bench.digests import disagreement
from bench.engines.duck import sql
from bench.work import WORKS, Load, Query, Stream, Work

NODE_ENGINES = ["node:sightline", "node:perspective", "node:duckdb-wasm", "node:arquero"]
ENGINES = ["sightline", "perspective", "duckdb", "polars"]
RESULTS = BENCH / "results"

CLOCK = "import time\nw, c = time.perf_counter(), time.process_time()\n{}\nprint((time.perf_counter() - w) * 1e3, (time.process_time() - c) * 1e3)"
VIEWS = "import {0}\n{0}.Server().new_local_client().table([{{'a': 1}}]).size()"
COLD = {
    "sightline": CLOCK.format(VIEWS.format("sightline")),
    "perspective": CLOCK.format(VIEWS.format("perspective")),
    "duckdb": CLOCK.format("import duckdb\nduckdb.connect().execute('create table t as select 1 as a')"),
    "polars": CLOCK.format("import polars\npolars.DataFrame({'a': [1]})"),
}


class Child:
    """The worker process of one engine."""

    def __init__(self, engine: str) -> None:
        self.engine = engine
        family, _, name = engine.rpartition(":")
        command = [sys.executable, "-m", "bench.worker", engine]
        if family == "node":
            # Engines may print: a worker in Node answers on a pipe of its own.
            node = str(BENCH / "node" / "worker.mjs")
            command = [
                "bash",
                "-c",
                'exec 3>&1 1>&2; exec node --expose-gc --max-old-space-size=8192 "$@"',
                "-",
                node,
                name,
            ]
        elif family == "native":
            # Built by `cargo build --release -p sightline-server --example bench_native`.
            command = [str(BENCH.parents[1] / "target" / "release" / "examples" / "bench_native")]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(BENCH.parent), os.environ.get("PYTHONPATH", "")])},
        )

    def ask(self, **command: Any) -> dict[str, Any]:
        """Sends a command and waits for its answer."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise ChildProcessError(f"{self.engine} ended with exit code {self.process.wait()} at {command}")
        reply: dict[str, Any] = json.loads(line)
        return reply

    def stop(self) -> None:
        """Ends the process."""
        self.process.kill()
        self.process.communicate()


def measure(engines: list[str], rows: int, repeats: int, chosen: list[str]) -> dict[str, Any]:
    """All work at one size: name -> engine -> times."""
    folder = RESULTS / "data"
    files = Files(folder, rows)
    results: dict[str, Any] = {
        "rows": rows,
        "works": {},
        "memory": {},
        "start": {},
        "cold": {},
        "versions": {},
        "disagree": [],
    }
    children = {}
    for engine in engines:
        child = Child(engine)
        results["memory"][engine] = child.ask(do="memory", folder=str(folder), rows=rows)
        child.stop()
        children[engine] = Child(engine)
        results["versions"][engine] = children[engine].ask(do="version").get("version", "?")
        results["cold"][engine] = middle([cold_start(engine) for _ in range(repeats)])
        results["start"][engine] = middle([children[engine].ask(do="start") for _ in range(repeats)])
    try:
        for child in children.values():
            child.ask(do="prepare", folder=str(folder), rows=rows, dictionary=str(files.path("dictionary")))
        for work in WORKS:
            if chosen and work.name not in chosen:
                continue
            size = getattr(work.task, "rows", None)
            if size and hasattr(work.task, "form") and size > rows:
                continue
            found: dict[str, list[dict[str, Any]]] = {engine: [] for engine in engines}
            for repeat in range(repeats):
                spec = specification(work, files, repeat)
                for engine, child in children.items():
                    if not (found[engine] and ("error" in found[engine][-1] or "unsupported" in found[engine][-1])):
                        found[engine].append(child.ask(do="work", name=work.name, **spec))
            results["works"][work.name] = {engine: middle(times) for engine, times in found.items()}
            if problem := disagreement({engine: times[0] for engine, times in found.items()}, sorted_rows(work.task)):
                results["disagree"].append(f"{work.name} at {rows:,} rows: {problem}")
            print(report.line(work, results["works"][work.name], engines), file=sys.stderr, flush=True)
    finally:
        for child in children.values():
            child.stop()
    return results


def specification(work: Work, files: Files, repeat: int) -> dict[str, Any]:
    """The work as data, with what workers in other languages need: the file to load, and the question as SQL."""
    task = work.task
    spec: dict[str, Any] = {"task": {"kind": type(task).__name__, **dataclasses.asdict(task)}}
    match task:
        case Load():
            spec["path"] = str(files.path(task.form, task.rows))
        case Stream():
            batch = files.folder / f"batch-{task.rows}.arrow"
            batch.write_bytes(data.ipc(data.trades(task.rows, 2 * 10**9 + repeat * task.rows)))
            spec |= {"path": str(batch), "sql": sql(task.query)}
        case Query():
            spec["sql"] = sql(task)
    return spec


def sorted_rows(task: object) -> bool:
    """Whether the answer is rows in an order that leaves ties open."""
    return isinstance(task, Query) and bool(task.sort) and not task.group_by


def cold_start(engine: str) -> dict[str, Any]:
    """Import and first table in a new process, which compiled code may be cached for."""
    if engine not in COLD:
        return {"unsupported": True}
    run = subprocess.run([sys.executable, "-c", COLD[engine]], capture_output=True, text=True, check=False)
    if run.returncode:
        return {"error": run.stderr.strip().rpartition("\n")[2]}
    return {"wall": float(run.stdout.split()[0]), "cpu": float(run.stdout.split()[1])}


def middle(times: list[dict[str, Any]]) -> dict[str, Any]:
    """The median of the repetitions; the first one of several is a warm-up."""
    if "wall" not in times[-1]:
        return {name: value for name, value in times[-1].items() if name in ("error", "unsupported")}
    counted = times[1:] if len(times) > 5 else times
    return {name: statistics.median(time[name] for time in counted) for name in ("wall", "cpu")}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="100,000 rows only")
    parser.add_argument("--rows", help="sizes, comma separated")
    parser.add_argument("--engines", default=",".join(ENGINES))
    parser.add_argument("--node", action="store_true", help="the engines that run in Node instead")
    parser.add_argument("--repeats", type=int, default=6)
    parser.add_argument("--works", default="", help="names of work, comma separated; default all")
    options = parser.parse_args()
    sizes = options.rows or ("100000" if options.quick else "100000,1000000,5000000")
    engines = NODE_ENGINES if options.node else options.engines.split(",")
    chosen = [name for name in options.works.split(",") if name]
    began = time.monotonic()
    runs = [measure(engines, int(size), options.repeats, chosen) for size in sizes.split(",")]
    text = report.markdown(runs, engines, time.monotonic() - began)
    RESULTS.mkdir(exist_ok=True)
    stamp = datetime.datetime.now(datetime.UTC).strftime("%Y%m%d-%H%M%S")
    (RESULTS / f"{stamp}.md").write_text(text, encoding="utf-8")
    (RESULTS / f"{stamp}.json").write_text(json.dumps(runs, indent=1), encoding="utf-8")
    print(text)
    return 1 if any(run["disagree"] for run in runs) else 0


if __name__ == "__main__":
    sys.exit(main())
