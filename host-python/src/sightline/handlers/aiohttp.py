"""The aiohttp handler.

async def websocket(request):
    return await SightlineAIOHTTPHandler(perspective_server=server, request=request).run()

app.router.add_get("/websocket", websocket)
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from aiohttp import WSMsgType, web

from .._session import Permissions
from ._connection import DEFAULT_LIMIT, Authorize, Limits, decide, is_draining, refused
from ._resume import PARAMETER, attach

if TYPE_CHECKING:
    from .._server import ServerCore

__all__ = ["PerspectiveAIOHTTPHandler", "SightlineAIOHTTPHandler"]


class SightlineAIOHTTPHandler:
    """Serves one server to one websocket client.

    Args:
        request: the request to upgrade.
        perspective_server: the server; the process-wide one if not given.
        executor: an object with `submit(function, *args)` that runs callbacks of clients in this process.
        loop: taken for compatibility; the running loop is used.
        permissions, authorize, max_message_size, max_queue_bytes, max_in_flight, resume_grace, ping_interval,
        allowed_origins: as for `sightline.handlers.tornado.SightlineTornadoHandler`; `authorize` sees the
            `aiohttp.web.Request`.
    """

    def __init__(
        self,
        *,
        request: web.Request,
        perspective_server: ServerCore | Any = None,
        executor: Any = None,
        loop: Any = None,
        permissions: Permissions = "read",
        authorize: Authorize | None = None,
        max_message_size: int = DEFAULT_LIMIT,
        max_queue_bytes: int = DEFAULT_LIMIT,
        max_in_flight: int = 64,
        resume_grace: float = 60.0,
        ping_interval: float | None = 30.0,
        allowed_origins: Collection[str] | None = None,
    ) -> None:
        if perspective_server is None:
            import sightline

            perspective_server = sightline.GLOBAL_SERVER
        self._request = request
        self._server = perspective_server
        self._executor = executor
        self._loop = loop
        self._permissions = permissions
        self._authorize = authorize
        self._limits = Limits(
            max_message_size=max_message_size,
            max_queue_bytes=max_queue_bytes,
            max_in_flight=max_in_flight,
            resume_grace=resume_grace,
        )
        self._ping_interval = ping_interval
        self._allowed_origins = allowed_origins

    async def run(self) -> web.WebSocketResponse:
        """Serves until the client goes.

        Raises:
            aiohttp.web.HTTPForbidden: `authorize` or `allowed_origins` refused the request.
            aiohttp.web.HTTPServiceUnavailable: the server is closing.
        """
        peer = self._request.remote or ""
        if is_draining(self._server):
            raise web.HTTPServiceUnavailable(text="the server is closing")
        origin = self._request.headers.get("Origin")
        if self._allowed_origins is not None and origin is not None and origin not in self._allowed_origins:
            refused(self._server, peer, "origin")
            raise web.HTTPForbidden(text="origin not allowed")
        grant = await decide(self._authorize, self._request, self._permissions, self._server, peer)
        if grant is None:
            raise web.HTTPForbidden(text="not authorized")
        socket = web.WebSocketResponse(max_msg_size=self._limits.max_message_size, heartbeat=self._ping_interval)
        await socket.prepare(self._request)
        connection = await attach(
            server=self._server,
            send=socket.send_bytes,
            send_text=socket.send_str,
            close_socket=lambda code, reason: socket.close(code=code, message=reason.encode()),
            grant=grant,
            limits=self._limits,
            executor=self._executor,
            peer=peer,
            wanted=self._request.query.get(PARAMETER),
            received=self._request.query.get("received"),
        )
        try:
            async for message in socket:
                if message.type is WSMsgType.BINARY:
                    await connection.receive(message.data)
        finally:
            await connection.close()
        return socket


PerspectiveAIOHTTPHandler = SightlineAIOHTTPHandler
"""The name a program written for perspective-python uses."""
