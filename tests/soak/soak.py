"""Hammers a live Tornado server, then compares every row that was sent with every table and every client.

    python tests/soak/soak.py [--seconds 60] [--seed 1]

While the clock runs, all at once:

- three writers (the event loop, a thread pool, a plain thread) upsert rows into the table `state`, append rows to the
  table `log`, and add rows to the table `orders` that they remove again later;
- steady websocket clients each keep one view, and read it again whenever they are told that it changed;
- passing websocket clients connect, make views, read, subscribe, and then leave: politely, rudely (the socket is
  closed with answers under way), or with views that they never delete;
- stalled websocket clients subscribe to rows and stop reading, until the server drops them;
- a follower keeps all rows of `orders` by deltas alone, and again and again loses its socket and resumes its session;
- a plain thread makes, reads and deletes views in the server's own process.

Then the writers stop. Every row sent must be in its table with its last values; each steady client must by itself,
because of notifications alone, come to the same rows as a view made anew; the follower must hold what `orders` holds;
and nothing may have been logged as an error. The exit code is 0 if all of that holds. Values are integers, so that sums compare exactly.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import json
import logging
import random
import sys
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import websockets.asyncio.client
import websockets.exceptions
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application
from tornado.websocket import WebSocketClientConnection, websocket_connect

from sightline import AsyncClient, Client, Server, Table
from sightline._proto import sightline_pb2 as pb
from sightline.handlers.tornado import PerspectiveTornadoHandler

GROUPS = 20
KEYS_PER_WRITER = 2_000
ROWS_PER_BATCH = 20
LOGGED_PER_BATCH = 2
ORDERS_PER_BATCH = 5
OPEN_ORDERS = 2_000
PAUSE = 0.02
STEADY_CLIENTS = 8
PASSING_CLIENTS = 4
STALLED_CLIENTS = 2
MAX_QUEUE_BYTES = 1_000_000
FOLLOWED_SECONDS = 1.5
SETTLE_SECONDS = 30.0

SCHEMA = {"id": "integer", "writer": "string", "group": "string", "value": "integer"}
VIEWS: list[dict[str, Any]] = [
    {},
    {"group_by": ["group"], "columns": ["value"], "aggregates": {"value": "sum"}},
    {"group_by": ["writer", "group"], "columns": ["value"], "aggregates": {"value": "max"}},
    {"group_by": ["group"], "split_by": ["writer"], "columns": ["value"], "aggregates": {"value": "sum"}},
    {"filter": [["group", "==", "g3"]], "sort": [["id", "asc"]]},
    {"sort": [["value", "desc"], ["id", "asc"]], "columns": ["id", "value"]},
    {"columns": ["twice"], "expressions": {"twice": '"value" * 2'}},
]


class Failures(logging.Handler):
    """Everything that went wrong: errors in the log, exceptions of writers, comparisons that did not hold."""

    def __init__(self) -> None:
        super().__init__(level=logging.ERROR)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.add(f"{record.name} logged: {record.getMessage()}")

    def add(self, message: str) -> None:
        self.messages.append(message)
        print(f"FAILED: {message}", flush=True)


class Writer:
    """One source of rows. It knows what it sent, and so what the tables must hold of its rows in the end."""

    def __init__(self, number: int, name: str, seed: int) -> None:
        self.name = name
        self.sent: dict[int, tuple[str, int]] = {}
        self.logged: list[int] = []
        self.orders: deque[tuple[int, int]] = deque()
        self.batches = 0
        self._random = random.Random(f"{seed} {name}")
        self._first_key = number * KEYS_PER_WRITER
        self._log_keys = itertools.count(number, 3)
        self._order_keys = itertools.count(number, 3)

    def write(self, state: Table, log: Table, orders: Table) -> None:
        """Sends one batch to each table, and notes it once the tables have taken it."""
        keys = self._random.sample(range(self._first_key, self._first_key + KEYS_PER_WRITER), ROWS_PER_BATCH)
        rows = {key: (f"g{self._random.randrange(GROUPS)}", self._random.randrange(10**6)) for key in keys}
        state.update(
            {
                "id": keys,
                "writer": [self.name] * len(keys),
                "group": [group for group, _ in rows.values()],
                "value": [value for _, value in rows.values()],
            }
        )
        self.sent.update(rows)
        entries = list(itertools.islice(self._log_keys, LOGGED_PER_BATCH))
        log.update([{"id": entry, "writer": self.name, "group": "log", "value": entry} for entry in entries])
        self.logged += entries
        new = [(key, self._random.randrange(10**6)) for key in itertools.islice(self._order_keys, ORDERS_PER_BATCH)]
        orders.update([{"id": key, "value": value} for key, value in new])
        self.orders.extend(new)
        if len(self.orders) > OPEN_ORDERS:
            done = [self.orders.popleft()[0] for _ in range(ORDERS_PER_BATCH)]
            orders.remove(done)
        self.batches += 1


@dataclass
class Figures:
    """What went on, for the progress line."""

    came: int = 0
    left_rudely: int = 0
    stalled: int = 0
    resumed: int = 0
    reads: int = 0
    lags: list[float] = field(default_factory=list)


class Remote:
    """A client over a websocket."""

    def __init__(self, socket: WebSocketClientConnection) -> None:
        self._socket = socket
        self.client = AsyncClient(self._send)
        self._reader = asyncio.create_task(self._read())

    @classmethod
    async def connect(cls, port: int) -> Remote:
        return cls(await websocket_connect(f"ws://127.0.0.1:{port}/websocket", max_message_size=1 << 30))

    async def _send(self, request: bytes) -> None:
        await self._socket.write_message(bytes(request), binary=True)

    async def _read(self) -> None:
        while (message := await self._socket.read_message()) is not None:
            assert isinstance(message, bytes)
            await self.client.handle_response(message)

    async def close(self) -> None:
        self._socket.close()
        await self._end_reader()

    async def vanish(self) -> None:
        """Closes the connection below the websocket, without a word."""
        protocol = self._socket.protocol
        if protocol is not None and protocol.stream is not None:
            protocol.stream.close()
        await self._end_reader()

    async def _end_reader(self) -> None:
        # How a connection ends is not the soak's subject; that everything else goes on is. `wait` does not raise what
        # the reader ended with, and does raise when this task is itself cancelled.
        self._reader.cancel()
        await asyncio.wait([self._reader])
        if not self._reader.cancelled():
            self._reader.exception()


class Steady:
    """A websocket client that keeps the latest reading of one view, reading again when it hears of a change."""

    def __init__(self, name: str, config: dict[str, Any], figures: Figures) -> None:
        self.name = name
        self.config = config
        self.latest: dict[str, list[Any]] = {}
        self._figures = figures
        self._changed = asyncio.Event()

    async def run(self, port: int) -> None:
        remote = await Remote.connect(port)
        try:
            table = await remote.client.open_table("state")
            view = await table.view(**self.config)
            await view.on_update(lambda *_: self._changed.set())
            self._changed.set()
            while True:
                await self._changed.wait()
                self._changed.clear()
                self.latest = await view.to_columns()
                self._figures.reads += 1
        finally:
            await remote.close()


async def pass_by(port: int, figures: Figures, chance: random.Random) -> None:
    """Comes, makes views, leaves; again and again."""
    while True:
        remote = await Remote.connect(port)
        figures.came += 1
        try:
            table = await remote.client.open_table("state")
            views = [await table.view(**chance.choice(VIEWS)) for _ in range(chance.randrange(1, 4))]
            for view in views:
                await view.on_update(lambda *_: None)
                await view.to_columns(end_row=50)
                figures.reads += 1
            leaving = chance.choice(["polite", "views stay", "rude", "rude while reading"])
            if leaving == "polite":
                for view in views:
                    await view.delete()
            if leaving == "rude while reading":
                reading = asyncio.ensure_future(views[0].to_columns())
                await asyncio.sleep(0)
                await remote.vanish()
                reading.cancel()
            if leaving.startswith("rude"):
                figures.left_rudely += 1
                await remote.vanish()
        finally:
            await remote.close()


async def stall(port: int, figures: Figures) -> None:
    """Subscribes to rows, reads no more, and comes again once it is thrown out."""
    while True:
        socket = await websocket_connect(f"ws://127.0.0.1:{port}/websocket", max_message_size=1 << 30)
        make = pb.Request(msg_id=1, entity_id="state", table_make_view_req=pb.TableMakeViewReq(view_id=f"{id(socket)}"))
        rows = pb.ViewOnUpdateReq(mode=pb.ViewOnUpdateReq.ROW)
        subscribe = pb.Request(msg_id=2, entity_id=f"{id(socket)}", view_on_update_req=rows)
        for request in (make, subscribe):
            await socket.write_message(request.SerializeToString(), binary=True)
        protocol = socket.protocol
        assert protocol is not None
        # The client's own queue takes one message, so nothing is read from the socket after that.
        while protocol.stream is not None and not protocol.stream.closed():
            await asyncio.sleep(PAUSE)
            with contextlib.suppress(Exception):
                await socket.write_message(b"", binary=True)
        figures.stalled += 1
        socket.close()


class Follower:
    """Keeps the rows of `orders` by deltas and removals alone, over a session that it loses and resumes."""

    def __init__(self, figures: Figures) -> None:
        self.rows: dict[int, int] = {}
        self._figures = figures
        self._token = "new"
        self._received = 0
        self._begins_anew = False
        self._views = itertools.count()

    async def run(self, port: int) -> None:
        """Follows; every now and then the socket is torn."""
        while True:
            query = f"sightline-session={self._token}&received={self._received}"
            url = f"ws://127.0.0.1:{port}/websocket?{query}"
            async with websockets.asyncio.client.connect(url, max_size=None, max_queue=None, proxy=None) as socket:
                hello = json.loads(await socket.recv())
                self._figures.resumed += hello["resumed"]
                self._begins_anew = hello.get("mode") == "snapshot"
                if not hello["resumed"]:
                    await self._subscribe(socket)
                self._token, self._received = hello["session"], hello["next"]
                # On a machine that is too busy the follower is thrown out as too slow, and begins anew.
                with contextlib.suppress(TimeoutError, websockets.exceptions.ConnectionClosed):
                    async with asyncio.timeout(FOLLOWED_SECONDS):
                        while True:
                            data = await socket.recv(decode=False)
                            self._received += 1
                            self._take(pb.Response.FromString(data))
                socket.transport.abort()

    async def _subscribe(self, socket: Any) -> None:
        view = f"followed {next(self._views)}"
        make = pb.Request(msg_id=1, entity_id="orders", table_make_view_req=pb.TableMakeViewReq(view_id=view))
        rows = pb.ViewOnUpdateReq(mode=pb.ViewOnUpdateReq.ROW)
        subscribe = pb.Request(msg_id=2, entity_id=view, view_on_update_req=rows)
        removals = pb.Request(msg_id=3, entity_id=view, view_on_remove_req=pb.ViewOnRemoveReq())
        read = pb.Request(msg_id=4, entity_id=view, view_to_arrow_req=pb.ViewToArrowReq())
        for request in (make, subscribe, removals, read):
            await socket.send(request.SerializeToString())

    def _take(self, response: pb.Response) -> None:
        match response.WhichOneof("client_resp"):
            case "server_error":
                raise RuntimeError(response.server_error.message)
            case "view_to_arrow_resp":
                self._begins_anew = True
                self._put(response.view_to_arrow_resp.arrow)
            case "view_on_update_resp":
                self._put(response.view_on_update_resp.delta)
            case "view_on_remove_resp":
                for key in pa.ipc.open_stream(response.view_on_remove_resp.indices).read_all().column(0).to_pylist():
                    self.rows.pop(key, None)

    def _put(self, arrow: bytes) -> None:
        table = pa.ipc.open_stream(arrow).read_all()
        if self._begins_anew:
            # All there is: the first reading, or the snapshot in place of what was missed.
            self._begins_anew = False
            self.rows.clear()
        self.rows.update(zip(table["id"].to_pylist(), table["value"].to_pylist(), strict=True))


def make_views(client: Client, stop: threading.Event, chance: random.Random, figures: Figures) -> None:
    """Makes, reads and deletes views on a thread of the server's process."""
    table = client.open_table("state")
    while not stop.wait(PAUSE):
        view = table.view(**chance.choice(VIEWS))
        view.on_update(lambda *_: None)
        view.to_columns(end_row=50)
        figures.reads += 1
        view.delete()


