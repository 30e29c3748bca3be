"""The reference's engine behind our host's `Engine` interface: `pytest --engine=reference`.

It separates faults of the host (threads, queues, handlers) from faults of the engine, since everything but the engine
is then the same. Permissions and limits are the engine's, so tests of those fail under it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import perspective

from sightline._engine import Message
from sightline._exceptions import EngineError
from sightline._wire import kind_number, scan

_PUSHED = {
    kind_number(f"{name}_req") for name in ("view_on_update", "view_on_remove", "view_on_delete", "table_on_delete")
}


class ReferenceEngine:
    """As `sightline._engine.Engine`."""

    def __init__(self, *_options: Any) -> None:
        self.failure: EngineError | None = None
        self._server = perspective.Server(on_poll_request=lambda _: None)
        self._sessions: dict[int, Any] = {}
        self._outbox: list[Message] = []

    def open_session(self, options: Mapping[str, Any]) -> int:
        number = len(self._sessions) + 1

        def receive(data: bytes) -> None:
            kind = scan(data).kind
            self._outbox.append(Message(number, data, kind in _PUSHED or kind == 0))

        self._sessions[number] = self._server.new_session(receive)
        return number

    def close_session(self, session: int) -> list[Message]:
        self._sessions[session].close()
        return self._take()

    def handle(self, session: int, request: bytes, poll: bool) -> list[Message]:
        # An empty message aborts the reference's whole process.
        if request:
            self._sessions[session].handle_request(request)
        if poll:
            self._server.poll()
        return self._take()

    def poll(self) -> list[Message]:
        self._server.poll()
        return self._take()

    def control(self, command: Mapping[str, Any]) -> Any:
        return {"requests": 0}

    def memory_size(self) -> int:
        return 0

    def close(self) -> None:
        self._sessions.clear()

    def _take(self) -> list[Message]:
        messages, self._outbox = self._outbox, []
        return messages
