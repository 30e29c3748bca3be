"""The server of the loop-lag bench: `python -m bench.lag.server MODULE ROWS`.

A Tornado process as an application would write it. The table is updated 50 times a second by 100 rows; one more row,
the probe, carries the time of sending. Prints its port, measures from the line `go` on standard input to the line
`stop`, and then prints what it measured as JSON.
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import json
import sys
import time
from typing import Any

import numpy as np
import pyarrow as pa
import tornado.httpserver
import tornado.netutil
import tornado.web

from .. import data

UPDATES_PER_SECOND, ROWS_PER_UPDATE = 50, 100
PROBE = "PROBE"
HEARTBEAT = 0.002


def table_data(n_rows: int) -> bytes:
    """The trades and the probe, which is the last row."""
    trades = data.trades(n_rows, plain=True)
    row = trades.slice(0, 1).set_column(0, "symbol", pa.array([PROBE])).set_column(7, "id", pa.array([n_rows]))
    whole = pa.concat_tables([trades, row])
    return data.ipc(whole.append_column("sent", pa.array(np.zeros(n_rows + 1))))


class Lag:
    """Measures how late the loop comes to a timer, and what an update costs."""

    def __init__(self, module: str, n_rows: int) -> None:
        self.n_rows = n_rows
        self.module: Any = importlib.import_module(module)
        self.server = self.module.Server()
        self.table = self.server.new_local_client().table(table_data(n_rows), name="trades", index="id")
        self.random = np.random.default_rng(1)
        self.lags: list[float] = []
        self.updates: list[float] = []
        self.measuring = False

    def batch(self) -> bytes:
        """Rows that are there already with new prices, and the probe with the time."""
        ids = np.append(self.random.integers(0, self.n_rows, ROWS_PER_UPDATE), self.n_rows)
        price = self.random.integers(4, 4000, ROWS_PER_UPDATE + 1) / 4.0
        sent = np.append(np.zeros(ROWS_PER_UPDATE), time.monotonic() * 1e3)
        return data.ipc(pa.table({"id": ids, "price": price, "sent": sent}))

    async def beat(self) -> None:
        """The heartbeat whose lateness is the lag of the loop."""
        while True:
            due = time.monotonic() + HEARTBEAT
            await asyncio.sleep(HEARTBEAT)
            if self.measuring:
                self.lags.append((time.monotonic() - due) * 1e3)

    async def feed(self) -> None:
        """The updates, on the loop, as the reference's examples do it."""
        due = time.monotonic()
        while True:
            due = max(due + 1 / UPDATES_PER_SECOND, time.monotonic())
            await asyncio.sleep(due - time.monotonic())
            batch = self.batch()
            before = time.process_time()
            self.table.update(batch)
            if self.measuring:
                self.updates.append((time.process_time() - before) * 1e3)

    async def run(self) -> dict[str, Any]:
        handlers: Any = importlib.import_module(f"{self.module.__name__}.handlers.tornado")
        handler = handlers.PerspectiveTornadoHandler
        options = {"perspective_server": self.server}
        if "permissions" in inspect.signature(handler.initialize).parameters:
            options["permissions"] = "all"
        app = tornado.web.Application([(r"/websocket", handler, options)])
        sockets = tornado.netutil.bind_sockets(0, "127.0.0.1")
        http = tornado.httpserver.HTTPServer(app)
        http.add_sockets(sockets)
        print(sockets[0].getsockname()[1], flush=True)
        tasks = [asyncio.create_task(self.beat()), asyncio.create_task(self.feed())]
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, sys.stdin.readline)
        self.measuring = True
        wall, cpu = time.monotonic(), time.process_time()
        await loop.run_in_executor(None, sys.stdin.readline)
        self.measuring = False
        wall, cpu = time.monotonic() - wall, time.process_time() - cpu
        for task in tasks:
            task.cancel()
        return {
            "lag": percentiles(self.lags),
            "updates": len(self.updates),
            "updates_per_second": len(self.updates) / wall,
            "cpu_in_update": float(np.median(self.updates)) if self.updates else None,
            "cpu_per_update": cpu * 1e3 / max(len(self.updates), 1),
        }


def percentiles(values: list[float]) -> dict[str, float]:
    """Milliseconds: the middle, one in a hundred, and the worst."""
    if not values:
        return {}
    return {"p50": float(np.percentile(values, 50)), "p99": float(np.percentile(values, 99)), "max": max(values)}


def main() -> None:
    print(json.dumps(asyncio.run(Lag(sys.argv[1], int(sys.argv[2])).run())), flush=True)


if __name__ == "__main__":
    main()
