"""Our handlers behind real websockets on loopback, and a client of ours over one."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import websockets.asyncio.client
import websockets.exceptions

from sightline import AsyncClient

PATH = "/websocket"


@asynccontextmanager
async def tornado_app(**arguments: Any) -> AsyncIterator[int]:
    """Serves by Tornado; gives the port."""
    import tornado.httpserver
    import tornado.web

    from sightline.handlers.tornado import SightlineTornadoHandler

    app = tornado.web.Application([(PATH, SightlineTornadoHandler, arguments)])
    http = tornado.httpserver.HTTPServer(app)
    http.listen(0, "127.0.0.1")
    (listening,) = http._sockets.values()
    try:
        yield listening.getsockname()[1]
    finally:
        http.stop()
        await http.close_all_connections()


@asynccontextmanager
async def aiohttp_app(**arguments: Any) -> AsyncIterator[int]:
    """Serves by aiohttp; gives the port."""
    from aiohttp import web

    from sightline.handlers.aiohttp import SightlineAIOHTTPHandler

    async def handle(request: web.Request) -> web.WebSocketResponse:
        return await SightlineAIOHTTPHandler(request=request, **arguments).run()

    app = web.Application()
    app.router.add_get(PATH, handle)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


@asynccontextmanager
async def starlette_app(**arguments: Any) -> AsyncIterator[int]:
    """Serves by Starlette on uvicorn; gives the port."""
    import uvicorn
    from starlette.applications import Starlette
    from starlette.routing import WebSocketRoute
    from starlette.websockets import WebSocket

    from sightline.handlers.starlette import SightlineStarletteHandler

    async def handle(websocket: WebSocket) -> None:
        await SightlineStarletteHandler(websocket=websocket, **arguments).run()

    app = Starlette(routes=[WebSocketRoute(PATH, handle)])
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(app, log_level="error", ws="websockets-sansio", lifespan="off", timeout_graceful_shutdown=1)
    )
    task = asyncio.create_task(server.serve(sockets=[listening]))
    while not server.started:
        await asyncio.sleep(0)
    try:
        yield listening.getsockname()[1]
    finally:
        server.should_exit = True
        await task
        listening.close()


APPS: dict[str, Callable[..., Any]] = {"tornado": tornado_app, "aiohttp": aiohttp_app, "starlette": starlette_app}


@asynccontextmanager
async def connect(port: int, **options: Any) -> AsyncIterator[AsyncClient]:
    """A client of ours over a websocket."""
    async with websockets.asyncio.client.connect(
        f"ws://127.0.0.1:{port}{PATH}", max_size=None, proxy=None, **options
    ) as websocket:
        client = AsyncClient(websocket.send)

        async def receive() -> None:
            with contextlib.suppress(websockets.exceptions.ConnectionClosed):
                async for message in websocket:
                    assert isinstance(message, bytes)
                    await client.handle_response(message)
            client._exchange.fail_all("the websocket was closed")

        task = asyncio.create_task(receive())
        try:
            yield client
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
