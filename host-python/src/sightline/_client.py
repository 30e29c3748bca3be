"""The synchronous client: `Client`, and how it runs plans.

A client is joined to a server by two callables: it hands requests to `handle_request`, and whoever transports answers
hands them to `Client.handle_response`. Every method may be called from any thread, also from inside a callback.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Future
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from . import _client_calls as calls
from ._bulk import Bulk
from ._exceptions import SightlineError
from ._exchange import Exchange, random_name
from ._plan import Ask, Nudge, Plan, Step, Subscribe, Unsubscribe
from ._proto import sightline_pb2 as pb
from ._session import Housekeeping

if TYPE_CHECKING:
    from typing import Self

    from ._server import Server
    from ._table import Table
    from ._view import View

__all__ = ["Client", "ClientBase", "entity_name"]

logger = logging.getLogger("sightline")

T = TypeVar("T")
HandleRequest = Callable[[Any], "Awaitable[object] | object"]


class ClientBase:
    """What the synchronous and the asynchronous client have in common: the exchange, and views dropped by the user."""

    takes_bulk = False
    """Whether requests go to a session of this process, which takes large ones in parts."""

    def __init__(self, handle_request: HandleRequest, name: str | None) -> None:
        if not callable(handle_request):
            raise TypeError(f"'{type(handle_request).__name__}' object is not callable (argument `handle_request`)")
        if name is not None and not isinstance(name, str):
            raise TypeError(f"'{type(name).__name__}' object is not an instance of 'str' (argument `name`)")
        self._handle_request = handle_request
        self._name = name if name is not None else random_name()
        self._exchange = Exchange()
        # Ids of views that were garbage collected; a finaliser may run anywhere, so it only leaves a note here.
        self._dropped_views: deque[str] = deque()
        # A set in which this client is kept alive while it has callbacks.
        self._keepers: set[ClientBase] | None = None
        self._has_expressions: bool | None = None

    def _keep(self) -> None:
        if self._keepers is not None:
            if self._exchange.has_subscriptions:
                self._keepers.add(self)
            else:
                self._keepers.discard(self)

    def _deletion_of_dropped_views(self) -> list[bytes | Bulk]:
        requests: list[bytes | Bulk] = []
        while self._dropped_views:
            step = Ask(self._dropped_views.popleft(), "view_delete_req", pb.ViewDeleteReq())
            requests.append(self._exchange.open(step, lambda _: None)[1])
        return requests


class Client(ClientBase):
    """A connection to a server: makes and opens tables.

    Args:
        handle_request: called with the bytes of each request; must bring them to a server. It may return an awaitable,
            which is then awaited on a private event loop.
        close_cb: called by `terminate`.
        name: a name for log lines.

    Example:
        >>> import sightline
        >>> server = sightline.Server()
        >>> client = server.new_local_client()
        >>> client.table({"x": [1, 2, 3]}, name="numbers").size()
        3
        >>> server.close()
    """

    def __init__(
        self,
        handle_request: HandleRequest,
        close_cb: Callable[[], object] | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(handle_request, name)
        self._close_cb = close_cb

    @staticmethod
    def from_server(server: Server) -> Client:
        """A client in the same process as `server`; the same as `Server.new_local_client`.

        Raises:
            TypeError: `server` is not a `Server`.
        """
        from ._server import Server

        if not isinstance(server, Server):
            raise TypeError(f"'{type(server).__name__}' object is not an instance of 'Server' (argument `server`)")
        return server.new_local_client()

    def handle_response(self, response: bytes) -> bool:
        """Takes one message from the server.

        Args:
            response: the bytes of the message.

        Returns:
            Whether somebody waited for it.

        Raises:
            PerspectiveError: the bytes are not a response.
        """
        if not isinstance(response, (bytes, bytearray, memoryview)):
            raise TypeError(f"'{type(response).__name__}' object is not an instance of 'bytes' (argument `response`)")
        return self._exchange.deliver(bytes(response))

    def table(
        self,
        input: Any,
        limit: int | None = None,
        index: str | None = None,
        name: str | None = None,
        format: str | None = None,
        page_to_disk: bool | None = None,
        list_flatten: str | None = None,
        schema: Mapping[str, Any] | None = None,
    ) -> Table:
        """Makes a table.

        Args:
            input: a list of dicts, a dict of lists, a dict of numpy arrays, a schema `{name: type}`, CSV text, Arrow
                bytes, a pyarrow, pandas or Polars object, anything with `__arrow_c_stream__`, or a `View`. A view of
                this client gives a live read-only table, a view of another client a copy that is kept in sync.
            limit: keep only the last `limit` rows.
            index: the column that identifies a row; an update with a known value changes its row.
            name: a name by which others open the table; random if not given.
            format: of text or bytes: "csv", "json" (rows), "columns", "ndjson" or "arrow".
            page_to_disk: keep the table's data on disk, where the server can.
            list_flatten: what to do with nested lists: "zip", "cartesian" or "stringify".
            schema: column types of a table made from a view.

        Raises:
            PerspectiveError: the server refuses. TypeError: no kind of input. ValueError: `limit` with `index`.

        Example:
            >>> import sightline
            >>> with sightline.Server() as server:
            ...     table = server.new_local_client().table({"x": "integer"}, limit=2)
            ...     table.update([{"x": 1}, {"x": 2}, {"x": 3}])
            ...     table.view().to_columns()
            {'x': [2, 3]}
        """
        from ._table import Table

        options = calls.table_options(limit, index, name, page_to_disk, list_flatten, schema)
        source = _as_view(input)
        if source is None:
            return Table._open(self, self._run(calls.make_table(input, format, options)))
        if source._client is self:
            table = Table._open(self, self._run(calls.derive_table(source._id, options)))
            source._pin()
            return table
        from ._view import follow

        return follow(self, source, options)

    def open_table(self, name: str) -> Table:
        """Opens a table that exists on the server.

        Raises:
            PerspectiveError: there is no such table.
        """
        from ._table import Table

        return Table._open(self, self._run(calls.open_table(name)))

    def join(
        self,
        left: Table | str,
        right: Table | str,
        on: str,
        join_type: str | None = None,
        name: str | None = None,
        right_on: str | None = None,
    ) -> Table:
        """Makes a live, read-only join of two tables of this server.

        Args:
            left, right: tables or their names.
            on: the key column; of the left table, if `right_on` is given.
            join_type: "inner" (default), "left" or "outer".
            name: the new table's name.
            right_on: the key column of the right table, where its name differs.

        Raises:
            TypeError: neither table nor name. ValueError: unknown `join_type`. PerspectiveError: the server refuses.
        """
        from ._table import Table

        plan = calls.join(entity_name(left), entity_name(right), on, join_type, name, right_on)
        return Table._open(self, self._run(plan))

    def get_hosted_table_names(self) -> list[str]:
        """The names of all tables on the server, in no particular order."""
        return self._run(calls.hosted_table_names())

    def on_hosted_tables_update(self, callback: Callable[[], object]) -> int:
        """Calls `callback()` whenever a table appears or goes.

        Returns:
            An id for `remove_hosted_tables_update`.
        """
        return self._run(calls.on_hosted_tables_update(callback), owner=self)

    def remove_hosted_tables_update(self, callback_id: int) -> None:
        """Undoes `on_hosted_tables_update`.

        Raises:
            PerspectiveError: there is no such callback.
        """
        self._run(calls.remove_hosted_tables_update(callback_id))

    def system_info(self) -> dict[str, Any]:
        """Memory and processor time of the engine.

        Returns:
            `heap_size` and `used_size` in bytes, `cpu_time` and `cpu_time_epoch` in milliseconds since the last call,
            `timestamp` in milliseconds since 1970, and `client_heap` and `client_used`, which are None in Python.
        """
        return self._run(calls.system_info())

    def terminate(self) -> None:
        """Calls `close_cb`, if one was given."""
        if self._close_cb is not None:
            self._close_cb()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.terminate()

    def __repr__(self) -> str:
        return f"<sightline.{type(self).__name__} {self._name}>"

    def _run(self, plan: Plan[T], owner: object = None) -> T:
        """Runs a plan, blocking at each step; a failed step is raised inside the plan first."""
        self._sweep()
        try:
            step = next(plan)
            while True:
                try:
                    result = self._step(step, owner)
                except Exception as error:
                    step = plan.throw(error)
                else:
                    step = plan.send(result)
        except StopIteration as stop:
            value: T = stop.value
            return value

    def _step(self, step: Step, owner: object) -> Any:
        if isinstance(step, Unsubscribe):
            known = self._exchange.forget(step.id)
            self._keep()
            return known
        if isinstance(step, Subscribe):
            msg_id, subscription, data = self._exchange.subscribe(step, owner)
            self._send(msg_id, data)
            if subscription.error is not None:
                self._exchange.forget(msg_id)
                raise subscription.error
            self._keep()
            return msg_id
        reply: Future[pb.Response] = Future()
        msg_id, data = self._exchange.open(step, reply.set_result)
        self._send(msg_id, data)
        if isinstance(step, Nudge) and not reply.done():
            return None
        return reply.result()

    def _send(self, msg_id: int, data: bytes | Bulk) -> None:
        try:
            result = self._handle_request(data if self.takes_bulk else bytes(data))
            if inspect.isawaitable(result):
                asyncio.run(_wait_for(result))
        except SightlineError:
            self._exchange.forget(msg_id)
            raise
        except Exception as error:
            self._exchange.forget(msg_id)
            raise SightlineError(f"Unknown error: {type(error).__name__}: {error}") from error

    def _sweep(self) -> None:
        """Deletes views that were garbage collected."""
        if self._dropped_views:
            for data in self._deletion_of_dropped_views():
                try:
                    self._send(0, Housekeeping(bytes(data)))
                except SightlineError:
                    logger.debug("a dropped view could not be deleted", exc_info=True)


def entity_name(table: object) -> str:
    """The name of a table given as an object or by name.

    Raises:
        TypeError: it is neither.
    """
    from ._table import TableBase

    if isinstance(table, str):
        return table
    if isinstance(table, TableBase):
        return table._info.name
    raise TypeError("Expected a Table or string table name")


def _as_view(input: object) -> View | None:
    from ._view import View, ViewBase

    if isinstance(input, ViewBase) and not isinstance(input, View):
        raise TypeError("an AsyncView makes a table through an AsyncClient")
    return input if isinstance(input, View) else None


async def _wait_for(result: Awaitable[object]) -> None:
    await result
