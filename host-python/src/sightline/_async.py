"""The asynchronous API: `AsyncServer`, `AsyncClient`, `AsyncTable`, `AsyncView`.

The same plans as the synchronous API, awaited. An answer may arrive on any thread; whoever awaits it is woken on its
own loop. Callbacks are plain functions and run where the message that triggers them is handled, for an `AsyncServer`
on the
loop.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from . import _client_calls as client_calls
from . import _table_calls as table_calls
from . import _view_calls as view_calls
from ._bulk import Bulk
from ._client import ClientBase, entity_name
from ._exceptions import SightlineError
from ._frames import to_pandas, to_polars
from ._plan import Ask, Nudge, Plan, Step, Subscribe, Unsubscribe
from ._proto import sightline_pb2 as pb
from ._server import ServerCore
from ._session import OWN_DIALECT, AsyncSession, Permissions, RowFilter, session_options
from ._table import TableBase
from ._view import ViewBase

if TYPE_CHECKING:
    from typing import Self

__all__ = ["AsyncClient", "AsyncServer", "AsyncTable", "AsyncView"]

logger = logging.getLogger("sightline")

T = TypeVar("T")
Scalar = str | float | bool | None


class AsyncServer(ServerCore):
    """A `Server` for one event loop. Takes the arguments of `Server`.

    Example:
        >>> import asyncio, sightline
        >>> async def main():
        ...     async with sightline.AsyncServer() as server:
        ...         client = server.new_local_client()
        ...         table = await client.table({"x": [1, 2]})
        ...         return await table.size()
        >>> asyncio.run(main())
        2
    """

    def new_session(
        self,
        response_cb: Callable[[bytes], Awaitable[object]],
        *,
        permissions: Permissions = None,
        row_filter: RowFilter | None = None,
    ) -> AsyncSession:
        """Opens a session; `response_cb` is awaited with the bytes of each outgoing message. Otherwise as `Server`."""
        if not callable(response_cb):
            raise TypeError(f"'{type(response_cb).__name__}' object is not callable (argument `response_cb`)")
        return AsyncSession(self, response_cb, session_options(permissions, row_filter))

    def new_local_client(self) -> AsyncClient:
        """An asynchronous client in this process."""
        session = AsyncSession(self, _nobody, OWN_DIALECT)
        client = AsyncClient(session.handle_request)
        client._keepers = self._keepers
        session._response_cb = client.handle_response
        return client

    async def poll(self) -> None:
        """Processes changed tables and gives their notifications out."""
        for future in self._submit_polls():
            for session in await asyncio.wrap_future(future):
                if isinstance(session, AsyncSession) and session._loop is asyncio.get_running_loop():
                    await session._drain_and_log(future)
                else:
                    session._hand_out(future)

    def close(self) -> None:
        """Ends the engines; harmless when it is closed already."""
        self._shut_down()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class AsyncClient(ClientBase):
    """An asynchronous client.

    Args:
        handle_request: called with the bytes of each request, and awaited if it returns an awaitable.
        handle_close: called by `terminate`.
        name: a name for log lines.
    """

    def __init__(
        self,
        handle_request: Callable[[bytes], Awaitable[object] | object],
        handle_close: Callable[[], object] | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(handle_request, name)
        self._handle_close = handle_close

    async def handle_response(self, bytes: bytes) -> bool:
        """Takes one message from the server; as `Client.handle_response`."""
        return self._exchange.deliver(bytes)

    async def table(
        self,
        input: Any,
        limit: int | None = None,
        index: str | None = None,
        name: str | None = None,
        format: str | None = None,
        page_to_disk: bool | None = None,
        list_flatten: str | None = None,
        schema: Mapping[str, Any] | None = None,
    ) -> AsyncTable:
        """Makes a table; as `Client.table`."""
        options = client_calls.table_options(limit, index, name, page_to_disk, list_flatten, schema)
        if not isinstance(input, ViewBase):
            return AsyncTable._open(self, await self._run(client_calls.make_table(input, format, options)))
        if not isinstance(input, AsyncView):
            raise TypeError("a View makes a table through a Client, not through an AsyncClient")
        if input._client is self:
            table = AsyncTable._open(self, await self._run(client_calls.derive_table(input._id, options)))
            input._pin()
            return table
        return await _follow(self, input, options)

    async def open_table(self, name: str) -> AsyncTable:
        """Opens a table that exists; as `Client.open_table`."""
        return AsyncTable._open(self, await self._run(client_calls.open_table(name)))

    async def join(
        self,
        left: AsyncTable | str,
        right: AsyncTable | str,
        on: str,
        join_type: str | None = None,
        name: str | None = None,
        right_on: str | None = None,
    ) -> AsyncTable:
        """Makes a live join of two tables; as `Client.join`."""
        plan = client_calls.join(entity_name(left), entity_name(right), on, join_type, name, right_on)
        return AsyncTable._open(self, await self._run(plan))

    async def get_hosted_table_names(self) -> list[str]:
        """The names of all tables on the server."""
        return await self._run(client_calls.hosted_table_names())

    async def on_hosted_tables_update(self, callback_py: Callable[[], object]) -> int:
        """Calls `callback_py()` whenever a table appears or goes; gives an id."""
        return await self._run(client_calls.on_hosted_tables_update(callback_py), owner=self)

    async def remove_hosted_tables_update(self, id: int) -> None:
        """Undoes `on_hosted_tables_update`."""
        await self._run(client_calls.remove_hosted_tables_update(id))

    async def system_info(self) -> dict[str, Any]:
        """Memory and processor time; as `Client.system_info`."""
        return await self._run(client_calls.system_info())

    def terminate(self) -> None:
        """Calls `handle_close`, if one was given."""
        if self._handle_close is not None:
            self._handle_close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.terminate()

    def __repr__(self) -> str:
        return f"<sightline.{type(self).__name__} {self._name}>"

    async def _run(self, plan: Plan[T], owner: object = None) -> T:
        """Runs a plan, awaiting each step; a failed step is raised inside the plan first."""
        await self._sweep()
        try:
            step = next(plan)
            while True:
                try:
                    result = await self._step(step, owner)
                except Exception as error:
                    step = plan.throw(error)
                else:
                    step = plan.send(result)
        except StopIteration as stop:
            value: T = stop.value
            return value

    async def _step(self, step: Step, owner: object) -> Any:
        if isinstance(step, Unsubscribe):
            known = self._exchange.forget(step.id)
            self._keep()
            return known
        if isinstance(step, Subscribe):
            msg_id, subscription, data = self._exchange.subscribe(step, owner)
            await self._send(msg_id, data)
            # The server answers no subscription, but requests in order: when it has answered this one, the
            # subscription stands, and what happens from now on is heard of.
            await self._step(Ask("", "get_features_req", pb.GetFeaturesReq(dialect="5.6")), None)
            if subscription.error is not None:
                self._exchange.forget(msg_id)
                raise subscription.error
            self._keep()
            return msg_id
        loop = asyncio.get_running_loop()
        reply: asyncio.Future[pb.Response] = loop.create_future()

        def settle(response: pb.Response) -> None:
            if not reply.done():
                reply.set_result(response)

        def receive(response: pb.Response) -> None:
            if asyncio._get_running_loop() is loop:
                settle(response)
            else:
                loop.call_soon_threadsafe(settle, response)

        msg_id, data = self._exchange.open(step, receive)
        try:
            await self._send(msg_id, data)
            if isinstance(step, Nudge) and not reply.done():
                return None
            return await reply
        except asyncio.CancelledError:
            self._exchange.forget(msg_id)
            raise

    async def _send(self, msg_id: int, data: bytes | Bulk) -> None:
        try:
            result = self._handle_request(bytes(data))
            if inspect.isawaitable(result):
                await result
        except SightlineError:
            self._exchange.forget(msg_id)
            raise
        except Exception as error:
            self._exchange.forget(msg_id)
            raise SightlineError(f"Unknown error: {type(error).__name__}: {error}") from error

    async def _sweep(self) -> None:
        if self._dropped_views:
            for data in self._deletion_of_dropped_views():
                try:
                    await self._send(0, data)
                except SightlineError:
                    logger.debug("a dropped view could not be deleted", exc_info=True)


class AsyncTable(TableBase):
    """A table, through an `AsyncClient`; the methods are those of `Table`, awaited."""

    _client: AsyncClient

    def __init__(self) -> None:
        raise TypeError("Do not call AsyncTable's constructor directly, construct from a AsyncClient instance.")

    @classmethod
    def _open(cls, client: AsyncClient, info: client_calls.TableInfo) -> AsyncTable:
        table = cls.__new__(cls)
        table._client = client
        table._info = info
        return table

    async def get_client(self) -> AsyncClient:
        """The client this table belongs to."""
        return self._client

    async def size(self) -> int:
        """The number of rows."""
        return await self._client._run(table_calls.size(self._info.name))

    async def schema(self) -> dict[str, str]:
        """Column names and types."""
        return await self._client._run(table_calls.schema(self._info.name))

    async def columns(self) -> list[str]:
        """Column names, in table order."""
        return await self._client._run(table_calls.columns(self._info.name))

    async def update(self, input: Any, port_id: int | None = None, format: str | None = None) -> None:
        """Inserts or changes rows; as `Table.update`."""
        await self._client._run(table_calls.update(self._info.name, input, port_id, format))

    async def replace(self, input: Any, format: str | None = None) -> None:
        """Replaces all rows; as `Table.replace`."""
        await self._client._run(table_calls.replace(self._info.name, input, format))

    async def remove(self, input: Any, format: str | None = None) -> None:
        """Removes rows by index value; as `Table.remove`."""
        await self._client._run(table_calls.remove(self._info.name, input, format))

    async def clear(self) -> None:
        """Removes all rows."""
        await self._client._run(table_calls.clear(self._info.name))

    async def delete(self, lazy: bool = False) -> None:
        """Deletes the table; with `lazy` this waits for the last view to go."""
        await self._client._run(table_calls.delete(self._info.name, bool(lazy), wait=True))

    async def make_port(self) -> int:
        """A new port id."""
        return await self._client._run(table_calls.make_port(self._info.name))

    async def view(self, **kwargs: Any) -> AsyncView:
        """Makes a live view; as `Table.view`."""
        return AsyncView._open(self, await self._client._run(table_calls.view(self._info.name, kwargs)))

    async def describe(self, **kwargs: Any) -> dict[str, Any]:
        """What a view would be; as `Table.describe`."""
        return await self._client._run(table_calls.describe(self._info.name, kwargs))

    async def validate_expressions(self, expressions: Mapping[str, str] | Sequence[str]) -> dict[str, Any]:
        """Checks expressions; as `Table.validate_expressions`."""
        return await self._client._run(table_calls.validate_expressions(self._info.name, expressions))

    async def on_delete(self, callback_py: Callable[[], object]) -> int:
        """Calls `callback_py()` once, when the table is deleted."""
        return await self._client._run(table_calls.on_delete(self._info.name, callback_py), owner=self)

    async def remove_delete(self, callback_id: int) -> None:
        """Undoes `on_delete`."""
        await self._client._run(table_calls.remove_delete(self._info.name, callback_id))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Not waiting for views that others still have.
        await self._client._run(table_calls.delete(self._info.name, lazy=True, wait=False))


class AsyncView(ViewBase):
    """A live view, through an `AsyncClient`; the methods are those of `View`, awaited."""

    _client: AsyncClient
    _table: AsyncTable

    def __init__(self) -> None:
        raise TypeError("Do not call AsyncView's constructor directly, construct from a AsyncTable instance.")

    @classmethod
    def _open(cls, table: AsyncTable, view_id: str) -> AsyncView:
        view = cls.__new__(cls)
        view._table = table
        view._client = table._client
        view._adopt(view_id, table._client._dropped_views.append)
        return view

    async def schema(self) -> dict[str, str]:
        """Output columns and their types."""
        return await self._client._run(view_calls.schema(self._id))

    async def expression_schema(self) -> dict[str, str]:
        """Expression columns and their types."""
        client = self._client
        if client._has_expressions is None:
            client._has_expressions = await client._run(client_calls.has_expressions())
        return await client._run(view_calls.expression_schema(self._id)) if client._has_expressions else {}

    async def get_config(self) -> dict[str, Any]:
        """The config, with all defaults filled in."""
        return await self._client._run(view_calls.get_config(self._id))

    async def dimensions(self) -> dict[str, int]:
        """Rows and columns of the table and of the view."""
        return await self._client._run(view_calls.dimensions(self._id))

    async def num_rows(self) -> int:
        """The number of rows that are shown."""
        return await self._client._run(view_calls.dimension(self._id, "num_view_rows"))

    async def num_columns(self) -> int:
        """The number of data columns."""
        return await self._client._run(view_calls.dimension(self._id, "num_view_columns"))

    async def column_paths(self, window: Mapping[str, Any] | None = None) -> list[list[Scalar]]:
        """The column axis by levels; the window is a dict here."""
        return await self._client._run(view_calls.column_paths(self._id, window or {}))

    async def get_min_max(self, name: str) -> tuple[Scalar, Scalar]:
        """The least and greatest value of a column."""
        return await self._client._run(view_calls.get_min_max(self._id, name))

    async def expand(self, index: int) -> int:
        """Opens a row; gives the number of rows that appeared."""
        return await self._client._run(view_calls.expand(self._id, index))

    async def collapse(self, index: int) -> int:
        """Closes a row; gives the number of rows that went."""
        return await self._client._run(view_calls.collapse(self._id, index))

    async def set_depth(self, depth: int) -> None:
        """Opens all rows down to `depth`."""
        await self._client._run(view_calls.set_depth(self._id, depth))

    async def to_columns(self, **window: Any) -> dict[str, list[Any]]:
        """`{column: values}`."""
        columns: dict[str, list[Any]] = json.loads(await self.to_columns_string(**window))
        return columns

    async def to_columns_string(self, **window: Any) -> str:
        """`to_columns` as JSON text."""
        return await self._client._run(view_calls.to_columns_string(self._id, window))

    async def to_records(self, **window: Any) -> list[dict[str, Any]]:
        """One dict per row."""
        return await self.to_json(**window)

    async def to_json(self, **window: Any) -> list[dict[str, Any]]:
        """One dict per row."""
        records: list[dict[str, Any]] = json.loads(await self.to_json_string(window))
        return records

    async def to_json_string(self, window: Mapping[str, Any] | None = None) -> str:
        """`to_json` as JSON text; the window is a dict here."""
        return await self._client._run(view_calls.to_rows_string(self._id, window or {}))

    async def to_ndjson(self, window: Mapping[str, Any] | None = None) -> str:
        """One JSON object per line; the window is a dict here."""
        return await self._client._run(view_calls.to_ndjson(self._id, window or {}))

    async def to_csv(self, **window: Any) -> str:
        """CSV text with a header line."""
        return await self._client._run(view_calls.to_csv(self._id, window))

    async def to_arrow(self, **window: Any) -> bytes:
        """An Arrow IPC stream."""
        return await self._client._run(view_calls.to_arrow(self._id, window))

    async def to_dataframe(self, **window: Any) -> Any:
        """A pandas.DataFrame."""
        return to_pandas(await self.to_arrow(**window))

    async def to_pandas(self, **window: Any) -> Any:
        """A pandas.DataFrame; the same as `to_dataframe`."""
        return await self.to_dataframe(**window)

    async def to_polars(self, **window: Any) -> Any:
        """A polars.DataFrame."""
        return to_polars(await self.to_arrow(**window))

    async def on_update(self, callback: Callable[..., object], mode: str | None = None) -> int:
        """Calls `callback` after each change; as `View.on_update`."""
        return await self._client._run(view_calls.on_update(self._id, callback, mode), owner=self)

    async def remove_update(self, callback_id: int) -> None:
        """Undoes `on_update`."""
        await self._client._run(view_calls.remove_update(self._id, callback_id))

    async def on_remove(self, callback: Callable[[int, bytes], object]) -> int:
        """Calls `callback` after rows were removed; as `View.on_remove`."""
        return await self._client._run(view_calls.on_remove(self._id, callback), owner=self)

    async def remove_remove(self, callback_id: int) -> None:
        """Undoes `on_remove`."""
        await self._client._run(view_calls.remove_remove(self._id, callback_id))

    async def on_delete(self, callback_py: Callable[[], object]) -> int:
        """Calls `callback_py()` once, when the view is deleted."""
        return await self._client._run(view_calls.on_delete(self._id, callback_py), owner=self)

    async def remove_delete(self, callback_id: int) -> None:
        """Undoes `on_delete`."""
        await self._client._run(view_calls.remove_delete(self._id, callback_id))

    async def delete(self) -> None:
        """Deletes the view."""
        await self._client._run(view_calls.delete(self._id))
        self._finalizer.detach()
        self._client._exchange.forget_owner(self)
        self._client._keep()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._finalizer.alive:
            await self.delete()


async def _nobody(_data: bytes) -> None:
    """The callback of a local session before its client stands."""


async def _follow(client: AsyncClient, source: AsyncView, options: client_calls.TableOptions) -> AsyncTable:
    """A copy on `client` of a view that lives elsewhere; changes are applied one after the other, in order."""
    index = source._table.get_index()
    key = index if index is not None and index in await source.schema() else None
    info = await client._run(client_calls.copy_table(await source.to_arrow(), key, options))
    table = AsyncTable._open(client, info)
    loop = asyncio.get_running_loop()
    changes: asyncio.Queue[tuple[Callable[[Any], Awaitable[None]], bytes]] = asyncio.Queue()

    async def apply() -> None:
        while True:
            change, data = await changes.get()
            try:
                await change(data)
            except SightlineError:
                logger.warning("a copied table could not follow its view", exc_info=True)

    def note(change: Callable[[Any], Awaitable[None]]) -> Callable[[int, bytes], None]:
        def queue(_port: int, data: bytes) -> None:
            loop.call_soon_threadsafe(changes.put_nowait, (change, data))

        return queue

    follower = loop.create_task(apply())
    await source.on_update(note(table.update), mode="row")
    if key is not None:
        await source.on_remove(note(table.remove))
    await source.on_delete(lambda: loop.call_soon_threadsafe(follower.cancel))
    return table
