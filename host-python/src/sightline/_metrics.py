"""Counters and timings of a server, as Python objects and as text for Prometheus.

Each engine thread writes its own `EngineMetrics`, so counting takes no lock; a reader may see a request half counted,
which monitoring can bear. `snapshot` puts them together with what the engine and the handlers know.
"""

from __future__ import annotations

import bisect
import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ._bulk import Bulk
from ._proto import sightline_pb2 as pb

__all__ = ["BUCKETS", "EngineMetrics", "ServerMetrics", "kind_of", "prometheus"]

BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of the timings' buckets, in seconds; a last one has no bound."""

_NAMES = {number: field.name.removesuffix("_req") for number, field in pb.Request.DESCRIPTOR.fields_by_number.items()}
UNKNOWN = "unknown"


def kind_of(request: bytes | Bulk) -> int:
    """The field number of a request's body, 0 if its head does not tell. O(1): only the head is read."""
    if isinstance(request, Bulk):
        return request.head.kind
    at = 0
    try:
        if request[at] == 0x08:
            at += 1
            while request[at] > 0x7F:
                at += 1
            at += 1
        if request[at] == 0x12:
            size = shift = 0
            while True:
                at += 1
                size |= (request[at] & 0x7F) << shift
                shift += 7
                if request[at] < 0x80:
                    break
            at += 1 + size
        key = request[at]
        if key > 0x7F:
            key = (key & 0x7F) | request[at + 1] << 7
    except IndexError:
        return 0
    return key >> 3 if key & 7 == 2 else 0


def kind_name(kind: int) -> str:
    """The name of a request by its number, such as "table_update"."""
    return _NAMES.get(kind, UNKNOWN)


class Timing:
    """A histogram of seconds."""

    __slots__ = ("buckets", "count", "seconds")

    def __init__(self) -> None:
        self.count = 0
        self.seconds = 0.0
        self.buckets = [0] * (len(BUCKETS) + 1)

    def add(self, seconds: float) -> None:
        self.count += 1
        self.seconds += seconds
        self.buckets[bisect.bisect_left(BUCKETS, seconds)] += 1

    def merge(self, other: Timing) -> None:
        self.count += other.count
        self.seconds += other.seconds
        self.buckets = [a + b for a, b in zip(self.buckets, other.buckets, strict=True)]

    def as_dict(self) -> dict[str, Any]:
        """`count`, `seconds` in all, and `buckets`: how many took at most so long, by upper bound."""
        total, buckets = 0, {}
        for bound, count in zip((*BUCKETS, float("inf")), self.buckets, strict=True):
            total += count
            buckets[bound] = total
        return {"count": self.count, "seconds": self.seconds, "buckets": buckets}


class EngineMetrics:
    """What one engine did. Written by its thread only."""

    def __init__(self) -> None:
        self.requests: dict[int, Timing] = {}
        self.waits = Timing()
        self.bytes_in = 0
        self.bytes_out = 0
        self.seconds = 0.0
        self._taken = 0.0

    def take_spent(self) -> float:
        """The seconds spent in requests since the last call."""
        spent, self._taken = self.seconds - self._taken, self.seconds
        return spent

    def add(self, kind: int, wait: float, spent: float, bytes_in: int, bytes_out: int) -> None:
        """Counts one request: how long it waited and ran, and its sizes."""
        timing = self.requests.get(kind)
        if timing is None:
            timing = self.requests[kind] = Timing()
        timing.add(spent)
        self.waits.add(wait)
        self.seconds += spent
        self.bytes_in += bytes_in
        self.bytes_out += bytes_out


