"""Sessions: where the engine's messages wait for the thread or loop that delivers them.

The engine thread only puts messages into the queues of the sessions they are for, in engine order. A session hands its
messages out one at a time and in that order:

- `Session` on the thread whose request caused them, before `handle_request` returns. If another thread is just
  handing out messages of the same session, it goes on with the notifications, and only the answers to this thread's
  own request are taken past it: waiting for each other's callbacks could never end.
- `AsyncSession` the same, with tasks in place of threads.
- `SinkSession` at once, on the engine thread, to a function that must not block (the handlers' send queues).
"""

from __future__ import annotations

import asyncio
import logging
import threading
import weakref
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Future
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple

from ._bulk import Bulk
from ._edits import check_later, check_now
from ._exceptions import SessionClosedError, SightlineError

if TYPE_CHECKING:
    from typing import Self

    from ._server import ServerCore

__all__ = [
    "OWN_DIALECT",
    "AsyncSession",
    "Delivery",
    "Session",
    "SessionBase",
    "SinkSession",
    "hand_out",
    "read_bytes",
    "session_options",
]

logger = logging.getLogger("sightline")

OWN_DIALECT = {"dialect": "5.6"}
"""What the engine is told about sessions of our own clients."""

GRANTS = ("create", "update", "remove", "delete")
Permissions = str | Mapping[str, bool] | Sequence[str] | None
RowFilter = Mapping[str, Sequence[Sequence[Any]]]


class Delivery(NamedTuple):
    """A message on its way to a session; `cause` identifies the request that produced it."""

    data: bytes | Bulk
    notification: bool
    cause: object


def session_options(permissions: Permissions, row_filter: RowFilter | None) -> dict[str, Any]:
    """What the engine is told about a session.

    Args:
        permissions: "all" or None, "read", names out of "create", "update", "remove", "delete", or `{name: bool}`.
        row_filter: `{table: [[column, operator, operand], ...]}`; the session sees only rows that pass.

    Raises:
        TypeError, ValueError: an unknown permission, or one of the wrong type.
    """
    options: dict[str, Any] = {}
    granted = _read_permissions(permissions)
    if not all(granted.values()):
        options["permissions"] = granted
    if row_filter:
        if not isinstance(row_filter, Mapping):
            raise TypeError("`row_filter` is a dict {table: [[column, operator, operand], ...]}")
        options["row_filter"] = {table: [list(term) for term in terms] for table, terms in row_filter.items()}
    return options


def _read_permissions(permissions: Permissions) -> dict[str, bool]:
    if permissions is None or permissions == "all":
        return dict.fromkeys(GRANTS, True)
    if permissions == "read":
        return dict.fromkeys(GRANTS, False)
    if isinstance(permissions, str):
        permissions = [permissions]
    if isinstance(permissions, Mapping):
        names = [name for name, granted in permissions.items() if granted]
        known: Sequence[str] = list(permissions)
    elif isinstance(permissions, (Sequence, set, frozenset)):
        names = known = list(permissions)
    else:
        raise TypeError(f"`permissions` is a text, a list or a dict, not {type(permissions).__name__}")
    for name in known:
        if name not in GRANTS:
            raise ValueError(f'unknown permission "{name}", expected "all", "read" or some of {", ".join(GRANTS)}')
    return {name: name in names for name in GRANTS}


def read_bytes(data: object) -> bytes | Bulk:
    """A message given as bytes or as a sequence of numbers.

    Raises:
        TypeError: it is a text, or something else.
    """
    if isinstance(data, (bytes, Bulk)):
        return data
    if isinstance(data, str):
        raise TypeError("Can't extract `str` to `Vec`: a message is bytes (argument `data`)")
    if isinstance(data, (bytearray, memoryview)):
        return bytes(data)
    if isinstance(data, Sequence):
        return bytes(data)
    raise TypeError(f"a message is bytes, not '{type(data).__name__}' (argument `data`)")


