"""The synchronous `View`."""

from __future__ import annotations

import json
import weakref
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any

from . import _client_calls as client_calls
from . import _view_calls as calls
from ._frames import arrow_capsule, html_table, to_pandas, to_polars

if TYPE_CHECKING:
    from typing import Self

    from ._client import Client
    from ._table import Table

__all__ = ["View", "ViewBase", "follow"]

Scalar = str | float | bool | None
_HTML_ROWS, _HTML_COLUMNS = 10, 20


class ViewBase:
    """The identity of a view, and its deletion when the last reference goes."""

    _id: str
    _finalizer: weakref.finalize[[str], ViewBase]

    def _adopt(self, view_id: str, drop: Callable[[str], object]) -> None:
        self._id = view_id
        self._finalizer = weakref.finalize(self, drop, view_id)
        self._finalizer.atexit = False

    def _pin(self) -> None:
        """Leaves the view on the server even when this object goes: a derived table lives on it."""
        self._finalizer.detach()

    def __repr__(self) -> str:
        return f"<sightline.{type(self).__name__} {self._id}>"


class View(ViewBase):
    """A live query on a table. Made by `Table.view`.

    A view that is no longer referenced and has no callbacks is deleted; `delete`, or the end of a `with` block, does it
    at once. The output methods take a window: `start_row`, `end_row`, `start_col`, `end_col` (ends exclusive); those
    that give JSON also `id`, `index` and `formatted`.

    Example:
        >>> import sightline
        >>> server = sightline.Server()
        >>> table = server.new_local_client().table({"x": [3, 1, 2]})
        >>> with table.view(sort=[["x", "desc"]]) as view:
        ...     view.to_columns(end_row=2)
        {'x': [3, 2]}
        >>> server.close()
    """

    _client: Client
    _table: Table

    def __init__(self) -> None:
        raise TypeError("Do not call View's constructor directly, construct from a Table instance.")

    @classmethod
    def _open(cls, table: Table, view_id: str) -> View:
        view = cls.__new__(cls)
        view._table = table
        view._client = table._client
        view._adopt(view_id, table._client._dropped_views.append)
        return view

    # What the view is

    def schema(self) -> dict[str, str]:
        """Column names and types of the output; split columns are not told apart."""
        return self._client._run(calls.schema(self._id))

    def expression_schema(self) -> dict[str, str]:
        """Names and types of the expression columns."""
        client = self._client
        if client._has_expressions is None:
            client._has_expressions = client._run(client_calls.has_expressions())
        return client._run(calls.expression_schema(self._id)) if client._has_expressions else {}

    def get_config(self) -> dict[str, Any]:
        """The config, with all defaults filled in."""
        return self._client._run(calls.get_config(self._id))

    def dimensions(self) -> dict[str, int]:
        """`num_table_rows`, `num_table_columns`, `num_view_rows` and `num_view_columns`."""
        return self._client._run(calls.dimensions(self._id))

    def num_rows(self) -> int:
        """The number of rows that are shown, totals included."""
        return self._client._run(calls.dimension(self._id, "num_view_rows"))

    def num_columns(self) -> int:
        """The number of data columns, one per split path."""
        return self._client._run(calls.dimension(self._id, "num_view_columns"))

    def column_paths(self, **window: Any) -> list[list[Scalar]]:
        """The column axis by levels: one list per `split_by`, then the column names.

        Args:
            start_col, end_col: the columns to give.
        """
        return self._client._run(calls.column_paths(self._id, window))

    def get_min_max(self, column_name: str) -> tuple[Scalar, Scalar]:
        """The least and greatest value of a column; numbers as float, dates and datetimes as milliseconds.

        Raises:
            PerspectiveError: there is no such column.
        """
        return self._client._run(calls.get_min_max(self._id, column_name))

    # Opening and closing rows

    def expand(self, index: int) -> int:
        """Opens row `index` of a grouped view; gives the number of rows that appeared."""
        return self._client._run(calls.expand(self._id, index))

    def collapse(self, index: int) -> int:
        """Closes row `index` of a grouped view; gives the number of rows that went."""
        return self._client._run(calls.collapse(self._id, index))

    def set_depth(self, depth: int) -> None:
        """Shows a grouped view down to `depth` and no deeper; 0 shows the outermost groups."""
        self._client._run(calls.set_depth(self._id, depth))

    # Output

    def to_columns(self, **window: Any) -> dict[str, list[Any]]:
        """`{column: values}`; dates and datetimes as milliseconds, or as text with `formatted=True`."""
        columns: dict[str, list[Any]] = json.loads(self.to_columns_string(**window))
        return columns

    def to_columns_string(self, **window: Any) -> str:
        """`to_columns` as JSON text."""
        return self._client._run(calls.to_columns_string(self._id, window))

    def to_records(self, **window: Any) -> list[dict[str, Any]]:
        """One `{column: value}` per row."""
        return self.to_json(**window)

    def to_json(self, **window: Any) -> list[dict[str, Any]]:
        """One `{column: value}` per row; the same as `to_records`."""
        records: list[dict[str, Any]] = json.loads(self.to_json_string(**window))
        return records

    def to_json_string(self, **window: Any) -> str:
        """`to_json` as JSON text."""
        return self._client._run(calls.to_rows_string(self._id, window))

    def to_ndjson(self, **window: Any) -> str:
        """One JSON object per line."""
        return self._client._run(calls.to_ndjson(self._id, window))

    def to_csv(self, **window: Any) -> str:
        """CSV text with a header line."""
        return self._client._run(calls.to_csv(self._id, window))

    def to_arrow(self, **window: Any) -> bytes:
        """An Arrow IPC stream with one record batch.

        Args:
            compression: "lz4", "zstd" or None.
            machine_column_names: name group columns `__ROW_PATH_0__` and so on.

        Raises:
            PerspectiveError: unknown compression.
        """
        return self._client._run(calls.to_arrow(self._id, window))

    def to_dataframe(self, **window: Any) -> Any:
        """A pandas.DataFrame; text as categoricals.

        Raises:
            ImportError: pandas or pyarrow is not installed.
        """
        return to_pandas(self.to_arrow(**window))

    def to_pandas(self, **window: Any) -> Any:
        """A pandas.DataFrame; the same as `to_dataframe`."""
        return self.to_dataframe(**window)

    def to_polars(self, **window: Any) -> Any:
        """A polars.DataFrame; text as categoricals.

        Raises:
            ImportError: polars is not installed.
        """
        return to_polars(self.to_arrow(**window))

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """The rows for any library that reads Arrow streams, for example `pyarrow.table(view)`."""
        return arrow_capsule(self.to_arrow(), requested_schema)

    # Callbacks

    def on_update(self, callback: Callable[..., object], mode: str | None = None) -> int:
        """Calls `callback(port_id)` after each change, or `callback(port_id, delta)` with the changed rows as Arrow.

        Args:
            callback: accepts one or two arguments: once any subscriber of the view asked for rows, all get them.
            mode: "row" asks for the changed rows.

        Returns:
            An id for `remove_update`.

        Raises:
            PerspectiveError: unknown mode, or the view was deleted.

        Example:
            >>> import sightline
            >>> with sightline.Server() as server:
            ...     table = server.new_local_client().table({"x": [1]})
            ...     view = table.view()
            ...     ports = []
            ...     number = view.on_update(lambda port, *delta: ports.append(port))
            ...     table.update({"x": [2]})
            ...     ports
            [0]
        """
        return self._client._run(calls.on_update(self._id, callback, mode), owner=self)

    def remove_update(self, callback_id: int) -> None:
        """Undoes `on_update`.

        Raises:
            PerspectiveError: there is no such callback.
        """
        self._client._run(calls.remove_update(self._id, callback_id))

    def on_remove(self, callback: Callable[[int, bytes], object]) -> int:
        """Calls `callback(port_id, indices)` after rows of a table with an index were removed.

        Args:
            callback: `indices` is an Arrow stream with one column, named as the index.

        Returns:
            An id for `remove_remove`.
        """
        return self._client._run(calls.on_remove(self._id, callback), owner=self)

    def remove_remove(self, callback_id: int) -> None:
        """Undoes `on_remove`.

        Raises:
            PerspectiveError: there is no such callback.
        """
        self._client._run(calls.remove_remove(self._id, callback_id))

    def on_delete(self, callback: Callable[[], object]) -> int:
        """Calls `callback()` once, when the view is deleted; gives an id for `remove_delete`."""
        return self._client._run(calls.on_delete(self._id, callback), owner=self)

    def remove_delete(self, callback_id: int) -> None:
        """Undoes `on_delete`; an unknown id is no error."""
        self._client._run(calls.remove_delete(self._id, callback_id))

    # End

    def delete(self) -> None:
        """Deletes the view.

        Raises:
            PerspectiveError: it was deleted before, or a derived table needs it.
        """
        self._client._run(calls.delete(self._id))
        self._finalizer.detach()
        self._client._exchange.forget_owner(self)
        self._client._keep()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._finalizer.alive:
            self.delete()

    def _repr_html_(self) -> str:
        columns = self.to_columns(end_row=_HTML_ROWS, end_col=_HTML_COLUMNS, formatted=True)
        return html_table(f"View of {self._table.get_name()}", columns, self.num_rows())


def follow(client: Client, source: View, options: client_calls.TableOptions) -> Table:
    """A copy on `client` of a view that lives elsewhere, kept in sync by its callbacks."""
    from ._table import Table

    index = source._table.get_index()
    key = index if index is not None and index in source.schema() else None
    info = client._run(client_calls.copy_table(source.to_arrow(), key, options))
    table = Table._open(client, info)
    source.on_update(lambda _port, delta: table.update(delta), mode="row")
    if key is not None:
        source.on_remove(lambda _port, indices: table.remove(indices))
    return table