class ServerMetrics:
    """What the handlers did: counters by name, from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counters: dict[str, int] = dict.fromkeys(
            (
                "connections_opened",
                "connections_closed",
                "connections_refused",
                "sessions_resumed",
                "slow_clients",
                "notices_merged",
                "messages_too_large",
                "edits_accepted",
                "edits_changed",
                "edits_rejected",
                "engine_restarts",
            ),
            0,
        )

    def add(self, name: str, n: int = 1) -> None:
        """Counts."""
        with self._lock:
            self._counters[name] += n

    def as_dict(self) -> dict[str, int]:
        """All counters."""
        with self._lock:
            return dict(self._counters)


def merged(engines: Iterable[EngineMetrics]) -> dict[str, Any]:
    """Requests, waits and bytes of all engines together."""
    requests: dict[int, Timing] = {}
    waits = Timing()
    bytes_in = bytes_out = 0
    for engine in engines:
        for kind, timing in list(engine.requests.items()):
            requests.setdefault(kind, Timing()).merge(timing)
        waits.merge(engine.waits)
        bytes_in += engine.bytes_in
        bytes_out += engine.bytes_out
    return {
        "requests": {kind_name(kind): timing.as_dict() for kind, timing in sorted(requests.items())},
        "queue_wait": waits.as_dict(),
        "bytes_in": bytes_in,
        "bytes_out": bytes_out,
    }


def _label(value: object) -> str:
    return str(value).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


class _Text:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def head(self, name: str, kind: str, what: str) -> None:
        self.lines += [f"# HELP sightline_{name} {what}", f"# TYPE sightline_{name} {kind}"]

    def value(self, name: str, value: float, **labels: object) -> None:
        inside = ",".join(f'{key}="{_label(label)}"' for key, label in labels.items())
        self.lines.append(f"sightline_{name}{{{inside}}} {value:g}" if inside else f"sightline_{name} {value:g}")

    def timing(self, name: str, timing: Mapping[str, Any], **labels: object) -> None:
        for bound, count in timing["buckets"].items():
            text = "+Inf" if bound == float("inf") else f"{bound:g}"
            self.value(f"{name}_bucket", count, **labels, le=text)
        self.value(f"{name}_sum", timing["seconds"], **labels)
        self.value(f"{name}_count", timing["count"], **labels)


_ENGINE_COUNTERS = {
    "errors": "requests that were answered by an error",
    "flushes": "changes of tables that were published",
    "steps": "steps of views' computations",
    "deltas_encoded": "deltas that were encoded; subscribers share them",
    "notifications": "notifications sent",
}
_TABLE_GAUGES = {
    "rows": "rows of a table",
    "bytes": "bytes of a table",
    "views": "views of a table",
    "view_bytes": "bytes of the computations of a table's views",
}


def prometheus(metrics: Mapping[str, Any]) -> str:
    """Metrics, as `Server.metrics` gives them, in the text format that Prometheus reads."""
    text = _Text()
    text.head("request_seconds", "histogram", "time that a request took in the engine, by kind")
    for kind, timing in metrics["requests"].items():
        text.timing("request_seconds", timing, kind=kind)
    text.head("queue_wait_seconds", "histogram", "time that a request waited for its engine")
    text.timing("queue_wait_seconds", metrics["queue_wait"])
    text.head("request_bytes_total", "counter", "bytes of requests")
    text.value("request_bytes_total", metrics["bytes_in"])
    text.head("response_bytes_total", "counter", "bytes of answers and notifications")
    text.value("response_bytes_total", metrics["bytes_out"])
    for name, count in metrics["handlers"].items():
        text.head(f"{name}_total", "counter", name.replace("_", " "))
        text.value(f"{name}_total", count)
    for name, what in (
        ("sessions", "open sessions"),
        ("connections", "open connections"),
        ("send_queue_bytes", "bytes that wait for clients"),
        ("send_queue_bytes_max", "bytes that wait for the client that reads slowest"),
    ):
        text.head(name, "gauge", what)
        text.value(name, metrics[name])
    engines: Sequence[Mapping[str, Any]] = metrics["engines"]
    for name, what in (
        ("queue_depth", "requests that wait for the engine"),
        ("memory_bytes", "bytes of linear memory"),
        ("memory_used_bytes", "bytes of linear memory that are in use"),
        ("engine_up", "1 while the engine works, 0 once it has failed"),
    ):
        text.head(name, "gauge", what)
        for number, engine in enumerate(engines):
            text.value(name, _gauge(engine, name), engine=number)
    for name, what in _ENGINE_COUNTERS.items():
        text.head(f"{name}_total", "counter", what)
        for number, engine in enumerate(engines):
            text.value(f"{name}_total", (engine["engine"] or {}).get(name, 0), engine=number)
    for name, what in _TABLE_GAUGES.items():
        text.head(f"table_{name}", "gauge", what)
        for engine in engines:
            for table in (engine["engine"] or {}).get("tables", ()):
                text.value(f"table_{name}", table.get(name, 0), table=table["name"])
    return "\n".join(text.lines) + "\n"


def _gauge(engine: Mapping[str, Any], name: str) -> float:
    match name:
        case "queue_depth":
            return float(engine["queue_depth"])
        case "memory_bytes":
            return float(engine["memory"])
        case "memory_used_bytes":
            return float((engine["engine"] or {}).get("used", 0))
        case _:
            return 0.0 if engine["failure"] else 1.0