async def measure_lag(figures: Figures) -> None:
    """Notes by how much the loop is late."""
    while True:
        started = time.perf_counter()
        await asyncio.sleep(PAUSE)
        figures.lags.append(time.perf_counter() - started - PAUSE)


@contextlib.contextmanager
def thread(work: Callable[[], None], name: str, stop: threading.Event, failures: Failures) -> Iterator[None]:
    """Runs `work` on a plain thread until the block ends."""

    def run() -> None:
        try:
            work()
        except Exception as error:
            failures.add(f"{name} stopped: {error!r}")

    running = threading.Thread(target=run, name=name)
    running.start()
    try:
        yield
    finally:
        stop.set()
        running.join()


@contextlib.asynccontextmanager
async def task(work: Any, name: str, failures: Failures) -> AsyncIterator[None]:
    """Runs a coroutine until the block ends; ending by itself with an exception is a failure."""
    running = asyncio.create_task(work, name=name)
    try:
        yield
    finally:
        if running.done() and (error := running.exception()) is not None:
            failures.add(f"{name} stopped: {error!r}")
        running.cancel()
        with contextlib.suppress(Exception, asyncio.CancelledError):
            await running


async def write_on_loop(writer: Writer, tables: Sequence[Table]) -> None:
    while True:
        writer.write(*tables)
        await asyncio.sleep(PAUSE)


