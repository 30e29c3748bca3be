"""What the run asks of an engine.

`prepare` loads the table once; the other methods do one piece of work and return a function that closes it, and a
digest of the answer. Only the work is timed, the closing is not.

Digests: of a grouped query a dict `"key|key" -> values` of the first groups of full depth; of a flat query a list of
rows; of anything else a number (rows or bytes).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from ..data import Files
from ..work import Load, Output, Query, Stream

Done = tuple[Callable[[], None], Any]


class Engine(Protocol):
    """An engine under measurement, in a process of its own."""

    def version(self) -> str: ...
    def prepare(self, files: Files) -> None: ...
    def start(self) -> Done: ...
    def query(self, query: Query) -> Done: ...
    def load(self, load: Load) -> Callable[[], Done]: ...
    def stream(self, stream: Stream) -> Callable[[], Done]: ...
    def output(self, output: Output) -> Callable[[], Done]: ...


class UnsupportedError(Exception):
    """The engine has no such work."""


def key(path: list[Any]) -> str:
    """A group path as text."""
    return "|".join(map(str, path))


def nothing() -> None:
    """Nothing to close."""
