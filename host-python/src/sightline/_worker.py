"""A thread that owns one engine: jobs in through a queue, results out through futures.

The thread never runs the user's code, so a callback may call the engine again. It holds no reference to the server, so
that a server which nobody uses any more is collected, and its threads end.
"""

from __future__ import annotations

import logging
import os
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from ._engine import Engine
from ._exceptions import ForkError, SessionClosedError

__all__ = ["Worker"]

logger = logging.getLogger("sightline")

T = TypeVar("T")
_Job = tuple[Callable[[Engine], Any], "Future[Any] | None"]

_process = os.getpid()


def _note_process() -> None:
    global _process
    _process = os.getpid()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_note_process)


class Worker:
    """Starts a thread, makes the engine on it, and waits until it stands.

    Raises:
        EngineError: the engine does not start.
    """

    def __init__(self, make_engine: Callable[[], Engine], name: str) -> None:
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._closed = False
        self._process = _process
        started: Future[None] = Future()
        self._thread = threading.Thread(target=_work, args=(make_engine, self._jobs, started), name=name, daemon=True)
        self._thread.start()
        started.result()

    @property
    def depth(self) -> int:
        """The number of jobs that wait."""
        return self._jobs.qsize()

    def submit(self, job: Callable[[Engine], T], future: Future[T] | None = None) -> Future[T]:
        """Queues a job; may be called from any thread, never waits.

        Raises:
            SessionClosedError: the server was closed. ForkError: this is a forked child.
        """
        if self._process != _process:
            raise ForkError(
                f"this server belongs to process {self._process}, and its engine threads did not survive the fork into "
                f"{_process}: make a new Server in the child, or start children with the `spawn` method"
            )
        future = future if future is not None else Future()
        with self._lock:
            if self._closed:
                raise SessionClosedError("the server was closed")
            self._jobs.put((job, future))
        return future

    def post(self, job: Callable[[Engine], Any]) -> None:
        """Queues a job whose result nobody waits for; safe in a finaliser, which may run anywhere."""
        if self._process == _process:
            self._jobs.put((job, None))

    def stop(self, timeout: float | None = 5.0) -> None:
        """Ends the thread after the jobs queued so far, and waits for it; calling it again is harmless."""
        if self._process != _process:
            return
        with self._lock:
            if not self._closed:
                self._closed = True
                self._jobs.put(None)
        if self._thread is not threading.current_thread():
            self._thread.join(timeout)


def _work(make_engine: Callable[[], Engine], jobs: queue.SimpleQueue[_Job | None], started: Future[None]) -> None:
    try:
        engine = make_engine()
    except BaseException as error:
        started.set_exception(error)
        return
    started.set_result(None)
    del started
    while True:
        item = jobs.get()
        if item is None:
            break
        _do(engine, *item)
        del item
    engine.close()


def _do(engine: Engine, job: Callable[[Engine], Any], future: Future[Any] | None) -> None:
    if future is None:
        try:
            job(engine)
        except Exception:
            logger.debug("a job that nobody waits for failed", exc_info=True)
        return
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = job(engine)
    except BaseException as error:
        future.set_exception(error)
    else:
        future.set_result(result)
