"""Which engine a request goes to, when a server has several.

A table lives on one engine, and so do its views and whatever derives from it. The router reads the head of each
request, keeps the engine of every table and view it saw made, and splits the few requests that concern all engines:

- the list of hosted tables is merged, memory and processor times are added up;
- subscriptions to hosted tables go to all engines, their removal is answered once;
- a join whose tables live on different engines is answered with an error that says so.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING

from google.protobuf.message import DecodeError

from ._engine import Engine, Message
from ._exceptions import SightlineError
from ._proto import sightline_pb2 as pb
from ._session import Delivery, SessionBase
from ._wire import Head, kind_number, scan

if TYPE_CHECKING:
    from ._server import ServerCore

__all__ = ["Router"]

Touched = Sequence[SessionBase]

_HOSTED = kind_number("get_hosted_tables_req")
_REMOVE_HOSTED = kind_number("remove_hosted_tables_update_req")
_SYSTEM_INFO = kind_number("server_system_info_req")
_MAKE_TABLE = kind_number("make_table_req")
_MAKE_JOIN = kind_number("make_join_table_req")
_MAKE_VIEW = kind_number("table_make_view_req")
_VIEW_DELETE = kind_number("view_delete_req")
_TABLE_DELETE = kind_number("table_delete_req")


class Router:
    """Spreads the tables of one server over its engines."""

    def __init__(self, server: ServerCore, placement: Callable[[str], int] | None) -> None:
        self._server = server
        self._placement = placement
        self._lock = threading.Lock()
        self._tables: dict[str, int] = {}
        self._views: dict[str, tuple[int, list[int]]] = {}

    def submit(self, session: SessionBase, request: bytes) -> Future[Touched]:
        """Queues a request on the engine or engines it concerns."""
        try:
            head = scan(request)
        except SightlineError:
            # The engine knows how to answer what cannot be read.
            return self._server._submit_to(0, session, request)
        if head.kind in {_HOSTED, _REMOVE_HOSTED, _SYSTEM_INFO}:
            return self._submit_to_all(session, request, head)
        if head.kind == _MAKE_JOIN:
            return self._submit_join(session, request, head)
        engine = self._place(request, head) if head.kind == _MAKE_TABLE else self._find(head.entity_id)
        future = self._server._submit_to(engine, session, request)
        self._note(head, request, engine, session)
        return future

    def forget_session(self, ids: list[int]) -> None:
        """Drops what is known of a closed session's views."""
        with self._lock:
            for view, (_, owner) in list(self._views.items()):
                if owner is ids:
                    del self._views[view]

    def _find(self, entity: str) -> int:
        """The engine of a table or view; unknown names go to the first engine, which answers that it knows none."""
        with self._lock:
            if entity in self._tables:
                return self._tables[entity]
            view = self._views.get(entity)
            return view[0] if view is not None else 0

    def _place(self, request: bytes, head: Head) -> int:
        """Where a new table goes: to its source view, to its namesake (which refuses it), or to the emptiest engine."""
        source = _source_view(request, head)
        if source is not None:
            return self._find(source)
        with self._lock:
            known = self._tables.get(head.entity_id)
            if known is not None:
                return known
            if self._placement is None:
                counts = Counter(self._tables.values())
                return min(range(self._server._n_engines), key=lambda engine: counts[engine])
        engine = self._placement(head.entity_id)
        if not 0 <= engine < self._server._n_engines:
            raise SightlineError(
                f'`placement` put table "{head.entity_id}" on engine {engine}, but there are {self._server._n_engines}'
            )
        return engine

    def _note(self, head: Head, request: bytes, engine: int, session: SessionBase) -> None:
        """Remembers names before the answer is known: a name that was refused is answered by the same engine again."""
        with self._lock:
            if head.kind in {_MAKE_TABLE, _MAKE_JOIN}:
                self._tables.setdefault(head.entity_id, engine)
            elif head.kind == _MAKE_VIEW:
                view = pb.TableMakeViewReq.FromString(request[head.body_start : head.body_end]).view_id
                self._views[view] = (engine, session._ids)
            elif head.kind == _VIEW_DELETE:
                self._views.pop(head.entity_id, None)
            elif head.kind == _TABLE_DELETE and not self._has_views_on(engine):
                self._tables.pop(head.entity_id, None)

    def _has_views_on(self, engine: int) -> bool:
        return any(found == engine for found, _ in self._views.values())

    def _submit_join(self, session: SessionBase, request: bytes, head: Head) -> Future[Touched]:
        try:
            join = pb.MakeJoinTableReq.FromString(request[head.body_start : head.body_end])
        except DecodeError:
            return self._server._submit_to(0, session, request)
        left, right = self._find(join.left_table_id), self._find(join.right_table_id)
        with self._lock:
            both_known = join.left_table_id in self._tables and join.right_table_id in self._tables
        if both_known and left != right:
            text = (
                f'Cannot join "{join.left_table_id}" and "{join.right_table_id}": they live on engines {left} and '
                f"{right} of this server, and a join needs both on one (see the `placement` argument of Server)"
            )
            return self._answer(session, pb.Response(server_error=pb.ServerError(message=text)), head)
        engine = left if join.left_table_id in self._tables else right
        future = self._server._submit_to(engine, session, request)
        self._note(head, request, engine, session)
        return future

    def _answer(self, session: SessionBase, response: pb.Response, head: Head) -> Future[Touched]:
        """Answers without asking an engine, but in turn with the first engine's answers."""
        response.msg_id, response.entity_id = head.msg_id, head.entity_id
        cause: Future[Touched] = Future()

        def job(_: Engine) -> Touched:
            delivery = Delivery(response.SerializeToString(), False, cause)
            return [session] if session._push(delivery) else []

        return self._server._workers[0].submit(job, cause)

    def _submit_to_all(self, session: SessionBase, request: bytes, head: Head) -> Future[Touched]:
        """Asks every engine; the last one to answer puts the merged answer into the session's queue."""
        server = self._server
        cause: Future[Touched] = Future()
        answers: list[pb.Response] = []
        touched: list[SessionBase] = []
        left = server._n_engines
        lock = threading.Lock()

        def run(instance: Engine, engine: int) -> None:
            nonlocal left
            try:
                number = session._ids[engine]
                if head.kind == _SYSTEM_INFO:
                    instance.control({"op": "spent", "ms": 1e3 * server._engine_metrics[engine].take_spent()})
                messages = instance.handle(number, request, server._on_poll_request is None)
                own = [message for message in messages if _answers(message, number, head)]
                found = server._sort(engine, [message for message in messages if message not in own], cause)
                with lock:
                    answers.extend(pb.Response.FromString(bytes(message.data)) for message in own)
                    touched.extend(other for other in found if other not in touched)
                    left -= 1
                    last = left == 0
                if not last:
                    return
                if answers:
                    data = _merge(answers).SerializeToString()
                    if session._push(Delivery(data, False, cause)) and session not in touched:
                        touched.append(session)
                cause.set_result(touched)
            except BaseException as error:
                with lock:
                    if not cause.done():
                        cause.set_exception(error)
                raise

        for engine, worker in enumerate(server._workers):
            worker.submit(lambda instance, engine=engine: run(instance, engine))  # type: ignore[misc]
        return cause


