"""Reads the head of a protocol message without decoding its body.

Requests and responses share one envelope: `msg_id` = 1, `entity_id` = 2, and one body whose field number tells its
kind. Routing needs only the head, and a body can be hundreds of megabytes, so the scan steps over it. O(number of
fields).
"""

from __future__ import annotations

from typing import NamedTuple

from ._exceptions import SightlineError

__all__ = ["Head", "kind_number", "scan"]

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


class Head(NamedTuple):
    """The envelope of a message; `kind` is the body's field number, 0 without a body."""

    msg_id: int
    entity_id: str
    kind: int
    body_start: int
    body_end: int


def scan(data: bytes | memoryview) -> Head:
    """Reads the envelope of `data`.

    Raises:
        SightlineError: `data` is not a protobuf message.
    """
    msg_id, entity_id, kind, start, end = 0, "", 0, 0, 0
    at, size = 0, len(data)
    try:
        while at < size:
            key, at = _varint(data, at)
            field, wire_type = key >> 3, key & 7
            if wire_type == _BYTES:
                length, at = _varint(data, at)
                stop = at + length
                if stop > size:
                    raise IndexError
                if field == 2:
                    entity_id = str(data[at:stop], "utf-8")
                elif field > 2:
                    kind, start, end = field, at, stop
                at = stop
            elif wire_type == _VARINT:
                value, at = _varint(data, at)
                if field == 1:
                    msg_id = value & 0xFFFFFFFF
            elif wire_type in {_FIXED64, _FIXED32}:
                at += 8 if wire_type == _FIXED64 else 4
            else:
                raise IndexError
    except (IndexError, UnicodeDecodeError):
        raise SightlineError(f"Undecipherable message: no protobuf at byte {at} of {size}") from None
    return Head(msg_id, entity_id, kind, start, end)


def _varint(data: bytes | memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise IndexError


def kind_number(request_field: str) -> int:
    """The field number of a request such as `"view_on_update_req"`."""
    from ._proto.sightline_pb2 import Request

    return Request.DESCRIPTOR.fields_by_name[request_field].number
