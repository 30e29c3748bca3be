"""Matches responses with the requests they answer.

One `Exchange` belongs to one client. It gives out message ids, remembers who waits for which, and hands each incoming
message to its handler: one-shot handlers first, then subscriptions. It holds no lock while a handler runs, so a handler
may send further requests.
"""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable
from typing import Any

from google.protobuf.message import DecodeError

from ._bulk import Bulk, BulkResponse, Carrying, encode
from ._exceptions import SightlineError
from ._plan import Ask, Subscribe, response_error
from ._proto import sightline_pb2 as pb
from ._wire import kind_number, scan

__all__ = ["Exchange", "Subscription", "random_name"]

logger = logging.getLogger("sightline")

_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

Reply = Callable[[Any], object]
RawReply = Callable[[bytes], None]


def random_name() -> str:
    """A name for a table or a view: 21 random letters, as every client of the protocol makes them."""
    return "".join(secrets.choice(_LETTERS) for _ in range(21))


class Subscription:
    """One persistent handler; `error` is what the server answered to the request itself, if it refused."""

    __slots__ = ("_notify", "error", "once", "owner")

    def __init__(self, notify: Reply, once: bool, owner: object) -> None:
        self._notify = notify
        self.once = once
        # Held so that a view whose only trace is a callback is not deleted by its finaliser.
        self.owner = owner
        self.error: SightlineError | None = None

    def receive(self, response: pb.Response) -> None:
        """Runs the user's callback; an exception in it is logged, because the thread that runs it is not its
        owner's.
        """
        if response.WhichOneof("client_resp") == "server_error":
            self.error = response_error(response)
            logger.debug("subscription refused: %s", self.error)
            return
        try:
            self._notify(response)
        except Exception:
            logger.warning("exception in a callback", exc_info=True)


class Exchange:
    """Message ids, pending requests and subscriptions of one client."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._replies: dict[int, Reply] = {}
        self._subscriptions: dict[int, Subscription] = {}
        self._forwards: dict[int, tuple[RawReply, bool]] = {}
        # A full-period generator over 32 bits: ids are random-looking (clients may share a session through a proxy
        # without renumbering) and do not repeat before all were used.
        self._id = secrets.randbits(32)
        self._increment = secrets.randbits(32) | 1

    def next_id(self) -> int:
        """A message id that no request in flight has; never 0."""
        with self._lock:
            while True:
                self._id = (self._id * 0x915F77F5 + self._increment) & 0xFFFFFFFF
                if self._id and self._id not in self._replies and self._id not in self._subscriptions:
                    return self._id

    def open(self, step: Ask, reply: Reply) -> tuple[int, bytes | Bulk]:
        """Registers who waits for the answer of `step`; gives the message id and the bytes to send."""
        msg_id = self.next_id()
        data = _encode(msg_id, step)
        self._replies[msg_id] = reply
        return msg_id, data

    def subscribe(self, step: Subscribe, owner: object = None) -> tuple[int, Subscription, bytes | Bulk]:
        """Registers the callback of `step`, which keeps `owner` alive; gives the subscription and the bytes to send."""
        msg_id = self.next_id()
        data = _encode(msg_id, step)
        subscription = Subscription(step.notify, step.once, owner)
        self._subscriptions[msg_id] = subscription
        return msg_id, subscription, data

    def forward(self, msg_id: int, reply: RawReply, persistent: bool) -> None:
        """Hands messages for `msg_id`, which another client chose, on as they are."""
        self._forwards[msg_id] = (reply, persistent)

    def forget(self, msg_id: int) -> bool:
        """Drops whoever waits for `msg_id`; False if nobody did."""
        subscription = self._subscriptions.pop(msg_id, None)
        reply = self._replies.pop(msg_id, None)
        forward = self._forwards.pop(msg_id, None)
        return not (subscription is None and reply is None and forward is None)

    def forget_owner(self, owner: object) -> None:
        """Drops all subscriptions of a view or table that was deleted."""
        for msg_id, subscription in list(self._subscriptions.items()):
            if subscription.owner is owner:
                self._subscriptions.pop(msg_id, None)

    @property
    def has_subscriptions(self) -> bool:
        """Whether any callback is registered."""
        return bool(self._subscriptions)

    def deliver(self, data: bytes | Bulk) -> bool:
        """Hands one incoming message to whoever waits for it; False if nobody does.

        Raises:
            SightlineError: `data` is not a response.
        """
        if not data:
            return False
        msg_id = (data.head if isinstance(data, Bulk) else scan(data)).msg_id
        forward = self._forwards.get(msg_id)
        if forward is not None:
            raw_reply, persistent = forward
            if not persistent:
                self._forwards.pop(msg_id, None)
            raw_reply(bytes(data))
            return True
        reply = self._replies.pop(msg_id, None)
        subscription = None if reply is not None else self._subscriptions.get(msg_id)
        if reply is None and subscription is None:
            logger.debug("no handler for message %d", msg_id)
            return False
        try:
            response = BulkResponse(data) if isinstance(data, Bulk) else pb.Response.FromString(data)
        except DecodeError as error:
            raise SightlineError(f"Undecipherable server message {error}") from None
        if reply is not None:
            reply(response)
        elif subscription is not None:
            if subscription.once:
                self._subscriptions.pop(msg_id, None)
            if isinstance(response, pb.Response):
                subscription.receive(response)
        return True

    def fail_all(self, message: str) -> None:
        """Answers every pending request with a transport error and drops all subscriptions: the connection is gone."""
        replies, self._replies = self._replies, {}
        self._subscriptions.clear()
        self._forwards.clear()
        error = pb.ServerError(message=message, status_code=pb.TRANSPORT_ERROR)
        for msg_id, reply in replies.items():
            reply(pb.Response(msg_id=msg_id, server_error=error))


def _encode(msg_id: int, step: Ask) -> bytes | Bulk:
    request = pb.Request(msg_id=msg_id, entity_id=step.entity)
    if isinstance(step.message, Carrying):
        return encode(request.SerializeToString(), kind_number(step.kind), step.message)
    getattr(request, step.kind).MergeFrom(step.message)
    getattr(request, step.kind).SetInParent()
    data: bytes = request.SerializeToString()
    return data