def _answers(message: Message, session: int, head: Head) -> bool:
    return message.session == session and not message.notification and scan(bytes(message.data)).msg_id == head.msg_id


def _merge(answers: list[pb.Response]) -> pb.Response:
    """One answer out of several engines' answers to the same request; an error wins."""
    for answer in answers:
        if answer.WhichOneof("client_resp") == "server_error":
            return answer
    merged = answers[0]
    for answer in answers[1:]:
        if answer.HasField("get_hosted_tables_resp"):
            merged.get_hosted_tables_resp.table_infos.extend(answer.get_hosted_tables_resp.table_infos)
        elif answer.HasField("server_system_info_resp"):
            total, part = merged.server_system_info_resp, answer.server_system_info_resp
            total.heap_size += part.heap_size
            total.used_size += part.used_size
            total.cpu_time = min(total.cpu_time + part.cpu_time, 0xFFFFFFFF)
            total.cpu_time_epoch = max(total.cpu_time_epoch, part.cpu_time_epoch)
    return merged


def _source_view(request: bytes, head: Head) -> str | None:
    """The view a new table derives from. Only the data's tag is read: its body may be huge."""
    view = memoryview(request)[head.body_start : head.body_end]
    body = _field(view, 1)
    source = _field(body, 6) if body is not None else None
    return str(source, "utf-8") if source is not None else None


def _field(message: memoryview, number: int) -> memoryview | None:
    """The bytes of a length-delimited field. `scan` tells the last such field; ours are alone in their oneof."""
    at, size = 0, len(message)
    while at < size:
        key, at = _varint(message, at)
        if key & 7 != 2:
            return None
        length, at = _varint(message, at)
        if key >> 3 == number:
            return message[at : at + length]
        at += length
    return None


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(data):
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            break
        shift += 7
    return value, at
