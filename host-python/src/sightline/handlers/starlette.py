"""The Starlette and FastAPI handler.

    async def websocket(websocket):
        await SightlineStarletteHandler(perspective_server=server, websocket=websocket).run()

    app = Starlette(routes=[WebSocketRoute("/websocket", websocket)])

Pings are the server's: uvicorn sends them every 20 seconds (`--ws-ping-interval`).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from starlette.websockets import WebSocket

from .._session import Permissions
from ._connection import DEFAULT_LIMIT, POLICY, TRY_LATER, Authorize, Limits, decide, is_draining, refused
from ._resume import PARAMETER, attach

if TYPE_CHECKING:
    from .._server import ServerCore

__all__ = ["PerspectiveStarletteHandler", "SightlineStarletteHandler"]


class SightlineStarletteHandler:
    """Serves one server to one websocket client.

    Args:
        websocket: the websocket, not accepted yet.
        perspective_server: the server; the process-wide one if not given.
        executor: an object with `submit(function, *args)` that runs callbacks of clients in this process.
        loop: taken for compatibility; the running loop is used.
        permissions, authorize, max_message_size, max_queue_bytes, max_in_flight, resume_grace, allowed_origins: as for
            `sightline.handlers.tornado.SightlineTornadoHandler`; `authorize` sees the `starlette.websockets.WebSocket`,
            which has the headers, cookies and query of the request.
    """

    def __init__(
        self,
        *,
        websocket: WebSocket,
        perspective_server: ServerCore | Any = None,
        executor: Any = None,
        loop: Any = None,
        permissions: Permissions = "read",
        authorize: Authorize | None = None,
        max_message_size: int = DEFAULT_LIMIT,
        max_queue_bytes: int = DEFAULT_LIMIT,
        max_in_flight: int = 64,
        resume_grace: float = 60.0,
        allowed_origins: Collection[str] | None = None,
    ) -> None:
        if perspective_server is None:
            import sightline

            perspective_server = sightline.GLOBAL_SERVER
        self._websocket = websocket
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
        self._allowed_origins = allowed_origins

    async def run(self) -> None:
        """Serves until the client goes; a refused client is answered 403."""
        socket = self._websocket
        origin = socket.headers.get("origin")
        peer = socket.client.host if socket.client is not None else ""
        if is_draining(self._server):
            await socket.close(code=TRY_LATER)
            return
        if self._allowed_origins is not None and origin is not None and origin not in self._allowed_origins:
            refused(self._server, peer, "origin")
            grant = None
        else:
            grant = await decide(self._authorize, socket, self._permissions, self._server, peer)
        if grant is None:
            await socket.close(code=POLICY)
            return
        await socket.accept()
        connection = await attach(
            server=self._server,
            send=socket.send_bytes,
            send_text=socket.send_text,
            close_socket=lambda code, reason: socket.close(code=code, reason=reason),
            grant=grant,
            limits=self._limits,
            executor=self._executor,
            peer=peer,
            wanted=socket.query_params.get(PARAMETER),
            received=socket.query_params.get("received"),
        )
        try:
            while True:
                message = await socket.receive()
                if message["type"] == "websocket.disconnect":
                    break
                data = message.get("bytes")
                if data is not None:
                    await connection.receive(data)
        finally:
            await connection.close()


PerspectiveStarletteHandler = SightlineStarletteHandler
"""The name a program written for perspective-python uses."""
