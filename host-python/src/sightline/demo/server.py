"""Two tables behind a Tornado server on the loopback interface.

- `superstore`: the well-known sample of 9,994 orders, from an Arrow file.
- `market`: 2,000 quotes of a simulated market, of which 100 change 50 times a second.

`/websocket` speaks the wire protocol; every other address is a page of the folder given, `/` being its start
page.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.ioloop import PeriodicCallback
from tornado.netutil import bind_sockets
from tornado.web import Application, RedirectHandler, StaticFileHandler

from sightline import Client, Server, Table
from sightline.demo.market import SCHEMA, Market
from sightline.handlers.tornado import PerspectiveTornadoHandler

__all__ = ["ADDRESS", "ROWS_PER_UPDATE", "UPDATES_PER_SECOND", "make_app", "make_market", "serve"]

ADDRESS = "127.0.0.1"
UPDATES_PER_SECOND = 50
ROWS_PER_UPDATE = 100

# What pages may ask for below the folder of pages: themselves, the built package and what that builds on.
_SERVED = r"/((?:demo|dist|pkg|node_modules)/.*)"

# Tornado asks the system for types, and not every system knows these.
_TYPES = {
    ".wasm": "application/wasm",
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".css": "text/css",
}


class _Pages(StaticFileHandler):
    """Files as they are now: a page that was just built must not come out of a cache."""

    def get_content_type(self) -> str:
        path = Path(self.absolute_path or "")
        return _TYPES.get(path.suffix) or super().get_content_type()

    def set_extra_headers(self, path: str) -> None:
        self.set_header("Cache-Control", "no-cache")


def make_app(server: Server, pages: Path | None) -> Application:
    """The web application.

    Arguments:
        server: what answers at `/websocket`.
        pages: the folder whose `demo`, `dist`, `pkg` and `node_modules` are served, or None for no pages.
    """
    routes: list[Any] = [
        (r"/websocket", PerspectiveTornadoHandler, {"perspective_server": server}),
    ]
    if pages is not None:
        routes += [
            (r"/", RedirectHandler, {"url": "/demo/index.html", "permanent": False}),
            (_SERVED, _Pages, {"path": str(pages), "default_filename": "index.html"}),
        ]
    return Application(routes)


def make_market(client: Client, market: Market) -> Table:
    """Creates the table `market` with the opening quotes."""
    table = client.table(SCHEMA, index="id", name="market")
    table.update(market.opening(_now_ms()))
    return table


async def serve(port: int, pages: Path | None, superstore: bytes | None) -> None:
    """Serves until it is cancelled.

    Arguments:
        port: the port on 127.0.0.1, or 0 for any that is free.
        pages: see `make_app`.
        superstore: Arrow IPC bytes for the table `superstore`, or None to do without the table.

    Raises:
        OSError: the port is taken.
        PerspectiveError: `superstore` is not Arrow.
    """
    server = Server()
    client = server.new_local_client()
    if superstore is not None:
        client.table(superstore, name="superstore")
    market = Market()
    table = make_market(client, market)

    sockets = bind_sockets(port, address=ADDRESS)
    http = HTTPServer(make_app(server, pages))
    http.add_sockets(sockets)
    feed = PeriodicCallback(lambda: table.update(market.trade(ROWS_PER_UPDATE, _now_ms())), 1000.0 / UPDATES_PER_SECOND)
    feed.start()
    host, bound_port = sockets[0].getsockname()[:2]
    print(f"Sightline demo: http://{host}:{bound_port}/ (Ctrl-C ends it)", flush=True)
    try:
        await asyncio.Event().wait()
    finally:
        feed.stop()
        http.stop()
        await http.close_all_connections()


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
