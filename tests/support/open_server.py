"""The pages of `www`, and a table `orders` that every client may change, on a free port of the loopback interface."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, StaticFileHandler

from sightline import Server
from sightline.handlers.tornado import PerspectiveTornadoHandler

WWW = Path(__file__).resolve().parents[2] / "www"
ITEMS = ["apple", "bread", "cheese", "dates", "eggs"]


async def main() -> None:
    server = Server()
    schema = {"id": "integer", "item": "string", "price": "float", "ok": "boolean", "day": "date"}
    table = server.new_local_client().table(schema, index="id", name="orders")
    row = {"price": 1.5, "ok": True, "day": "2024-01-02"}
    table.update([{"id": number, "item": ITEMS[number % 5], **row} for number in range(50)])
    sockets = bind_sockets(0, address="127.0.0.1")
    handler = {"perspective_server": server, "permissions": "all"}
    http = HTTPServer(
        Application(
            [
                (r"/websocket", PerspectiveTornadoHandler, handler),
                (r"/(.*)", StaticFileHandler, {"path": str(WWW)}),
            ]
        )
    )
    http.add_sockets(sockets)
    print(f"http://127.0.0.1:{sockets[0].getsockname()[1]}/", flush=True)
    await asyncio.Event().wait()


try:
    asyncio.run(main())
except KeyboardInterrupt:
    pass