async def write_in_pool(writer: Writer, tables: Sequence[Table], pool: ThreadPoolExecutor) -> None:
    loop = asyncio.get_running_loop()
    while True:
        await loop.run_in_executor(pool, lambda: writer.write(*tables))
        await asyncio.sleep(PAUSE)


def write_on_thread(writer: Writer, tables: Sequence[Table], stop: threading.Event) -> None:
    while not stop.wait(PAUSE):
        writer.write(*tables)


async def report(seconds: float, writers: list[Writer], figures: Figures) -> None:
    """Waits for the given time, with a line of progress every five seconds."""
    started = time.monotonic()
    while (elapsed := time.monotonic() - started) < seconds:
        await asyncio.sleep(min(5.0, seconds - elapsed))
        lags = sorted(figures.lags)
        print(
            f"{time.monotonic() - started:6.0f} s  batches "
            + " ".join(f"{writer.name} {writer.batches}" for writer in writers)
            + f"  clients came {figures.came}, rudely gone {figures.left_rudely}"
            + f"  thrown out {figures.stalled}, resumed {figures.resumed}, reads {figures.reads}"
            + f"  loop lag p50 {1e3 * lags[len(lags) // 2]:.1f} ms, max {1e3 * lags[-1]:.0f} ms",
            flush=True,
        )


