"""The synchronous `Table`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any

from . import _table_calls as calls
from ._client_calls import TableInfo
from ._frames import html_table

if TYPE_CHECKING:
    from typing import Self

    from ._client import Client
    from ._view import View

__all__ = ["Table", "TableBase"]


class TableBase:
    """What a table handle knows without asking the server."""

    _info: TableInfo

    def get_index(self) -> str | None:
        """The index column, if the table has one."""
        return self._info.index

    def get_limit(self) -> int | None:
        """The row limit, if the table has one."""
        return self._info.limit

    def get_name(self) -> str:
        """The name by which the table can be opened."""
        return self._info.name

    def __repr__(self) -> str:
        index = f" index={self._info.index!r}" if self._info.index is not None else ""
        limit = f" limit={self._info.limit}" if self._info.limit is not None else ""
        return f"<sightline.{type(self).__name__} {self._info.name!r}{index}{limit}>"


class Table(TableBase):
    """A table on a server. Made by `Client.table`, `Client.open_table` and `Client.join`.

    As a context manager it deletes the table at the end.

    Example:
        >>> import sightline
        >>> server = sightline.Server()
        >>> with server.new_local_client().table([{"k": "a", "n": 1}], index="k") as table:
        ...     table.update([{"k": "a", "n": 2}, {"k": "b", "n": 3}])
        ...     table.size(), table.columns()
        (2, ['k', 'n'])
        >>> server.close()
    """

    _client: Client

    def __init__(self) -> None:
        raise TypeError("Do not call Table's constructor directly, construct from a Client instance.")

    @classmethod
    def _open(cls, client: Client, info: TableInfo) -> Table:
        table = cls.__new__(cls)
        table._client = client
        table._info = info
        return table

    def get_client(self) -> Client:
        """The client this table belongs to."""
        return self._client

    def size(self) -> int:
        """The number of rows."""
        return self._client._run(calls.size(self._info.name))

    def schema(self) -> dict[str, str]:
        """Column names and their types ("integer", "float", "string", "boolean", "date", "datetime")."""
        return self._client._run(calls.schema(self._info.name))

    def columns(self) -> list[str]:
        """Column names, in table order."""
        return self._client._run(calls.columns(self._info.name))

    def update(self, input: Any, port_id: int | None = None, format: str | None = None) -> None:
        """Inserts rows, or changes those whose index value is known; callbacks have run when it returns.

        Args:
            input: data as for `Client.table`, except a schema or a view. Missing columns keep their values.
            port_id: from `make_port`; subscribers are told, so that they recognise their own writes.
            format: of text or bytes, as for `Client.table`.

        Raises:
            PerspectiveError: the server refuses; nothing was changed. ValueError: no kind of data.

        Example:
            >>> import sightline
            >>> with sightline.Server() as server:
            ...     table = server.new_local_client().table({"k": "string", "n": "integer"}, index="k")
            ...     table.update({"k": ["a", "b"], "n": [1, 2]})
            ...     table.update([{"k": "b", "n": None}])
            ...     table.view().to_records()
            [{'k': 'a', 'n': 1}, {'k': 'b', 'n': None}]
        """
        self._client._run(calls.update(self._info.name, input, port_id, format))

    def replace(self, input: Any, format: str | None = None) -> None:
        """Replaces all rows; the columns stay.

        Raises:
            PerspectiveError: the server refuses; nothing was changed. ValueError: no kind of data.
        """
        self._client._run(calls.replace(self._info.name, input, format))

    def remove(self, input: Any, format: str | None = None) -> None:
        """Removes rows by index value; unknown values are ignored.

        Args:
            input: a list or array of index values, or Arrow data with the index column.
            format: of text or bytes, as for `Client.table`.

        Raises:
            PerspectiveError: the table has no index, or a value has the wrong type.
        """
        self._client._run(calls.remove(self._info.name, input, format))

    def clear(self) -> None:
        """Removes all rows."""
        self._client._run(calls.clear(self._info.name))

    def delete(self, lazy: bool = False) -> None:
        """Deletes the table.

        Args:
            lazy: where views exist, hide the table now and delete it with the last view; returns at once.

        Raises:
            PerspectiveError: the table has views, or a join needs it.
        """
        self._client._run(calls.delete(self._info.name, bool(lazy), wait=False))
        if not lazy:
            self._client._keep()

    def make_port(self) -> int:
        """A new port id, from 1 up."""
        return self._client._run(calls.make_port(self._info.name))

    def view(self, **config: Any) -> View:
        """Makes a live view.

        Args:
            group_by: columns whose values become the rows, outermost first.
            split_by: columns whose values become columns.
            columns: the columns to show; all if not given.
            filter: `[column, operator, operand]` each.
            filter_op: "and" (default) or "or".
            sort: `[column, direction]` each; "asc", "desc", "col asc", "asc abs" and so on.
            expressions: `{alias: text}` of computed columns, or texts.
            aggregates: `{column: name}`, or `{column: [name, [columns]]}` for those with arguments.
            group_by_depth: how deep to open the rows.
            group_rollup_mode: "rollup" (default), "flat" or "total".
            split_rollup_mode: "flat" (default) or "rollup".
            windows: `{alias: {"column": ..., "aggregate": ..., ...}}` of window columns.

        Raises:
            ConfigError: an unknown argument or option. TypeError, ValueError: a value of the wrong type or length.
            PerspectiveError: the table cannot satisfy the config.

        Example:
            >>> import sightline
            >>> with sightline.Server() as server:
            ...     table = server.new_local_client().table({"c": ["x", "y", "x"], "n": [1, 2, 3]})
            ...     table.view(group_by=["c"], columns=["n"]).to_columns()
            {'__ROW_PATH__': [[], ['x'], ['y']], 'n': [6, 4, 2]}
        """
        from ._view import View

        return View._open(self, self._client._run(calls.view(self._info.name, config)))

    def describe(self, **config: Any) -> dict[str, Any]:
        """What a view with this config would be, without making it.

        Returns:
            `{"expression_schema", "view_schema"}`, `{"expression_schema", "expression_errors"}` where an expression is
            wrong, or `{"config_error"}`.

        Raises:
            ConfigError, TypeError, ValueError: as for `view`.
        """
        return self._client._run(calls.describe(self._info.name, config))

    def validate_expressions(self, expression: Mapping[str, str] | Sequence[str]) -> dict[str, Any]:
        """Checks expressions without making a view.

        Args:
            expression: `{alias: text}`, or texts.

        Returns:
            `expression_schema` of the valid ones, `errors` of the others as `{alias: {error_message, line, column}}`,
            and `expression_alias` with all texts.
        """
        return self._client._run(calls.validate_expressions(self._info.name, expression))

    def on_delete(self, callback: Callable[[], object]) -> int:
        """Calls `callback()` once, when the table is deleted; gives an id for `remove_delete`."""
        return self._client._run(calls.on_delete(self._info.name, callback), owner=self)

    def remove_delete(self, callback_id: int) -> None:
        """Undoes `on_delete`; an unknown id is no error."""
        self._client._run(calls.remove_delete(self._info.name, callback_id))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.delete(lazy=True)

    def _repr_html_(self) -> str:
        schema = self.schema()
        columns = {"column": list(schema), "type": list(schema.values())}
        return html_table(f"Table {self._info.name}: {self.size()} rows", columns, len(schema))