class SessionBase(ABC):
    """One session of a server. It is closed when it is no longer referenced."""

    def __init__(self, server: ServerCore, options: Mapping[str, Any]) -> None:
        self._server = server
        self._options = options
        # Whether it belongs to the application itself; others' edits are validated.
        self._own = options is OWN_DIALECT
        self._identity: Any = None
        # The engines' numbers of this session, written and read by their own threads only.
        self._ids: list[int] = [0] * server._n_engines
        self._refused: SightlineError | None = None
        self._closed = False
        self._finalizer = weakref.finalize(self, server._closer(self._ids))
        self._finalizer.atexit = False
        server._open(self, options)

    @abstractmethod
    def _push(self, delivery: Delivery) -> bool:
        """Takes a message, on the engine thread; True if somebody must hand it out later."""

    @abstractmethod
    def _hand_out(self, cause: object) -> None:
        """Hands waiting messages out, after a request of another session caused some."""

    def _check(self) -> None:
        if self._closed or self._server._closed:
            raise SessionClosedError("Session already deleted: it was closed, or its server was")

    def _close(self) -> Any:
        self._check()
        self._closed = True
        self._finalizer.detach()
        return self._server._close_session(self)


class Session(SessionBase):
    """A session whose callback runs on the thread that caused the message. Made by `Server.new_session`."""

    takes_bulk = False
    """Whether the callback is our own client's, which takes large messages in parts."""

    def __init__(self, server: ServerCore, response_cb: Callable[..., object], options: Mapping[str, Any]) -> None:
        self._response_cb = response_cb
        self._lock = threading.Lock()
        self._queue: deque[Delivery] = deque()
        self._handing_out: int | None = None
        super().__init__(server, options)

    def handle_request(self, data: bytes | Bulk) -> None:
        """Handles one request; its answers and the notifications it caused were given out when this returns.

        Raises:
            TypeError: no bytes. ValueError: the session is closed, or the callback raised. EngineError: the engine
            failed.
        """
        request = read_bytes(data)
        self._check()
        if not self._own:
            try:
                request = check_now(self._server, bytes(request), self._identity)
            except SightlineError as error:
                future = self._server._answer_error(self, bytes(request), error)
            else:
                future = self._server._submit(self, request)
        else:
            future = self._server._submit(self, request)
        touched = future.result()
        errors = self._drain(future)
        for session in touched:
            if session is not self:
                session._hand_out(future)
        self._server._after_request()
        if errors:
            raise ValueError(f"{type(errors[0]).__name__}: {errors[0]}") from errors[0]

    def close(self) -> None:
        """Closes the session and deletes its views.

        Raises:
            ValueError: it was closed before.
        """
        future = self._close()
        for session in future.result():
            session._hand_out(future)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._closed and not self._server._closed:
            self.close()

    def _push(self, delivery: Delivery) -> bool:
        with self._lock:
            self._queue.append(delivery)
        return True

    def _hand_out(self, cause: object) -> None:
        for error in self._drain(cause):
            logger.warning("exception in the callback of a session", exc_info=error)

    def _drain(self, cause: object) -> list[Exception]:
        me = threading.get_ident()
        errors: list[Exception] = []
        with self._lock:
            outer = self._handing_out
            if outer is not None and outer != me:
                mine = [item for item in self._queue if item.cause is cause and not item.notification]
                for item in mine:
                    self._queue.remove(item)
            else:
                mine = None
                self._handing_out = me
        if mine is not None:
            for item in mine:
                self._call(item, errors)
            return errors
        try:
            while True:
                with self._lock:
                    if not self._queue:
                        # In the same breath as the look at the queue: nobody's message is left behind.
                        self._handing_out = outer
                        return errors
                    item = self._queue.popleft()
                self._call(item, errors)
        except BaseException:
            # A KeyboardInterrupt, say: the next request goes on.
            self._handing_out = outer
            raise

    def _call(self, delivery: Delivery, errors: list[Exception]) -> None:
        try:
            self._response_cb(delivery.data if self.takes_bulk else bytes(delivery.data))
        except Exception as error:
            errors.append(error)


