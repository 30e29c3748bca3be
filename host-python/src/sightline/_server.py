"""`Server`: sessions over one or more engines, each on a thread of its own.

    any thread ── request ──▶ engine thread ── messages ──▶ queues of the sessions ──▶ handed out by the asking thread

The engine thread never runs a user's callback. With several engines, tables are spread over them (`_routing.py`).
"""

from __future__ import annotations

import logging
import os
import threading
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from ._bulk import Bulk
from ._client import Client, ClientBase
from ._edits import Validator, Validators
from ._engine import Engine, Message
from ._exceptions import SessionClosedError, SightlineError
from ._log import log_event
from ._metrics import EngineMetrics, ServerMetrics, kind_of, merged, prometheus
from ._module import load
from ._proto import sightline_pb2 as pb
from ._routing import Router
from ._session import OWN_DIALECT, Delivery, Permissions, RowFilter, Session, SessionBase, session_options
from ._wire import Head, kind_number, scan
from ._worker import Worker

if TYPE_CHECKING:
    from typing import Self

    from ._durable import Journal

__all__ = ["Server", "ServerCore", "num_cpus", "set_num_cpus"]

logger = logging.getLogger("sightline")

Touched = Sequence[SessionBase]
Placement = Callable[[str], int]

DEFAULT_REQUEST_TIMEOUT = 300.0
_WASM_LIMIT = 2**32
_SYSTEM_INFO = kind_number("server_system_info_req")

_n_cpus: int | None = None


def num_cpus() -> int:
    """How many engines `Server(engines=None)` starts: the number of processors, unless `set_num_cpus` said
    otherwise.
    """
    return _n_cpus if _n_cpus is not None else (os.cpu_count() or 1)


def set_num_cpus(n: int) -> None:
    """Sets what `num_cpus` answers, for this process.

    Raises:
        ValueError: `n` is less than 1.
    """
    global _n_cpus
    if n < 1:
        raise ValueError(f"`n` must be at least 1, not {n}")
    _n_cpus = n


