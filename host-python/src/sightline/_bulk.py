"""Large messages in parts, so that their payload is copied once on its way into the engine and once on its way out.

A table's data and a view's rows can be hundreds of megabytes, and a protobuf message of them would be copied at every
level it is nested in. Between a client and an engine of the same process such a message travels as a `Bulk`: a small
head, serialized, and the payload as it is. Everybody else gets its bytes, which are those of the plain message.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, Literal, NamedTuple

from google.protobuf.message import Message

from ._wire import Head, scan

__all__ = ["Bulk", "BulkResponse", "Carrying", "TableData", "encode", "split"]

_FORMATS = {"csv": 2, "arrow": 3, "rows": 4, "columns": 5, "ndjson": 7}
_ANSWERS = {
    16: ("view_to_arrow_resp", "arrow"),
    24: ("view_to_columns_string_resp", "json_string"),
    25: ("view_to_csv_resp", "csv"),
    26: ("view_to_rows_string_resp", "json_string"),
    36: ("view_to_ndjson_string_resp", "ndjson_string"),
}
LARGE = 1 << 16
"""From this size on it pays to keep a payload apart."""


class TableData(NamedTuple):
    """What `MakeTableData` says, for data that may be large."""

    format: Literal["csv", "arrow", "rows", "columns", "ndjson"]
    payload: bytes

    @classmethod
    def of_text(cls, format: Literal["csv", "rows", "columns", "ndjson"], text: str) -> TableData:
        """Data given as text."""
        return cls(format, text.encode())


class Carrying(NamedTuple):
    """A request of which field 1 is table data; `message` has the other fields."""

    message: Message
    data: TableData


class Bulk:
    """A message in two parts, of which the second is large."""

    __slots__ = ("_tail", "head", "payload", "start")

    def __init__(self, start: bytes, payload: bytes, tail: bytes, head: Head) -> None:
        self.start = start
        self.payload = payload
        self._tail = tail
        self.head = head

    @property
    def parts(self) -> tuple[bytes, bytes, bytes]:
        """The message is these, one after the other."""
        return self.start, self.payload, self._tail

    def __len__(self) -> int:
        return len(self.start) + len(self.payload) + len(self._tail)

    def __bytes__(self) -> bytes:
        return b"".join(self.parts)


class BulkResponse:
    """An answer that is one large field; to be read like a `Response`."""

    def __init__(self, bulk: Bulk) -> None:
        self._kind, self._field = _ANSWERS[bulk.head.kind]
        self._payload = bulk.payload

    def WhichOneof(self, _group: str) -> str:  # noqa: N802 - the name that protobuf gives it
        """The name of the body."""
        return self._kind

    def __getattr__(self, name: str) -> Any:
        if name != self._kind:
            raise AttributeError(name)
        value = self._payload if self._field == "arrow" else str(self._payload, "utf-8")
        return SimpleNamespace(**{self._field: value})


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _field(number: int, size: int) -> bytes:
    """The key and length in front of a field of bytes."""
    return _varint(number << 3 | 2) + _varint(size)


def encode(envelope: bytes, kind: int, body: Carrying) -> Bulk | bytes:
    """A request: its serialized envelope without a body, the body's field number, and the body."""
    payload = body.data.payload
    data = _field(_FORMATS[body.data.format], len(payload))
    tail = body.message.SerializeToString()
    inner = _field(1, len(data) + len(payload)) + data
    start = envelope + _field(kind, len(inner) + len(payload) + len(tail)) + inner
    if len(payload) < LARGE:
        return start + payload + tail
    size = len(start) + len(payload) + len(tail)
    head = scan(envelope)._replace(kind=kind, body_start=size - len(inner) - len(payload) - len(tail), body_end=size)
    return Bulk(start, payload, tail, head)


def split(message: memoryview) -> tuple[int, Head] | None:
    """Where the payload of a large answer starts, and its head; None if it is not of the kind that has one.

    The payload is the last thing in the message, because a body is the last field and these bodies have one field.
    """
    head = scan(message)
    if head.kind not in _ANSWERS or head.body_end != len(message) or message[head.body_start] != 1 << 3 | 2:
        return None
    at = head.body_start + 1
    while message[at] > 0x7F:
        at += 1
    return at + 1, head