def compare_tables(state: Table, log: Table, orders: Table, writers: list[Writer]) -> Iterator[tuple[str, bool]]:
    """Each table against what was sent."""
    expected = {key: (writer.name, group, value) for writer in writers for key, (group, value) in writer.sent.items()}
    view = state.view()
    columns = view.to_columns()
    view.delete()
    held = {
        key: row
        for key, *row_list in zip(*(columns[name] for name in SCHEMA), strict=True)
        for row in [tuple(row_list)]
    }
    wrong = [key for key in expected.keys() | held.keys() if expected.get(key) != held.get(key)]
    yield f"table `state` holds all {len(expected)} rows sent ({len(wrong)} differ)", not wrong

    logged = sorted(entry for writer in writers for entry in writer.logged)
    view = log.view(columns=["id"])
    entries = sorted(view.to_columns()["id"])
    view.delete()
    yield f"table `log` holds all {len(logged)} rows sent ({len(entries)} are there)", entries == logged

    sent = sorted(order for writer in writers for order in writer.orders)
    yield f"table `orders` holds the {len(sent)} rows that were not removed", rows_of(orders) == sent


def rows_of(orders: Table) -> list[tuple[int, int]]:
    view = orders.view()
    columns = view.to_columns()
    view.delete()
    return sorted(zip(columns["id"], columns["value"], strict=True))


