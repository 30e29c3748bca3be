"""`ProxySession`: lets another client reach the server through a client that is connected already.

Requests are forwarded with the message ids their maker chose, which are random so that this works. Notebook widgets use
it to carry the front end's client through the kernel's.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any

from ._client import Client, ClientBase
from ._exceptions import SessionClosedError
from ._proto import sightline_pb2 as pb
from ._session import read_bytes
from ._wire import Head, kind_number, scan

if TYPE_CHECKING:
    from typing import Self

__all__ = ["ProxySession"]

_SUBSCRIPTIONS = {kind_number(f"{kind}_req") for kind in ("view_on_update", "view_on_remove")}
_HOSTED = kind_number("get_hosted_tables_req")
_MAKE_VIEW = kind_number("table_make_view_req")
_VIEW_DELETE = kind_number("view_delete_req")


class ProxySession:
    """A session that goes through `client`.

    Args:
        client: the client to forward through.
        handle_request: called with the bytes of each response (the name is the reference's).

    Example:
        >>> import sightline
        >>> server = sightline.Server()
        >>> inner = sightline.Client(lambda data: proxy.handle_request(data))
        >>> proxy = sightline.ProxySession(server.new_local_client(), inner.handle_response)
        >>> inner.get_hosted_table_names()
        []
        >>> server.close()
    """

    def __init__(self, client: ClientBase, handle_request: Callable[[bytes], object]) -> None:
        if not isinstance(client, ClientBase):
            raise TypeError(f"'{type(client).__name__}' object is not an instance of 'Client' (argument `client`)")
        if not callable(handle_request):
            raise TypeError(f"'{type(handle_request).__name__}' object is not callable (argument `handle_request`)")
        self._client = client
        self._respond = handle_request
        self._views: set[str] = set()
        self._closed = False
        self._tasks: set[asyncio.Future[Any]] = set()
        # The loop that answers are given out on, once requests came from one.
        self._loop: asyncio.AbstractEventLoop | None = None

    def handle_request(self, data: bytes) -> None:
        """Forwards one request.

        Raises:
            TypeError: no bytes. PerspectiveError: `data` is no request, or the transport failed.
        """
        if not isinstance(self._client, Client):
            raise TypeError("a ProxySession over an AsyncClient takes requests by `handle_request_async`")
        msg_id, request = self._register(data)
        self._client._send(msg_id, request)

    async def handle_request_async(self, data: bytes) -> None:
        """Forwards one request; with a synchronous client, on a thread of the loop's executor. Answers are given out
        on the loop.
        """
        self._loop = asyncio.get_running_loop()
        client: Any = self._client
        if isinstance(client, Client):
            await asyncio.to_thread(self.handle_request, data)
            return
        msg_id, request = self._register(data)
        await client._send(msg_id, request)

    def close(self) -> None:
        """Deletes the views that were made through this session; harmless when it is closed already."""
        if self._closed:
            return
        self._closed = True
        views, self._views = self._views, set()
        for view in views:
            self._client._dropped_views.append(view)
        if isinstance(self._client, Client):
            self._client._sweep()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _register(self, data: bytes) -> tuple[int, bytes]:
        if self._closed:
            raise SessionClosedError("Session already deleted: the proxy was closed")
        request = bytes(read_bytes(data))
        head = scan(request)
        self._note_views(head, request)
        self._client._exchange.forward(head.msg_id, self._answer, _is_subscription(head, request))
        return head.msg_id, request

    def _note_views(self, head: Head, request: bytes) -> None:
        if head.kind == _MAKE_VIEW:
            body = pb.TableMakeViewReq.FromString(request[head.body_start : head.body_end])
            self._views.add(body.view_id)
        elif head.kind == _VIEW_DELETE:
            self._views.discard(head.entity_id)

    def _answer(self, data: bytes) -> None:
        if self._loop is None or self._loop is asyncio._get_running_loop():
            self._give_out(data)
        else:
            self._loop.call_soon_threadsafe(self._give_out, data)

    def _give_out(self, data: bytes) -> None:
        result = self._respond(data)
        if inspect.isawaitable(result):
            task = asyncio.ensure_future(result)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)


def _is_subscription(head: Head, request: bytes) -> bool:
    if head.kind in _SUBSCRIPTIONS:
        return True
    if head.kind != _HOSTED:
        return False
    return pb.GetHostedTablesReq.FromString(request[head.body_start : head.body_end]).subscribe
