"""What waits to be sent to one client: bounded, merged where a message says no more than one that waits, and kept for a
while after it was sent if the client may come back for it.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable

__all__ = ["SendQueue", "SlowClientError"]

logger = logging.getLogger("sightline.handlers")

_SMALL = 128


class SlowClientError(Exception):
    """A client left more unread than it may."""


class SendQueue:
    """What waits to be sent to one client. Filled from any thread, emptied on the loop.

    Args:
        max_bytes: how much may wait.
        history_bytes: how much of what was sent is kept, to be sent again.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, max_bytes: int, history_bytes: int = 0) -> None:
        self._loop = loop
        self._history: deque[bytes] = deque()
        self._history_size = 0
        self._history_bytes = history_bytes
        # While nobody reads, what does not fit is dropped, and then everything: the client starts over.
        self._parked = False
        self._dropping = False
        self.n_sent = 0
        self.n_merged = 0
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
            if self._closed is not None or self._dropping:
                return
            if notice and data in self._waiting_notices:
                self.n_merged += 1
                return
            most = min(self._max_bytes, self._history_bytes) if self._parked else self._max_bytes
            if self._messages and self._bytes + len(data) > most:
                if self._parked:
                    self._dropping = True
                    self._clear()
                    return
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
                    self._remember(data)
                    return data
                self._ready.clear()
            await self._ready.wait()

    @property
    def reason(self) -> BaseException | None:
        """Why the queue ended, None while it has not."""
        return self._closed

    def park(self) -> None:
        """Nobody reads for a while: what becomes too much is dropped, and ends nothing."""
        with self._lock:
            self._parked = True

    def unpark(self, received: int | None) -> bool:
        """Somebody reads again, who has received so many messages. The next ones are those after that, if they are all
        kept (True); otherwise everything is dropped until `start_over`.
        """
        with self._lock:
            self._parked = False
            first_kept = self.n_sent - len(self._history)
            if self._dropping or received is None or not first_kept <= received <= self.n_sent:
                self._dropping = True
                self._clear()
                return False
            again = [self._history.pop() for _ in range(self.n_sent - received)]
            for data in again:
                self._history_size -= len(data)
                self._messages.appendleft((data, False))
                self._bytes += len(data)
            self.n_sent = received
        self._wake()
        return True

    def start_over(self, first: list[bytes]) -> None:
        """Takes messages again; these come first."""
        with self._lock:
            self._dropping = False
            for data in first:
                self._messages.append((data, False))
                self._bytes += len(data)
        self._wake()

    def _remember(self, data: bytes) -> None:
        self.n_sent += 1
        if self._history_bytes:
            self._history.append(data)
            self._history_size += len(data)
            while self._history_size > self._history_bytes:
                self._history_size -= len(self._history.popleft())

    def _end(self, reason: BaseException) -> None:
        self._closed = reason
        self._clear()

    def _clear(self) -> None:
        self._messages.clear()
        self._waiting_notices.clear()
        self._history.clear()
        self._history_size = 0
        self._bytes = 0

    def _wake(self) -> None:
        try:
            self._loop.call_soon_threadsafe(self.on_end if self._closed is not None else self._ready.set)
        except RuntimeError:
            logger.debug("a message came after the loop was closed")
