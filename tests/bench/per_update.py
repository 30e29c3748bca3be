"""What an update costs against the size of the table, for each kind of view: `python tests/bench/per_update.py`.

Each update changes 100 rows of an indexed table; the time is that of the update and of bringing one view up to date, which
reading its first ten rows forces. Prints a Markdown table of medians in microseconds. An update must cost in proportion to
the rows it touches, so a line must stay flat from left to right; what grows a little is memory that no cache holds.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa

import sightline

N_CHANGED = 100

VIEWS: dict[str, dict[str, Any]] = {
    "flat": {"columns": ["price", "qty"]},
    "filtered": {"filter": [["venue", "==", "V03"]], "columns": ["price", "qty"]},
    "sorted by a float": {"sort": [["price", "desc"]], "columns": ["price", "qty"]},
    "grouped, 500 x 20, sum and avg": {
        "group_by": ["symbol", "venue"],
        "columns": ["price", "qty"],
        "aggregates": {"price": "avg"},
    },
    "grouped, sorted by a sum": {"group_by": ["symbol"], "columns": ["qty"], "sort": [["qty", "desc"]]},
    "grouped 500, split by 20": {"group_by": ["symbol"], "split_by": ["venue"], "columns": ["qty"]},
    "expression, grouped": {
        "group_by": ["symbol"],
        "expressions": {"value": '"price" * "qty"'},
        "columns": ["value"],
    },
}


def trades(n_rows: int) -> pa.Table:
    """A table of `n_rows` rows, the same every time."""
    draw = np.random.default_rng(7)
    symbols = np.array([f"S{number:03d}" for number in range(500)])
    venues = np.array([f"V{number:02d}" for number in range(20)])
    return pa.table(
        {
            "id": np.arange(n_rows),
            "symbol": pa.array(symbols[draw.integers(0, 500, n_rows)]).dictionary_encode(),
            "venue": pa.array(venues[draw.integers(0, 20, n_rows)]).dictionary_encode(),
            "price": draw.random(n_rows) * 100,
            "qty": draw.integers(1, 1000, n_rows),
        }
    )


def batches(n_rows: int, n_batches: int) -> list[bytes]:
    """Updates of price and quantity of random rows, as Arrow."""
    draw = np.random.default_rng(8)
    made = []
    for _ in range(n_batches):
        batch = pa.table(
            {
                "id": draw.integers(0, n_rows, N_CHANGED),
                "price": draw.random(N_CHANGED) * 100,
                "qty": draw.integers(1, 1000, N_CHANGED),
            }
        )
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, batch.schema) as writer:
            writer.write_table(batch)
        made.append(sink.getvalue().to_pybytes())
    return made


def median(work: Callable[[bytes], object], data: list[bytes]) -> float:
    """The median time of `work`, in microseconds; the first tenth is a warm-up."""
    times = []
    for batch in data:
        started = time.perf_counter()
        work(batch)
        times.append(time.perf_counter() - started)
    return statistics.median(times[len(times) // 10 :]) * 1e6


def measure(n_rows: int, n_batches: int) -> dict[str, float]:
    """The cost of an update for every kind of view on a table of `n_rows` rows."""
    found = {}
    data = batches(n_rows, n_batches)
    with sightline.Server() as server:
        client = server.new_local_client()
        table = client.table(trades(n_rows), index="id", name="trades")
        found["no view"] = median(table.update, data)
        for name, config in VIEWS.items():
            with table.view(**config) as view:
                found[name] = median(step(table, view), data)
        names = pa.table({"symbol": [f"S{number:03d}" for number in range(500)], "sector": list(range(500))})
        sectors = client.table(names, name="sectors")
        joined = client.join(table, sectors, "symbol", name="joined")
        with joined.view(group_by=["sector"], columns=["qty"]) as view:
            found["joined, grouped"] = median(step(table, view), data)
        joined.delete()
    return found


def step(table: Any, view: Any) -> Callable[[bytes], object]:
    """Updates the table and reads the first rows of the view."""
    view.to_columns_string(end_row=10)

    def work(batch: bytes) -> object:
        table.update(batch)
        return view.to_columns_string(end_row=10)

    return work


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", default="100000,1000000,5000000")
    parser.add_argument("--batches", type=int, default=60)
    options = parser.parse_args()
    sizes = [int(size) for size in options.rows.split(",")]
    columns = [measure(size, options.batches) for size in sizes]
    print(f"| 100 rows updated, µs | {' | '.join(f'{size:,} rows' for size in sizes)} |")
    print(f"|---|{'---|' * len(sizes)}")
    for name in columns[0]:
        print(f"| {name} | {' | '.join(f'{column[name]:,.0f}' for column in columns)} |")


if __name__ == "__main__":
    main()
