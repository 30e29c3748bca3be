"""One websocket connection, whatever the framework: requests in, messages out, and what protects the server from it.

    socket ─▶ receive() ─▶ engine thread ─▶ SendQueue ─▶ one sending task ─▶ socket

Nothing here blocks the loop: requests are queued for the engine thread, and its messages come back through a queue
whose size is bounded. A client that reads slowly misses nothing it needs: a notification that says no more than one
which still
waits is dropped, because the client reads the new state when it gets the old notice. What cannot be merged is
counted, and a client that leaves more than `max_queue_bytes` unread is disconnected.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import threading
from collections import deque
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from .._exceptions import SightlineError
from .._proto import sightline_pb2 as pb
from .._server import ServerCore
from .._session import Permissions, RowFilter, SessionBase, SinkSession, hand_out, session_options
from .._wire import scan

__all__ = ["DEFAULT_LIMIT", "Connection", "Grant", "Limits", "SendQueue", "SlowClientError", "decide"]

logger = logging.getLogger("sightline.handlers")

DEFAULT_LIMIT = 64 * 1024 * 1024
"""Default of `max_message_size` and `max_queue_bytes`."""

GOING_AWAY, POLICY, INTERNAL, TRY_LATER = 1001, 1008, 1011, 1013
_SMALL = 128
_REASON_BYTES = 123

Authorize = Callable[[Any], "Awaitable[Any] | Any"]


@dataclass(frozen=True)
class Grant:
    """What `authorize` gives a connection.

    Args:
        permissions: as for `Server.new_session`; "read" is views only.
        row_filter: `{table: [[column, operator, operand], ...]}`.
    """

    permissions: Permissions = "read"
    row_filter: RowFilter | None = None


@dataclass(frozen=True)
class Limits:
    """What one connection may use.

    Args:
        max_message_size: bytes of one incoming message.
        max_queue_bytes: bytes that may wait to be sent.
        max_in_flight: requests that may wait for the engine; further ones are not read from the socket.
    """

    max_message_size: int = DEFAULT_LIMIT
    max_queue_bytes: int = DEFAULT_LIMIT
    max_in_flight: int = 64


class SlowClientError(Exception):
    """A client left more unread than it may."""


async def decide(authorize: Authorize | None, request: Any, permissions: Permissions) -> Grant | None:
    """What a connection may do; None to refuse it.

    Args:
        authorize: called with the HTTP request; False refuses, True grants `permissions`, a `Grant` or permissions
            grant themselves. An exception in it refuses.
    """
    if authorize is None:
        return Grant(permissions)
    try:
        answer = authorize(request)
        if inspect.isawaitable(answer):
            answer = await answer
    except Exception:
        logger.exception("`authorize` failed, so the connection is refused")
        return None
    if answer is None or answer is False:
        return None
    if answer is True:
        return Grant(permissions)
    return answer if isinstance(answer, Grant) else Grant(answer)


class SendQueue:
    """What waits to be sent to one client. Filled from any thread, emptied on the loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, max_bytes: int) -> None:
        self._loop = loop
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._messages: deque[tuple[bytes, bool]] = deque()
        self._waiting_notices: set[bytes] = set()
        self._bytes = 0
        self._closed: BaseException | None = None
        self._ready = asyncio.Event()
        # Called on the loop when the queue ends: whoever sends may be stuck in a socket that nobody reads.
        self.on_end: Callable[[], object] = self._ready.set

    @property
    def size(self) -> int:
        """The bytes that wait."""
        return self._bytes

    def put(self, data: bytes, notification: bool) -> None:
        """Adds a message; never blocks. One message larger than the limit is let through an empty queue."""
        notice = notification and len(data) <= _SMALL
        with self._lock:
            if self._closed is not None or (notice and data in self._waiting_notices):
                return
            if self._messages and self._bytes + len(data) > self._max_bytes:
                self._end(
                    SlowClientError(f"slow client: more than {self._max_bytes} bytes wait for it (max_queue_bytes)")
                )
            else:
                self._messages.append((data, notice))
                self._bytes += len(data)
                if notice:
                    self._waiting_notices.add(data)
        self._wake()

    def close(self, reason: BaseException) -> None:
        """Ends the queue; `get` raises `reason`."""
        with self._lock:
            if self._closed is None:
                self._end(reason)
        self._wake()

    async def get(self) -> bytes:
        """The next message.

        Raises:
            BaseException: the reason the queue was closed for.
        """
        while True:
            with self._lock:
                if self._closed is not None:
                    raise self._closed
                if self._messages:
                    data, notice = self._messages.popleft()
                    self._bytes -= len(data)
                    if notice:
                        self._waiting_notices.discard(data)
                    return data
                self._ready.clear()
            await self._ready.wait()

    @property
    def reason(self) -> BaseException | None:
        """Why the queue ended, None while it has not."""
        return self._closed

    def _end(self, reason: BaseException) -> None:
        self._closed = reason
        self._messages.clear()
        self._waiting_notices.clear()
        self._bytes = 0

    def _wake(self) -> None:
        try:
            self._loop.call_soon_threadsafe(self.on_end if self._closed is not None else self._ready.set)
        except RuntimeError:
            logger.debug("a message came after the loop was closed")


