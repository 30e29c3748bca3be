"""One websocket connection, whatever the framework: requests in, messages out, and what protects the server from it.

    socket ─▶ receive() ─▶ engine thread ─▶ SendQueue ─▶ one sending task ─▶ socket

Nothing here blocks the loop: requests are queued for the engine thread, and its messages come back through a queue
whose size is bounded. A client that reads slowly misses nothing it needs: a notification that says no more than one
which still
waits is dropped, because the client reads the new state when it gets the old notice. What cannot be merged is
counted, and a client that leaves more than `max_queue_bytes` unread is disconnected.

A connection that asked for it outlives its socket for a grace time (`_resume`): its session stays open and its queue
goes on to fill, and the next socket that shows the token takes over.
"""

from __future__ import annotations

import asyncio
import inspect
import itertools
import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.message import DecodeError

from .._edits import check_later
from .._exceptions import SightlineError
from .._log import log_event
from .._proto import sightline_pb2 as pb
from .._server import ServerCore
from .._session import Permissions, RowFilter, SessionBase, SinkSession, hand_out, session_options
from .._wire import kind_number, scan
from ._queue import SendQueue, SlowClientError

__all__ = ["DEFAULT_LIMIT", "Connection", "Grant", "Limits", "decide"]

logger = logging.getLogger("sightline.handlers")

DEFAULT_LIMIT = 64 * 1024 * 1024
"""Default of `max_message_size` and `max_queue_bytes`."""

GOING_AWAY, POLICY, INTERNAL, RESTART, TRY_LATER, TAKEN_OVER = 1001, 1008, 1011, 1012, 1013, 4001
_REASON_BYTES = 123

_ids = itertools.count(1)

Authorize = Callable[[Any], "Awaitable[Any] | Any"]


@dataclass(frozen=True)
class Grant:
    """What `authorize` gives a connection.

    Args:
        permissions: as for `Server.new_session`; "read" is views only.
        row_filter: `{table: [[column, operator, operand], ...]}`.
        identity: who it is, for validators, log lines, and the check that a session is resumed by whom it belongs to.
    """

    permissions: Permissions = "read"
    row_filter: RowFilter | None = None
    identity: Any = None


@dataclass(frozen=True)
class Limits:
    """What one connection may use.

    Args:
        max_message_size: bytes of one incoming message.
        max_queue_bytes: bytes that may wait to be sent.
        max_in_flight: requests that may wait for the engine; further ones are not read from the socket, so nothing is
            refused.
        resume_grace: seconds that the session of a lost connection waits for its client, if that asked for it; 0 for
            never.
        resume_bytes: bytes of sent messages that are kept for a client which may resume, since what was sent last may
            not have arrived.
    """

    max_message_size: int = DEFAULT_LIMIT
    max_queue_bytes: int = DEFAULT_LIMIT
    max_in_flight: int = 64
    resume_grace: float = 0.0
    resume_bytes: int = 1024 * 1024


_ON_UPDATE = kind_number("view_on_update_req")
_REMOVE_ON_UPDATE = kind_number("view_remove_on_update_req")
_VIEW_DELETE = kind_number("view_delete_req")
_HOSTED = kind_number("get_hosted_tables_req")
_REMOVE_HOSTED = kind_number("remove_hosted_tables_update_req")


def note_subscription(subscriptions: dict[tuple[str, int], bool], request: bytes) -> None:
    """Notes what a request subscribes to or takes back: by view ("" for the list of tables) and id, if with rows."""
    try:
        head = scan(request)
        if head.kind not in {_ON_UPDATE, _REMOVE_ON_UPDATE, _VIEW_DELETE, _HOSTED, _REMOVE_HOSTED}:
            return
        message = pb.Request.FromString(request)
    except (SightlineError, DecodeError):
        return
    match message.WhichOneof("client_req"):
        case "view_on_update_req":
            body = message.view_on_update_req
            subscriptions[message.entity_id, message.msg_id] = body.HasField("mode")
        case "view_remove_on_update_req":
            subscriptions.pop((message.entity_id, message.view_remove_on_update_req.id), None)
        case "view_delete_req":
            for key in [key for key in subscriptions if key[0] == message.entity_id]:
                del subscriptions[key]
        case "get_hosted_tables_req" if message.get_hosted_tables_req.subscribe:
            subscriptions["", message.msg_id] = False
        case "remove_hosted_tables_update_req":
            subscriptions.pop(("", message.remove_hosted_tables_update_req.id), None)