class AsyncSession(SessionBase):
    """A session whose callback is awaited on the loop it was made on. Made by `AsyncServer.new_session`."""

    def __init__(
        self, server: ServerCore, response_cb: Callable[[bytes], Awaitable[object]], options: Mapping[str, Any]
    ) -> None:
        self._response_cb = response_cb
        self._lock = threading.Lock()
        self._queue: deque[Delivery] = deque()
        self._handing_out: asyncio.Task[Any] | None = None
        self._loop = _running_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        super().__init__(server, options)

    async def handle_request(self, data: bytes) -> None:
        """Handles one request; its answers and the notifications it caused were given out when this returns.

        Raises:
            TypeError: no bytes. ValueError: the session is closed, or the callback raised. EngineError: the engine
            failed.
        """
        request = read_bytes(data)
        self._check()
        self._loop = asyncio.get_running_loop()
        if self._own:
            future = self._server._submit(self, request)
        else:
            try:
                request = await check_later(self._server, bytes(request), self._identity, asyncio.to_thread)
                future = self._server._submit(self, request)
            except SightlineError as error:
                future = self._server._answer_error(self, bytes(request), error)
        touched = await asyncio.wrap_future(future)
        errors = await self._drain(future)
        await _hand_out_all(touched, self, future)
        self._server._after_request()
        if errors:
            raise ValueError(f"{type(errors[0]).__name__}: {errors[0]}") from errors[0]

    async def close(self) -> None:
        """Closes the session and deletes its views.

        Raises:
            ValueError: it was closed before.
        """
        future = self._close()
        await _hand_out_all(await asyncio.wrap_future(future), self, future)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._closed and not self._server._closed:
            await self.close()

    def _push(self, delivery: Delivery) -> bool:
        with self._lock:
            self._queue.append(delivery)
        return True

    def _hand_out(self, cause: object) -> None:
        """Called on any thread: the messages are handed out by a task on the session's own loop."""
        loop = self._loop
        if loop is None or loop.is_closed():
            logger.warning("messages wait for an asynchronous session whose loop is gone")
            return
        loop.call_soon_threadsafe(self._start_task, cause)

    def _start_task(self, cause: object) -> None:
        task = asyncio.get_running_loop().create_task(self._drain_and_log(cause))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _drain_and_log(self, cause: object) -> None:
        for error in await self._drain(cause):
            logger.warning("exception in the callback of a session", exc_info=error)

    async def _drain(self, cause: object) -> list[Exception]:
        me = asyncio.current_task()
        errors: list[Exception] = []
        with self._lock:
            outer = self._handing_out
            if outer is not None and outer is not me:
                mine = [item for item in self._queue if item.cause is cause and not item.notification]
                for item in mine:
                    self._queue.remove(item)
            else:
                mine = None
                self._handing_out = me
        if mine is not None:
            for item in mine:
                await self._call(item, errors)
            return errors
        try:
            while True:
                with self._lock:
                    if not self._queue:
                        self._handing_out = outer
                        return errors
                    item = self._queue.popleft()
                await self._call(item, errors)
        except BaseException:
            self._handing_out = outer
            raise

    async def _call(self, delivery: Delivery, errors: list[Exception]) -> None:
        try:
            await self._response_cb(bytes(delivery.data))
        except Exception as error:
            errors.append(error)


class SinkSession(SessionBase):
    """A session that hands each message straight to a function which never blocks. For the handlers."""

    def __init__(self, server: ServerCore, sink: Callable[[bytes, bool], None], options: Mapping[str, Any]) -> None:
        self._sink = sink
        super().__init__(server, options)

    def submit(self, data: bytes) -> Future[Sequence[SessionBase]]:
        """Queues one request; the future gives the sessions that `hand_out` must be called for."""
        self._check()
        return self._server._submit(self, data)

    def close(self) -> Future[Sequence[SessionBase]] | None:
        """Queues the closing, without waiting; None when the session is closed already."""
        if self._closed or self._server._closed:
            return None
        future: Future[Sequence[SessionBase]] = self._close()
        return future

    def _push(self, delivery: Delivery) -> bool:
        self._sink(bytes(delivery.data), delivery.notification)
        return False

    def _hand_out(self, cause: object) -> None:
        """Nothing waits: the sink has it all."""


def hand_out(touched: Sequence[SessionBase], cause: object) -> None:
    """Hands out what waits for sessions of this process, on the current thread."""
    for session in touched:
        session._hand_out(cause)


async def _hand_out_all(touched: Sequence[SessionBase], own: SessionBase, cause: object) -> None:
    """Hands out to others; sessions of the same loop have got their messages when this returns."""
    for session in touched:
        if session is own:
            continue
        if isinstance(session, AsyncSession) and session._loop is asyncio.get_running_loop():
            await session._drain_and_log(cause)
        else:
            session._hand_out(cause)


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