class _ClosedError(Exception):
    """The connection is over."""


class _ServerClosedError(Exception):
    """The server goes away."""


@dataclass(eq=False)
class Connection:
    """A client behind a websocket.

    Args:
        server: a `Server`, an `AsyncServer`, or anything whose `new_session(callback)` gives an object with
            `handle_request(bytes)` and `close()`, such as a virtual server.
        send: sends one binary message, and comes back when the socket has taken it.
        close_socket: closes the websocket with a code and a reason.
        grant: what the client may do.
        limits: what it may use.
        loop: the loop of the websocket.
        executor: runs callbacks of clients in this process, and blocking servers; without one they run on the loop, and
            blocking servers on the loop's own executor.
    """

    server: Any
    send: Callable[[bytes], Awaitable[Any]]
    close_socket: Callable[[int, str], Awaitable[Any] | Any]
    grant: Grant
    limits: Limits
    loop: asyncio.AbstractEventLoop
    executor: Any = None
    _queue: SendQueue = field(init=False)
    _session: Any = field(init=False)
    _slots: asyncio.Semaphore = field(init=False)
    _sender: asyncio.Task[None] = field(init=False)
    _order: asyncio.Lock = field(init=False)
    _session_closed: bool = False

    def __post_init__(self) -> None:
        self._queue = SendQueue(self.loop, self.limits.max_queue_bytes)
        self._slots = asyncio.Semaphore(self.limits.max_in_flight)
        self._order = asyncio.Lock()
        if isinstance(self.server, ServerCore):
            options = session_options(self.grant.permissions, self.grant.row_filter)
            self._session = SinkSession(self.server, self._queue.put, options)
            self.server._close_callbacks.add(self._server_closes)
        else:
            self._session = self.server.new_session(lambda data: self._queue.put(bytes(data), False))
        self._sender = self.loop.create_task(self._send_all())
        self._queue.on_end = self._sender.cancel

    @property
    def session(self) -> Any:
        """The session of this connection."""
        return self._session

    async def receive(self, data: bytes) -> None:
        """Takes one message from the client; comes back when it is queued, and waits while too many are in flight."""
        if len(data) > self.limits.max_message_size:
            text = f"a message of {len(data)} bytes is larger than max_message_size ({self.limits.max_message_size})"
            self._refuse(data, text)
            return
        await self._slots.acquire()
        try:
            if isinstance(self._session, SinkSession):
                future = self._session.submit(data)
                future.add_done_callback(lambda done: self._on_loop(self._answered, data, done))
                return
            await self._handle_blocking(data)
        except SightlineError as error:
            self._refuse(data, str(error))
        self._slots.release()

    async def close(self) -> None:
        """Ends the connection from the client's side: the session goes, with its views."""
        self._queue.close(_ClosedError())
        await self._close_session()
        await asyncio.gather(self._sender, return_exceptions=True)

    async def _close_session(self) -> None:
        if self._session_closed:
            return
        self._session_closed = True
        if isinstance(self._session, SinkSession):
            self.server._close_callbacks.discard(self._server_closes)
            future = self._session.close()
            if future is not None:
                future.add_done_callback(lambda done: self._on_loop(self._hand_out, done))
        else:
            await self._run_blocking(self._session.close)

    # Requests

    def _answered(self, data: bytes, future: Future[list[SessionBase]]) -> None:
        self._slots.release()
        error = future.exception()
        if error is not None:
            self._refuse(data, str(error))
            return
        self._hand_out(future)
        if self.server._on_poll_request is not None:
            self._run(self.server._after_request)

    def _hand_out(self, future: Future[list[SessionBase]]) -> None:
        """Other sessions of this process, such as local clients, hear what this client's request caused."""
        if future.exception() is None and future.result():
            self._run(lambda: hand_out(future.result(), future))

    def _run(self, function: Callable[[], None]) -> None:
        if self.executor is None:
            function()
        else:
            self.executor.submit(function)

    async def _handle_blocking(self, data: bytes) -> None:
        async with self._order:
            try:
                await self._run_blocking(self._session.handle_request, data)
            except Exception as error:
                logger.warning("a server failed to handle a request", exc_info=True)
                raise SightlineError(f"{type(error).__name__}: {error}") from error

    async def _run_blocking(self, function: Callable[..., Any], *arguments: Any) -> None:
        if self.executor is None:
            result = await self.loop.run_in_executor(None, function, *arguments)
        else:
            result = self.executor.submit(function, *arguments)
            if isinstance(result, Future):
                result = await asyncio.wrap_future(result)
        if inspect.isawaitable(result):
            await result

    def _refuse(self, data: bytes, text: str) -> None:
        """Answers a request with an error that the engine had no part in."""
        try:
            head = scan(data)
        except SightlineError:
            logger.info("a message that is no request was dropped")
            return
        error = pb.ServerError(message=text, status_code=pb.SERVER_ERROR)
        response = pb.Response(msg_id=head.msg_id, entity_id=head.entity_id, server_error=error)
        self._queue.put(response.SerializeToString(), False)

    def _on_loop(self, function: Callable[..., None], *arguments: Any) -> None:
        try:
            self.loop.call_soon_threadsafe(function, *arguments)
        except RuntimeError:
            logger.debug("an answer came after the loop was closed")

    # Sending

    async def _send_all(self) -> None:
        try:
            while True:
                await self.send(await self._queue.get())
        except (asyncio.CancelledError, _ClosedError, _ServerClosedError, SlowClientError):
            # The queue's end also cancels a send that is stuck; any other cancellation is the loop's.
            if self._queue.reason is None:
                raise
        except Exception as error:
            logger.info("a client went away while it was sent to: %s", error)
            self._queue.close(_ClosedError())
        reason = self._queue.reason
        if isinstance(reason, SlowClientError):
            logger.warning("%s", reason)
            await self._close_session()
            await self._close_socket(TRY_LATER, str(reason))
        elif isinstance(reason, _ServerClosedError):
            await self._close_socket(GOING_AWAY, "the server is closing")

    async def _close_socket(self, code: int, reason: str) -> None:
        try:
            result = self.close_socket(code, reason.encode()[:_REASON_BYTES].decode(errors="ignore"))
            if inspect.isawaitable(result):
                await result
        except Exception as error:
            logger.debug("a websocket could not be closed: %s", error)

    def _server_closes(self) -> None:
        self._queue.close(_ServerClosedError())