async def decide(
    authorize: Authorize | None, request: Any, permissions: Permissions, server: Any = None, peer: str = ""
) -> Grant | None:
    """What a connection may do; None to refuse it. Refusals are counted and logged.

    Args:
        authorize: called with the HTTP request; False refuses, True grants `permissions`, a `Grant` or permissions
            grant themselves. An exception in it refuses.
    """
    if authorize is None:
        return Grant(permissions)
    grant = await _ask(authorize, request, permissions)
    if grant is None:
        refused(server, peer, "authorize")
    return grant


def refused(server: Any, peer: str, reason: str) -> None:
    """Counts and logs that a connection was refused."""
    if isinstance(server, ServerCore):
        server._handler_metrics.add("connections_refused")
    log_event(logger, logging.WARNING, "connection_refused", peer=peer, reason=reason)


def is_draining(server: Any) -> bool:
    """Whether the server takes no new connections, because it is about to close."""
    return isinstance(server, ServerCore) and (server._draining or server._closed)


async def _ask(authorize: Authorize, request: Any, permissions: Permissions) -> Grant | None:
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


async def close_quietly(close_socket: Callable[[int, str], Awaitable[Any] | Any], code: int, reason: str) -> None:
    """Closes a websocket, which may be gone already."""
    try:
        result = close_socket(code, reason.encode()[:_REASON_BYTES].decode(errors="ignore"))
        if inspect.isawaitable(result):
            await result
    except Exception as error:
        logger.debug("a websocket could not be closed: %s", error)


class _ClosedError(Exception):
    """The connection is over."""


class _ServerClosedError(Exception):
    """The server goes away."""


