"""Window keyword arguments of the output methods (`start_row`, `end_col`, ...), to the wire.

Unknown keys are ignored here, as the reference does.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ._proto import sightline_pb2 as pb

__all__ = ["read_compression", "read_edge", "read_flags", "read_viewport"]

_EDGES = ("start_row", "start_col", "end_row", "end_col")
_FLAGS = ("id", "index", "formatted")
_MAX = 0xFFFFFFFF


def read_viewport(window: Mapping[str, Any]) -> pb.ViewPort:
    """The part of the view that is asked for; floats are rounded outwards, negative numbers count as 0.

    Raises:
        TypeError: an edge is not a number.
    """
    viewport = pb.ViewPort()
    for name in _EDGES:
        edge = read_edge(window, name)
        if edge is not None:
            setattr(viewport, name, edge)
    # Presence alone decides in a server that speaks both dialects, so an explicit False is not sent.
    if window.get("machine_column_names"):
        viewport.machine_column_names = True
    return viewport


def read_edge(window: Mapping[str, Any], name: str) -> int | None:
    """One edge of the viewport, None when it is not given."""
    value = window.get(name)
    if value is None:
        return None
    if isinstance(value, str) or not (hasattr(value, "__float__") or hasattr(value, "__index__")):
        raise TypeError(f"must be real number, not {type(value).__name__} (argument `{name}`)")
    number = float(value)
    if math.isnan(number) or number <= 0:
        return 0
    if number >= _MAX:
        return _MAX
    return math.floor(number) if name.startswith("start") else math.ceil(number)


def read_flags(window: Mapping[str, Any]) -> dict[str, bool]:
    """The `id`, `index` and `formatted` flags that are given."""
    return {name: bool(window[name]) for name in _FLAGS if window.get(name) is not None}


def read_compression(window: Mapping[str, Any]) -> str | None:
    """The body compression of Arrow output.

    Raises:
        TypeError: it is not a text.
    """
    value = window.get("compression")
    if value is not None and not isinstance(value, str):
        raise TypeError(
            f"unexpected type: '{type(value).__name__}' object is not an instance of 'str' (argument `compression`)"
        )
    return value