class ServerCore:
    """Engines, sessions and the way of a request between them; shared by `Server` and `AsyncServer`."""

    def __init__(
        self,
        on_poll_request: Callable[[Any], object] | None = None,
        *,
        engines: int | None = 1,
        memory_limit: int | None = None,
        request_timeout: float | None = DEFAULT_REQUEST_TIMEOUT,
        limits: Mapping[str, int] | None = None,
        placement: Placement | None = None,
    ) -> None:
        if on_poll_request is not None and not callable(on_poll_request):
            kind = type(on_poll_request).__name__
            raise TypeError(f"'{kind}' object is not callable (argument `on_poll_request`)")
        n_engines = num_cpus() if engines is None else engines
        if n_engines < 1:
            raise ValueError(f"`engines` must be at least 1, not {n_engines}")
        if memory_limit is not None and not 0 < memory_limit <= _WASM_LIMIT:
            raise ValueError(f"`memory_limit` must be between 1 and {_WASM_LIMIT} bytes per engine, not {memory_limit}")
        if request_timeout is not None and request_timeout <= 0:
            raise ValueError(f"`request_timeout` must be positive or None, not {request_timeout}")
        self._on_poll_request = on_poll_request
        self._n_engines = n_engines
        self._closed = False
        self._lock = threading.Lock()
        self._handler_metrics = ServerMetrics()
        self._engine_metrics = [EngineMetrics() for _ in range(n_engines)]
        self._validators = Validators(self._handler_metrics)
        # The connections of handlers, for monitoring and for closing. Copied with `list`, which no other thread can
        # come between, before it is gone through.
        self._connections: set[Any] = set()
        # What holds connections that can be resumed, by token; touched on the loop only.
        self._resumable: dict[str, Any] = {}
        self._draining = False
        # Durable tables see each request on its engine's thread, before and after the engine does.
        self._journal: Journal | None = None
        self._keepers: set[ClientBase] = set()
        # Called when the server closes, so that handlers tell their clients.
        self._close_callbacks: set[Callable[[], None]] = set()
        # Per engine, its sessions by its own numbers; touched by that engine's thread only.
        self._sessions: list[dict[int, weakref.ref[SessionBase]]] = [{} for _ in range(n_engines)]
        engine_limits = dict(limits or {})
        if memory_limit is not None:
            # Beyond its memory an engine fails, so it refuses by estimate before that.
            engine_limits.setdefault("memory", memory_limit - memory_limit // 8)
        make_engine = _engine_maker({"limits": engine_limits} if engine_limits else {}, memory_limit, request_timeout)
        self._workers: list[Worker] = []
        self._finalizer = weakref.finalize(self, _stop, self._workers)
        for number in range(n_engines):
            self._workers.append(Worker(make_engine, f"sightline-engine-{number}"))
        self._router = Router(self, placement) if n_engines > 1 else None

    @property
    def closed(self) -> bool:
        """Whether the server was closed."""
        return self._closed

    def stats(self) -> dict[str, Any]:
        """What the server is doing, for monitoring.

        Returns:
            `engines`, one dict each with `queue_depth`, `memory` (bytes of linear memory), `failure` (None or text) and
            `engine` (the engine's own counters), and `sessions`, the number of open ones.
        """
        self._check()
        futures = [worker.submit(_stats) for worker in self._workers]
        engines = [
            {"queue_depth": worker.depth, **future.result()}
            for worker, future in zip(self._workers, futures, strict=True)
        ]
        return {"engines": engines, "sessions": len(self._sessions[0])}

    def metrics(self) -> dict[str, Any]:
        """What the server did since it was made, for monitoring.

        Returns:
            What `stats` gives, and: `requests`, by kind, and `queue_wait`, each `{"count", "seconds", "buckets"}`;
            `bytes_in` and `bytes_out`; `handlers`, counters of connections, slow clients and edits; `connections`, the
            number of open ones; `send_queue_bytes` and `send_queue_bytes_max`, what waits for all clients and for the
            slowest.
        """
        waiting = [connection.queue_size for connection in list(self._connections)]
        return {
            **self.stats(),
            **merged(self._engine_metrics),
            "handlers": self._handler_metrics.as_dict(),
            "connections": len(waiting),
            "send_queue_bytes": sum(waiting),
            "send_queue_bytes_max": max(waiting, default=0),
        }

    def prometheus(self) -> str:
        """`metrics` as text for Prometheus; serve it as `text/plain; version=0.0.4`."""
        return prometheus(self.metrics())

    def set_validator(self, table: str, validator: Validator | None) -> None:
        """Sets the function that clients' edits of a table must pass.

        Args:
            table: its name. The table need not exist yet.
            validator: called with an `Edit`; None or True accepts, a list of rows (of keys, for "remove") is written in
                place of what was sent, False or a text rejects, as does `EditRejectedError`. The text is what the
                client's call fails with. It may be a coroutine function for handlers and `AsyncServer`. None removes
                it.

        It is asked for sessions and connections; clients of this process (`new_local_client`) write as they like.
        """
        self._validators.set(table, validator)

    def _check(self) -> None:
        if self._closed:
            raise SessionClosedError("the server was closed")

    # The way of a request

    def _submit(self, session: SessionBase, request: bytes | Bulk) -> Future[Touched]:
        """Queues a request; the future gives the sessions that have messages to hand out."""
        if self._router is not None:
            return self._router.submit(session, bytes(request))
        return self._submit_to(0, session, request)

    def _submit_to(self, engine: int, session: SessionBase, request: bytes | Bulk) -> Future[Touched]:
        cause: Future[Touched] = Future()
        poll = self._on_poll_request is None
        kind = kind_of(request)
        submitted = time.perf_counter()

        def job(instance: Engine) -> Touched:
            if session._refused is not None:
                raise session._refused
            metrics = self._engine_metrics[engine]
            started = time.perf_counter()
            if kind == _SYSTEM_INFO:
                instance.control({"op": "spent", "ms": 1e3 * metrics.take_spent()})
            number = session._ids[engine]
            if self._journal is None:
                messages = instance.handle(number, request, poll)
            else:
                messages = self._journal.handle(engine, instance, session, request, poll)
            sizes = sum(len(message.data) for message in messages)
            metrics.add(kind, started - submitted, time.perf_counter() - started, len(request), sizes)
            return self._sort(engine, messages, cause)

        return self._workers[engine].submit(job, cause)

    def _answer_error(self, session: SessionBase, request: bytes, error: SightlineError) -> Future[Touched]:
        """Answers a request that no engine hears of, in turn with the first engine's answers."""
        try:
            head = scan(request)
        except SightlineError:
            head = Head(0, "", 0, 0, 0)
        body = pb.ServerError(message=str(error), status_code=pb.SERVER_ERROR)
        response = pb.Response(msg_id=head.msg_id, entity_id=head.entity_id, server_error=body)
        cause: Future[Touched] = Future()

        def job(_: Engine) -> Touched:
            return [session] if session._push(Delivery(response.SerializeToString(), False, cause)) else []

        return self._workers[0].submit(job, cause)

    def _sort(self, engine: int, messages: list[Message], cause: object) -> Touched:
        """Puts messages into their sessions' queues; runs on the engine thread, so that their order is the engine's."""
        touched: list[SessionBase] = []
        sessions = self._sessions[engine]
        for message in messages:
            reference = sessions.get(message.session)
            session = reference() if reference is not None else None
            if session is None:
                continue
            if session._push(Delivery(message.data, message.notification, cause)) and session not in touched:
                touched.append(session)
        return touched

    def _after_request(self) -> None:
        if self._on_poll_request is not None:
            self._on_poll_request(self._as_seen_by_user())

    def _as_seen_by_user(self) -> Any:
        return self

    def _submit_polls(self) -> list[Future[Touched]]:
        self._check()
        futures = []
        for engine, worker in enumerate(self._workers):
            cause: Future[Touched] = Future()
            futures.append(worker.submit(self._poll_job(engine, cause), cause))
        return futures

    def _poll_job(self, engine: int, cause: object) -> Callable[[Engine], Touched]:
        return lambda instance: self._sort(engine, instance.poll(), cause)

    # Failures

    def recover(self) -> list[int]:
        """Starts engines anew that have failed. Tables of theirs that are not durable are lost, and so are all views.

        Returns:
            The numbers of those engines.
        """
        self._check()

        def job(instance: Engine, engine: int) -> bool:
            if instance.failure is None:
                return False
            if self._journal is not None:
                self._journal.revive(engine, instance)
                return instance.failure is None
            self._restart(engine, instance)
            return True

        futures = [
            worker.submit(lambda instance, engine=engine: job(instance, engine))  # type: ignore[misc]
            for engine, worker in enumerate(self._workers)
        ]
        return [engine for engine, future in enumerate(futures) if future.result()]

    def _restart(self, engine: int, instance: Engine) -> None:
        """Starts an engine anew with the sessions that are open; runs on its thread. Connections are closed, since
        their clients hold views that are gone.
        """
        instance.restart()
        found = {}
        for reference in list(self._sessions[engine].values()):
            session = reference()
            if session is not None:
                session._ids[engine] = instance.open_session(session._options)
                found[session._ids[engine]] = reference
        self._sessions[engine].clear()
        self._sessions[engine].update(found)
        self._handler_metrics.add("engine_restarts")
        log_event(logger, logging.ERROR, "engine_restarted", engine=engine, sessions=len(found))
        for connection in list(self._connections):
            connection.engine_restarted()

    # Sessions

    def _open(self, session: SessionBase, options: Mapping[str, Any]) -> None:
        """Queues the opening; requests queued later find the session open."""
        self._check()
        reference = weakref.ref(session)
        ids = session._ids
        for engine, worker in enumerate(self._workers):
            sessions = self._sessions[engine]

            def job(
                instance: Engine, engine: int = engine, sessions: dict[int, weakref.ref[SessionBase]] = sessions
            ) -> None:
                try:
                    ids[engine] = instance.open_session(options)
                except SightlineError as error:
                    opened = reference()
                    if opened is not None:
                        opened._refused = error
                    return
                sessions[ids[engine]] = reference

            worker.submit(job)

    def _confirm(self, session: SessionBase) -> None:
        """Waits until the engines have opened a session, and raises what they refuse it for."""
        for worker in self._workers:
            worker.submit(lambda _: None).result()
        if session._refused is not None:
            raise session._refused

    def _close_session(self, session: SessionBase) -> Future[Touched]:
        """Queues the closing on all engines; the future of the last one gives whom to tell."""
        cause: Future[Touched] = Future()
        touched: list[SessionBase] = []
        left = self._n_engines

        def job(instance: Engine, engine: int) -> None:
            nonlocal left
            number = session._ids[engine]
            self._sessions[engine].pop(number, None)
            messages = instance.close_session(number) if number else []
            found = self._sort(engine, messages, cause)
            with self._lock:
                touched.extend(other for other in found if other not in touched)
                left -= 1
                last = left == 0
            if last:
                cause.set_result(touched)

        def guarded(engine: int) -> Callable[[Engine], None]:
            def run(instance: Engine) -> None:
                try:
                    job(instance, engine)
                except BaseException as error:
                    if not cause.done():
                        cause.set_exception(error)
                    raise

            return run

        for engine, worker in enumerate(self._workers):
            worker.submit(guarded(engine))
        if self._router is not None:
            self._router.forget_session(session._ids)
        return cause

    def _closer(self, ids: list[int]) -> Callable[[], None]:
        """What closes a session that was dropped; refers to neither the session nor the server."""
        workers, tables = self._workers, self._sessions

        def close() -> None:
            for engine, worker in enumerate(workers):

                def job(instance: Engine, engine: int = engine) -> None:
                    tables[engine].pop(ids[engine], None)
                    if ids[engine]:
                        instance.close_session(ids[engine])

                worker.post(job)

        return close

    def _shut_down(self) -> None:
        if self._closed:
            return
        self._closed = True
        for callback in list(self._close_callbacks):
            callback()
        self._close_callbacks.clear()
        self._keepers.clear()
        self._validators.close()
        self._finalizer()


class Server(ServerCore):
    """Holds tables and serves sessions. Its methods may be called from any thread.

    Args:
        on_poll_request: called as `on_poll_request(server)` after each request, in place of processing the tables that
            it changed; `poll` must then be called, and until then views show the state before.
        engines: how many engines to spread tables over, each with its own thread and up to 4 GiB; None for one per
            processor. A join or derived table lives with its source; joined tables must share an engine.
        memory_limit: bytes each engine may use; a request that does not fit is refused.
        request_timeout: seconds after which a running request is interrupted; its engine is then not used again. None
            for no limit, and for faster code: what can be interrupted takes up to half as long again.
        limits: engine limits by name, where the defaults do not fit: `message_size`, `json_depth`, `input_rows`,
            `decompressed_bytes`, `expression_bytes`, `expression_depth`, `expression_steps`,
            `expression_steps_per_row`, `expression_text_bytes`, `answer_rows`, `answer_cells`, `pivot_cells`,
            `views_per_session`, `subscriptions_per_session`, `tables`, `table_bytes`, `memory`.
        placement: which engine (from 0) a new table of a given name goes to; the least filled one if not given.

    Raises:
        EngineError: the engine module is missing or does not start. ValueError: an argument out of range, or an
            unknown limit.

    Example:
        >>> import sightline
        >>> with sightline.Server() as server:
        ...     client = server.new_local_client()
        ...     table = client.table({"x": [1, 2]}, name="xs")
        ...     client.get_hosted_table_names()
        ['xs']
    """

    def new_session(
        self,
        response_cb: Callable[[bytes], object],
        *,
        permissions: Permissions = None,
        row_filter: RowFilter | None = None,
    ) -> Session:
        """Opens a session.

        Args:
            response_cb: called with the bytes of each outgoing message, on the thread that caused it.
            permissions: what the session may do besides reading: "all" (default), "read", or some of "create",
                "update", "remove" and "delete".
            row_filter: `{table: [[column, operator, operand], ...]}`; the session sees only rows that pass.

        Raises:
            TypeError, ValueError: wrong permissions. ValueError: the server is closed. PerspectiveError: the engine
                refuses the row filter.
        """
        if not callable(response_cb):
            raise TypeError(f"'{type(response_cb).__name__}' object is not callable (argument `response_cb`)")
        session = Session(self, response_cb, session_options(permissions, row_filter))
        self._confirm(session)
        return session

    def new_local_client(self) -> Client:
        """A client in this process. It is closed by `terminate`, by a `with` block, or when it is dropped."""
        session = Session(self, _nobody, OWN_DIALECT)

        def close() -> None:
            if not session._closed and not self._closed:
                session.close()

        client = Client(session.handle_request, close)
        client._keepers = self._keepers
        session._response_cb = client._exchange.deliver
        session.takes_bulk = client.takes_bulk = True
        return client

    def poll(self) -> None:
        """Processes changed tables and gives their notifications out, on this thread."""
        for future in self._submit_polls():
            for session in future.result():
                session._hand_out(future)

    def close(self) -> None:
        """Ends the engines. Tables are gone, and sessions raise `ValueError` from now on; closing again is harmless."""
        self._shut_down()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "closed" if self._closed else f"{self._n_engines} engine{'s' if self._n_engines > 1 else ''}"
        return f"<sightline.{type(self).__name__} {state}>"


def _nobody(_data: bytes) -> None:
    """The callback of a local session before its client stands."""


def _engine_maker(
    options: Mapping[str, Any], memory_limit: int | None, request_timeout: float | None
) -> Callable[[], Engine]:
    """Makes engines without referring to the server, whose threads must not keep it alive."""

    def make(path: Path | None = None) -> Engine:
        return Engine(load(path, interruptible=request_timeout is not None), options, memory_limit, request_timeout)

    return make


def _stats(instance: Engine) -> dict[str, Any]:
    if instance.failure is not None:
        return {"memory": 0, "failure": str(instance.failure), "engine": None}
    return {"memory": instance.memory_size(), "failure": None, "engine": instance.control({"op": "stats"})}


def _stop(workers: list[Worker]) -> None:
    for worker in workers:
        worker.stop(timeout=0)
    for worker in workers:
        worker.stop()