class _RestartedError(Exception):
    """The engine failed and was started anew."""


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
    resumable: bool = False
    peer: str = ""
    _queue: SendQueue = field(init=False)
    _session: Any = field(init=False)
    _slots: asyncio.Semaphore = field(init=False)
    _sender: asyncio.Task[None] | None = field(init=False, default=None)
    _order: asyncio.Lock = field(init=False)
    _session_closed: bool = False

    def __post_init__(self) -> None:
        # What is sent again, and what waited meanwhile, must leave room in the queue for what comes.
        history = min(self.limits.resume_bytes, self.limits.max_queue_bytes // 4) if self.resumable else 0
        self._queue = SendQueue(self.loop, self.limits.max_queue_bytes, history)
        self._id = next(_ids)
        self._in_flight = 0
        # The subscriptions of a client that may resume: by view and request, whether they want rows.
        self.subscriptions: dict[tuple[str, int], bool] = {}
        self._slots = asyncio.Semaphore(self.limits.max_in_flight)
        self._order = asyncio.Lock()
        if isinstance(self.server, ServerCore):
            options = session_options(self.grant.permissions, self.grant.row_filter)
            self._session = SinkSession(self.server, self._queue.put, options)
            self._session._identity = self.grant.identity
            self.server._close_callbacks.add(self._server_closes)
            self.server._connections.add(self)
        else:
            self._session = self.server.new_session(lambda data: self._queue.put(bytes(data), False))
        self._count("connections_opened")
        log_event(
            logger, logging.INFO, "connection_opened", connection=self._id, peer=self.peer, identity=self.grant.identity
        )

    def start(self) -> None:
        """Begins to send, or goes on on a new socket."""
        self._sender = self.loop.create_task(self._send_all())
        self._queue.on_end = self._sender.cancel

    @property
    def queue_size(self) -> int:
        """The bytes that wait to be sent."""
        return self._queue.size

    @property
    def idle(self) -> bool:
        """Whether every request is answered and every answer is handed to the socket."""
        return self._in_flight == 0 and self._queue.size == 0

    @property
    def ended(self) -> bool:
        """Whether its session is over."""
        return self._session_closed or self._queue.reason is not None

    def engine_restarted(self) -> None:
        """The session's views are gone: the client must begin anew. Called on an engine's thread."""
        self._queue.close(_RestartedError())

    @property
    def session(self) -> Any:
        """The session of this connection."""
        return self._session

    async def receive(self, data: bytes) -> None:
        """Takes one message from the client; comes back when it is queued, and waits while too many are in flight."""
        if len(data) > self.limits.max_message_size:
            text = (
                f"a message of {len(data)} bytes exceeds the limit `max_message_size` of "
                f"{self.limits.max_message_size}; raise it where the handler is set up"
            )
            self._count("messages_too_large")
            self._refuse(data, text)
            return
        await self._slots.acquire()
        self._in_flight += 1
        try:
            if isinstance(self._session, SinkSession):
                data = await check_later(self.server, data, self.grant.identity, self._call)
                if self.resumable:
                    note_subscription(self.subscriptions, data)
                future = self._session.submit(data)
                future.add_done_callback(lambda done: self._on_loop(self._answered, data, done))
                return
            await self._handle_blocking(data)
        except SightlineError as error:
            self._refuse(data, str(error))
        self._in_flight -= 1
        self._slots.release()

    async def close(self) -> None:
        """Ends the connection from the client's side: the session goes, with its views."""
        self._queue.close(_ClosedError())
        await self._close_session()
        await self._stop_sender()

    async def park(self) -> None:
        """The socket is lost; the session waits for another one."""
        self._queue.park()
        await self._stop_sender()

    async def sent_close(self) -> None:
        """Comes back when the socket was told that the server is closed."""
        if self._sender is not None:
            await asyncio.gather(self._sender, return_exceptions=True)

    async def _stop_sender(self) -> None:
        if self._sender is None:
            return
        self._sender.cancel()
        await asyncio.gather(self._sender, return_exceptions=True)

    async def _close_session(self) -> None:
        if self._session_closed:
            return
        self._session_closed = True
        self._count("connections_closed")
        self._count("notices_merged", self._queue.n_merged)
        log_event(
            logger,
            logging.INFO,
            "connection_closed",
            connection=self._id,
            peer=self.peer,
            identity=self.grant.identity,
            messages_sent=self._queue.n_sent,
            reason=type(self._queue.reason).__name__ if self._queue.reason is not None else None,
        )
        if isinstance(self._session, SinkSession):
            self.server._close_callbacks.discard(self._server_closes)
            self.server._connections.discard(self)
            future = self._session.close()
            if future is not None:
                future.add_done_callback(lambda done: self._on_loop(self._hand_out, done))
        else:
            await self._run_blocking(self._session.close)

    # Requests

    def _answered(self, data: bytes, future: Future[list[SessionBase]]) -> None:
        self._in_flight -= 1
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

    async def _call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Runs a function of the application's where it does not block the loop; a coroutine is left to be awaited."""
        if self.executor is None:
            return await self.loop.run_in_executor(None, function, *arguments)
        result = self.executor.submit(function, *arguments)
        return await asyncio.wrap_future(result) if isinstance(result, Future) else result

    def _count(self, name: str, n: int = 1) -> None:
        if isinstance(self.server, ServerCore):
            self.server._handler_metrics.add(name, n)

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
        except (asyncio.CancelledError, _ClosedError, _ServerClosedError, _RestartedError, SlowClientError):
            # The queue's end also cancels a send that is stuck; any other cancellation is the loop's.
            if self._queue.reason is None:
                raise
        except Exception as error:
            logger.info("a client went away while it was sent to: %s", error)
            if self.resumable:
                # The reading side ends as well, and parks the connection.
                return
            self._queue.close(_ClosedError())
        reason = self._queue.reason
        if isinstance(reason, SlowClientError):
            self._count("slow_clients")
            log_event(
                logger,
                logging.WARNING,
                "slow_client",
                connection=self._id,
                peer=self.peer,
                identity=self.grant.identity,
                max_queue_bytes=self.limits.max_queue_bytes,
            )
            await self._close_session()
            await self._close_socket(TRY_LATER, str(reason))
        elif isinstance(reason, _ServerClosedError):
            await self._close_socket(GOING_AWAY, "the server is closing")
        elif isinstance(reason, _RestartedError):
            await self._close_session()
            await self._close_socket(RESTART, "the engine failed and was started anew")

    async def _close_socket(self, code: int, reason: str) -> None:
        await close_quietly(self.close_socket, code, reason)

    def _server_closes(self) -> None:
        self._queue.close(_ServerClosedError())