async def compare_follower(follower: Follower, orders: Table) -> tuple[str, bool]:
    """The follower against the table, once it has heard of everything."""
    expected = rows_of(orders)
    deadline = time.monotonic() + SETTLE_SECONDS
    while sorted(follower.rows.items()) != expected and time.monotonic() < deadline:
        await asyncio.sleep(0.05)
    return f"the follower holds the {len(expected)} rows of `orders`", sorted(follower.rows.items()) == expected


async def compare_client(client: Steady, state: Table) -> tuple[str, bool]:
    """A steady client against a view made anew. It may still be reading, so it gets time to settle."""
    view = state.view(**client.config)
    expected = view.to_columns()
    view.delete()
    deadline = time.monotonic() + SETTLE_SECONDS
    while client.latest != expected and time.monotonic() < deadline:
        await asyncio.sleep(0.05)
    return f"client {client.name} came to the rows of a new view", client.latest == expected


async def soak(seconds: float, seed: int) -> int:
    failures = Failures()
    logging.getLogger().addHandler(failures)
    figures = Figures()

    server = Server()
    client = server.new_local_client()
    state = client.table(SCHEMA, index="id", name="state")
    log = client.table(SCHEMA, name="log")
    orders = client.table({"id": "integer", "value": "integer"}, index="id", name="orders")
    tables = (state, log, orders)
    socket, port = bind_unused_port()
    arguments = {"perspective_server": server, "max_queue_bytes": MAX_QUEUE_BYTES}
    http = HTTPServer(Application([(r"/websocket", PerspectiveTornadoHandler, arguments)]))
    http.add_socket(socket)

    writers = [Writer(number, name, seed) for number, name in enumerate(("loop", "pool", "thread"))]
    on_loop, in_pool, on_thread = writers
    steady = [
        Steady(f"{number} {VIEWS[number % len(VIEWS)]}", VIEWS[number % len(VIEWS)], figures)
        for number in range(STEADY_CLIENTS)
    ]
    checks: list[tuple[str, bool]] = []
    async with contextlib.AsyncExitStack() as kept:
        for number, one in enumerate(steady):
            await kept.enter_async_context(task(one.run(port), f"steady client {number}", failures))
        follower = Follower(figures)
        await kept.enter_async_context(task(follower.run(port), "follower", failures))
        async with contextlib.AsyncExitStack() as busy:
            stop = threading.Event()
            pool = busy.enter_context(ThreadPoolExecutor(2))
            await busy.enter_async_context(task(measure_lag(figures), "lag", failures))
            for number in range(PASSING_CLIENTS):
                chance = random.Random(f"{seed} passing {number}")
                await busy.enter_async_context(
                    task(pass_by(port, figures, chance), f"passing client {number}", failures)
                )
            for number in range(STALLED_CLIENTS):
                await busy.enter_async_context(task(stall(port, figures), f"stalled client {number}", failures))
            await busy.enter_async_context(task(write_on_loop(on_loop, tables), "writer loop", failures))
            await busy.enter_async_context(task(write_in_pool(in_pool, tables, pool), "writer pool", failures))
            busy.enter_context(
                thread(lambda: write_on_thread(on_thread, tables, stop), "writer thread", stop, failures)
            )
            chance = random.Random(f"{seed} views")
            busy.enter_context(thread(lambda: make_views(client, stop, chance, figures), "view maker", stop, failures))
            await report(seconds, writers, figures)
        checks += compare_tables(state, log, orders, writers)
        checks.append(await compare_follower(follower, orders))
        for one in steady:
            checks.append(await compare_client(one, state))
    http.stop()
    await http.close_all_connections()

    for text, held in checks:
        print(f"{'ok' if held else 'FAILED':7} {text}")
    checks.append(("nothing else went wrong", not failures.messages))
    failed = sum(not held for _, held in checks)
    print(f"{len(checks) - failed} passed, {failed} failed", flush=True)
    return 1 if failed else 0


def main() -> int:
    parser = argparse.ArgumentParser(description="Hammer a live server and compare every row and every client.")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    return asyncio.run(soak(arguments.seconds, arguments.seed))


if __name__ == "__main__":
    sys.exit(main())
