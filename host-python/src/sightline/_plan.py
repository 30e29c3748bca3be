"""Operations of the API as plans: what to ask, and what to make of the answer, without saying how bytes travel.

A plan is a generator that yields steps and is sent their results. `Client` runs plans by blocking, `AsyncClient` by
awaiting; the two share everything else. A step is one of

- `Ask`: send a request, get its `Response`;
- `Nudge`: send a request whose answer may come much later, get the `Response` if it is already there, else None;
- `Subscribe`: send a request that is answered by notifications, get the subscription's id;
- `Unsubscribe`: forget a subscription, get whether it existed.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, TypeVar

from google.protobuf.message import Message

from ._bulk import BulkResponse, Carrying
from ._exceptions import SightlineError, TransportError, ViewNotFoundError
from ._proto import sightline_pb2 as pb

__all__ = ["Ask", "Nudge", "Plan", "Step", "Subscribe", "Unsubscribe", "ask", "check", "response_error"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Ask:
    """One request, addressed to a table, a view or (with "") the server; `kind` is the name of its envelope field."""

    entity: str
    kind: str
    message: Message | Carrying


@dataclass(frozen=True, slots=True)
class Nudge(Ask):
    """A request whose answer is taken if it is there when the request was handed over, and not waited for."""


@dataclass(frozen=True, slots=True)
class Subscribe(Ask):
    """A request that is answered by notifications, each given to `notify`; `once`: there is at most one."""

    notify: Callable[[pb.Response], object]
    once: bool = False


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """Forgets a subscription."""

    id: int


Step = Ask | Unsubscribe
Plan = Generator[Step, Any, T]


def ask(entity: str, kind: str, message: Message | Carrying) -> Plan[Any]:
    """Asks, and gives the body of the answer.

    Raises:
        SightlineError: the server answered with an error, or with something else than was asked.
    """
    response: pb.Response | BulkResponse = yield Ask(entity, kind, message)
    return check(response, kind)


def check(response: pb.Response | BulkResponse, kind: str) -> Any:
    """The body of an answer to a request of `kind`, or the error it carries."""
    got = response.WhichOneof("client_resp")
    if got == "server_error" and isinstance(response, pb.Response):
        raise response_error(response)
    expected = kind.removesuffix("_req") + "_resp"
    if got != expected:
        raise SightlineError(f"Unexpected response {got}, expected {expected}")
    return getattr(response, expected)


def response_error(response: pb.Response) -> SightlineError:
    """The exception for a `server_error`."""
    error = response.server_error
    if error.status_code == pb.VIEW_NOT_FOUND:
        return ViewNotFoundError("View not found")
    if error.status_code == pb.TRANSPORT_ERROR:
        return TransportError(f"Transport error: {error.message}")
    return SightlineError(f"Abort(): {error.message}")
