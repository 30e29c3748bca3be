"""The Tornado handler.

app = tornado.web.Application([
    (r"/websocket", SightlineTornadoHandler, {"perspective_server": server, "permissions": "all"}),
])
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Collection
from typing import TYPE_CHECKING, Any

from tornado.websocket import WebSocketClosedError, WebSocketHandler

from .._session import Permissions
from ._connection import DEFAULT_LIMIT, Authorize, Grant, Limits, decide, is_draining, refused
from ._resume import PARAMETER, Attachment, attach

if TYPE_CHECKING:
    from .._server import ServerCore

__all__ = ["PerspectiveTornadoHandler", "SightlineTornadoHandler"]


class SightlineTornadoHandler(WebSocketHandler):
    """Serves one server to websocket clients.

    Args (in the route's dict):
        perspective_server: the server; the process-wide one if not given.
        loop: taken for compatibility; the running loop is used.
        executor: an object with `submit(function, *args)` that runs callbacks of clients in this process.
        max_buffer_size: an older name of `max_message_size`.
        permissions: what clients may do besides reading: "read" (default), "all", or some of "create", "update",
            "remove", "delete".
        authorize: called with the `HTTPServerRequest`, may be a coroutine function: False refuses (403), True grants
            `permissions`; permissions or a `Grant` grant themselves.
        max_message_size: bytes of one incoming message.
        max_queue_bytes: bytes that may wait for a client before it is disconnected (code 1013).
        max_in_flight: requests of a client that may wait for the engine; further ones are not read until then.
        resume_grace: seconds that the session of a lost connection waits, if its client asked for a session that can be
            resumed; see `docs/serving.md`. 0 for never.
        ping_interval: seconds between pings; a client that does not answer is disconnected. None for no pings.
        allowed_origins: origins (`https://host`) of pages that may connect; None for all, as the reference does.

    Example:
        >>> import sightline, tornado.web
        >>> from sightline.handlers.tornado import SightlineTornadoHandler
        >>> server = sightline.Server()
        >>> app = tornado.web.Application([(r"/ws", SightlineTornadoHandler, {"perspective_server": server})])
        >>> server.close()
    """

    session: Any = None

    def initialize(
        self,
        perspective_server: ServerCore | Any = None,
        loop: Any = None,
        executor: Any = None,
        max_buffer_size: int | None = None,
        *,
        permissions: Permissions = "read",
        authorize: Authorize | None = None,
        max_message_size: int | None = None,
        max_queue_bytes: int = DEFAULT_LIMIT,
        max_in_flight: int = 64,
        resume_grace: float = 60.0,
        ping_interval: float | None = 30.0,
        allowed_origins: Collection[str] | None = None,
    ) -> None:
        """Takes the route's arguments."""
        if perspective_server is None:
            import sightline

            perspective_server = sightline.GLOBAL_SERVER
        self.server = perspective_server
        self.loop = loop
        self.executor = executor
        self._permissions = permissions
        self._authorize = authorize
        size = max_message_size or max_buffer_size or DEFAULT_LIMIT
        self._limits = Limits(
            max_message_size=size,
            max_queue_bytes=max_queue_bytes,
            max_in_flight=max_in_flight,
            resume_grace=resume_grace,
        )
        self._ping_interval = ping_interval
        self._allowed_origins = allowed_origins
        self._grant: Grant | None = None
        self._connection: Attachment | None = None
        self._gone = False

    @property
    def ping_interval(self) -> float | None:
        """Seconds between pings."""
        return self._ping_interval

    @property
    def max_message_size(self) -> int:
        """Bytes of one incoming message; Tornado closes the connection on a longer one."""
        return self._limits.max_message_size

    def check_origin(self, origin: str) -> bool:
        """Whether a page of this origin may connect."""
        allowed = self._allowed_origins is None or origin in self._allowed_origins
        if not allowed:
            refused(self.server, self.request.remote_ip or "", "origin")
        return allowed

    async def prepare(self) -> None:
        """Asks `authorize`, before the handshake."""
        if is_draining(self.server):
            self.set_status(503)
            await self.finish("the server is closing")
            return
        peer = self.request.remote_ip or ""
        self._grant = await decide(self._authorize, self.request, self._permissions, self.server, peer)
        if self._grant is None:
            self.set_status(403)
            await self.finish("not authorized")

    async def open(self, *args: str, **kwargs: str) -> None:
        """Opens the session, or resumes one."""
        self._connection = await attach(
            server=self.server,
            send=self._send,
            send_text=self._send_text,
            close_socket=self.close,
            grant=self._grant or Grant(),
            limits=self._limits,
            executor=self.executor,
            peer=self.request.remote_ip or "",
            wanted=self.get_query_argument(PARAMETER, None),
            received=self.get_query_argument("received", None),
        )
        self.session = self._connection.connection.session
        if self._gone:
            # The client left while its session was being opened, so `on_close` found nothing to close.
            self.on_close()

    def on_message(self, message: str | bytes) -> Awaitable[None] | None:
        """Takes one request; text is ignored."""
        if isinstance(message, bytes) and self._connection is not None:
            return self._connection.receive(message)
        return None

    def on_close(self) -> None:
        """Closes the session, or lets it wait for the client."""
        self._gone = True
        connection, self._connection = self._connection, None
        if connection is not None:
            self._closing = asyncio.get_running_loop().create_task(connection.close())

    async def _send_text(self, text: str) -> None:
        await self.write_message(text)

    async def _send(self, data: bytes) -> None:
        try:
            # When a send is given up, Tornado's own future must neither be cancelled nor end with an exception that
            # nobody looks at: both are logged as errors.
            written = self.write_message(data, binary=True)
            written.add_done_callback(_look_at)
            await asyncio.shield(written)
        except WebSocketClosedError as error:
            raise ConnectionError("the websocket is closed") from error


def _look_at(written: asyncio.Future[None]) -> None:
    """Marks the outcome of a send as seen."""
    if not written.cancelled():
        written.exception()


PerspectiveTornadoHandler = SightlineTornadoHandler
"""The name a program written for perspective-python uses."""
