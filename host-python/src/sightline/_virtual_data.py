"""`VirtualDataSlice`: the rows of a virtual view, as its handler hands them over, and the forms they are sent in.

Columns named `__ROW_PATH_0__`, `__ROW_PATH_1__`... are the levels of a grouped view. Their `grouping_id` tells the
depth of a row: bit i, counted from the right, is set when the level i from the right is summed over, as `GROUPING_ID`
of SQL has it. Cells may come in any order; cells that were not given are null.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["VirtualDataSlice"]

_KINDS = ("string", "integer", "float", "boolean", "datetime", "date")
_LEVEL = re.compile(r"__ROW_PATH_(\d+)__")
_GROUPING = "__GROUPING_ID__"


class VirtualDataSlice:
    """Takes the cells of the rows a client asked for.

    A handler gets one in `view_get_data`, fills it, and must not keep it: later use raises `ValueError`.

    Example:
        >>> from sightline import VirtualDataSlice
        >>> data = VirtualDataSlice()
        >>> data.set_string_col("city", 0, "Rome")
        >>> data.set_col("integer", "sales", 0, 3)
        >>> data.render_to_columns_json()
        '{"city":["Rome"],"sales":[3]}'
    """

    def __init__(self) -> None:
        self._kinds: dict[str, str] = {}
        self._cells: dict[str, dict[int, Any]] = {}
        self._grouping: dict[int, int] = {}
        self._n_rows = 0
        self._consumed = False
        # Rows of a total have an empty path, as its columns have none.
        self.is_total = False

    def set_col(self, dtype: str, name: str, index: int, val: Any, grouping_id: int | None = None) -> None:
        """Sets one cell.

        Args:
            dtype: "string", "integer", "float", "boolean", "datetime" or "date".
            name: the column.
            index: the row, counted from the start of the viewport.
            val: the value; None is null. Datetimes and dates are Python's, ISO text, or milliseconds since 1970 UTC.
            grouping_id: in a grouped view, which levels the row sums over.

        Raises:
            ValueError: an unknown `dtype`, a column given with two types, or a slice that was sent already.
        """
        if self._consumed:
            raise ValueError("VirtualDataSlice was consumed: it must not be used after `view_get_data` returned")
        if dtype not in _KINDS:
            raise ValueError(f"Unknown type '{dtype}' (argument `dtype`), expected one of {', '.join(_KINDS)}")
        if isinstance(index, bool) or not isinstance(index, int):
            raise TypeError(f"'{type(index).__name__}' object is not an instance of 'int' (argument `index`)")
        if index < 0:
            raise OverflowError("can't convert negative int to unsigned (argument `index`)")
        if self._kinds.setdefault(name, dtype) != dtype:
            raise ValueError(f"column `{name}` is {self._kinds[name]}, and cannot take a {dtype}")
        self._cells.setdefault(name, {})[index] = _plain(dtype, name, val)
        self._n_rows = max(self._n_rows, index + 1)
        if grouping_id is not None:
            self._grouping[index] = int(grouping_id)

    def declare(self, dtype: str, name: str) -> None:
        """Makes a column without cells, for a viewport without rows still has columns."""
        self._kinds.setdefault(name, dtype)
        self._cells.setdefault(name, {})

    def set_string_col(self, name: str, index: int, val: Any, grouping_id: int | None = None) -> None:
        """Sets one text; as `set_col`."""
        self.set_col("string", name, index, val, grouping_id)

    def set_integer_col(self, name: str, index: int, val: Any, grouping_id: int | None = None) -> None:
        """Sets one integer; as `set_col`."""
        self.set_col("integer", name, index, val, grouping_id)

    def set_float_col(self, name: str, index: int, val: Any, grouping_id: int | None = None) -> None:
        """Sets one float; as `set_col`."""
        self.set_col("float", name, index, val, grouping_id)

    def set_boolean_col(self, name: str, index: int, val: Any, grouping_id: int | None = None) -> None:
        """Sets one boolean; as `set_col`."""
        self.set_col("boolean", name, index, val, grouping_id)

    def set_datetime_col(self, name: str, index: int, val: Any, grouping_id: int | None = None) -> None:
        """Sets one datetime; as `set_col`."""
        self.set_col("datetime", name, index, val, grouping_id)

    def from_arrow_ipc(self, ipc: bytes) -> None:
        """Takes all columns at once, as an Arrow stream; a column `__GROUPING_ID__` holds the grouping ids.

        Raises:
            ImportError: pyarrow is not installed. ValueError: a column of a type that no cell can hold.
        """
        try:
            import pyarrow as pa
        except ImportError:
            raise ImportError("`from_arrow_ipc` needs pyarrow: pip install pyarrow") from None
        with pa.ipc.open_stream(ipc) as reader:
            table = reader.read_all()
        grouping = table.column(_GROUPING).to_pylist() if _GROUPING in table.column_names else [None] * len(table)
        for field, column in zip(table.schema, table.columns, strict=True):
            if field.name == _GROUPING:
                continue
            kind = arrow_kind(field.type)
            self.declare(kind, field.name)
            for index, (value, group) in enumerate(zip(column.to_pylist(), grouping, strict=True)):
                self.set_col(kind, field.name, index, value, group)

    def render_to_columns_json(self) -> str:
        """The slice as the JSON text of `View.to_columns_string`."""
        columns: dict[str, Any] = {}
        if self._is_grouped:
            columns["__ROW_PATH__"] = list(self._paths())
        columns.update((name, self._column(name)) for name in self._data_names())
        return json.dumps(columns, separators=(",", ":"), ensure_ascii=False, allow_nan=False)

    def consume(self) -> None:
        """No cell can be set from here on."""
        self._consumed = True

    def rows(self) -> list[dict[str, Any]]:
        """The rows of `View.to_records`."""
        names = self._data_names()
        columns = [self._column(name) for name in names]
        paths = list(self._paths())
        rows = []
        for index in range(self._n_rows):
            row: dict[str, Any] = {"__ROW_PATH__": paths[index]} if self._is_grouped or self.is_total else {}
            row.update((name, column[index]) for name, column in zip(names, columns, strict=True))
            rows.append(row)
        return rows

    def rows_json(self) -> str:
        """JSON text of rows."""
        return json.dumps(self.rows(), separators=(",", ":"), ensure_ascii=False, allow_nan=False)

    def ndjson(self) -> str:
        """One JSON object per line."""
        return "\n".join(
            json.dumps(row, separators=(",", ":"), ensure_ascii=False, allow_nan=False) for row in self.rows()
        )

    def csv(self, config: Mapping[str, Any]) -> str:
        """CSV text, in the form of `View.to_csv`; group levels lead."""
        sink = io.StringIO()
        named = self._named_columns(config)
        sink.write(",".join(_csv_cell(name) for name, _, _ in named) + "\n")
        shown = [[_Bare.of(kind, value) for value in values] for _, kind, values in named]
        for row in zip(*shown, strict=True):
            sink.write(",".join(_csv_cell(cell) for cell in row) + "\n")
        return sink.getvalue()

    def arrow(self, config: Mapping[str, Any], compression: str | None) -> bytes:
        """An Arrow stream in the form of `View.to_arrow`; group levels lead.

        Raises:
            ImportError: pyarrow is not installed.
        """
        try:
            import pyarrow as pa
        except ImportError:
            raise ImportError("Arrow from a virtual table needs pyarrow on the server: pip install pyarrow") from None
        types = {
            "integer": pa.int64(),
            "float": pa.float64(),
            "boolean": pa.bool_(),
            "datetime": pa.timestamp("ms"),
            "date": pa.date32(),
        }
        names, arrays = [], []
        for name, kind, values in self._named_columns(config):
            names.append(name)
            if kind == "string":
                arrays.append(pa.array(values, pa.string()).dictionary_encode())
            elif kind == "date":
                days = [None if value is None else value // 86_400_000 for value in values]
                arrays.append(pa.array(days, pa.int32()).cast(pa.date32()))
            else:
                arrays.append(pa.array(values, types[kind]))
        batch = pa.record_batch(arrays, names=names)
        sink = pa.BufferOutputStream()
        options = pa.ipc.IpcWriteOptions(compression=compression or None)
        with pa.ipc.new_stream(sink, batch.schema, options=options) as writer:
            writer.write_batch(batch)
        result: bytes = sink.getvalue().to_pybytes()
        return result

    @property
    def data_names(self) -> list[str]:
        """The columns, without the levels of groups."""
        return self._data_names()

    @property
    def _is_grouped(self) -> bool:
        return any(_LEVEL.fullmatch(name) for name in self._kinds)

    def _levels(self) -> list[str]:
        return sorted((name for name in self._kinds if _LEVEL.fullmatch(name)), key=lambda name: int(name[11:-2]))

    def _data_names(self) -> list[str]:
        return [name for name in self._kinds if not _LEVEL.fullmatch(name)]

    def _column(self, name: str) -> list[Any]:
        cells = self._cells[name]
        return [cells.get(index) for index in range(self._n_rows)]

    def _paths(self) -> Iterable[list[Any]]:
        columns = [self._column(name) for name in self._levels()]
        for index in range(self._n_rows):
            depth = len(columns) - self._grouping.get(index, 0).bit_length()
            yield [column[index] for column in columns[: max(depth, 0)]]

    def _named_columns(self, config: Mapping[str, Any]) -> list[tuple[str, str, list[Any]]]:
        """Group levels under their columns' names; an aggregate of such a column says which aggregate it is."""
        levels, group_by = self._levels(), config["group_by"]
        heads = group_by if len(group_by) == len(levels) else levels
        named = [(head, self._kinds[level], self._column(level)) for head, level in zip(heads, levels, strict=True)]
        for name in self._data_names():
            shown = name
            if name in heads:
                kind = self._kinds[name]
                chosen = config["aggregates"].get(name) or ("sum" if kind in {"integer", "float"} else "count")
                shown = f"{name} ({chosen if isinstance(chosen, str) else chosen[0]})"
            named.append((shown, self._kinds[name], self._column(name)))
        return named


class _Bare(str):
    """A CSV cell that is not quoted."""

    @classmethod
    def of(cls, kind: str, value: Any) -> str:
        if value is None:
            return cls("")
        if kind == "string":
            return str(value)
        if kind == "boolean":
            return cls("true" if value else "false")
        if kind in {"datetime", "date"}:
            moment = _EPOCH + dt.timedelta(milliseconds=value)
            return cls(moment.date().isoformat() if kind == "date" else moment.isoformat(" ", "milliseconds"))
        return cls(json.dumps(value).removesuffix(".0"))


_EPOCH = dt.datetime(1970, 1, 1)


def _csv_cell(cell: str) -> str:
    return cell if isinstance(cell, _Bare) else '"' + cell.replace('"', '""') + '"'


def _plain(kind: str, name: str, value: Any) -> Any:
    """The value as JSON has it: moments are milliseconds since 1970 UTC."""
    if hasattr(value, "item") and type(value).__module__ == "numpy":
        value = value.item()
    if value is None:
        return None
    try:
        if kind == "string":
            return str(value)
        if kind == "boolean":
            return bool(value)
        if kind == "integer":
            return int(value)
        if kind == "float":
            number = float(value)
            return number if math.isfinite(number) else None
        return _milliseconds(value)
    except (TypeError, ValueError) as error:
        raise ValueError(f"`{value!r}` is no {kind} (column `{name}`): {error}") from None


def _milliseconds(value: Any) -> int:
    if isinstance(value, str):
        value = dt.datetime.fromisoformat(value)
    if isinstance(value, dt.datetime):
        moment = value if value.tzinfo else value.replace(tzinfo=dt.UTC)
        return round(moment.timestamp() * 1000)
    if isinstance(value, dt.date):
        return (value - dt.date(1970, 1, 1)).days * 86_400_000
    return int(value)


def arrow_kind(kind: Any) -> str:
    """The column type that an Arrow type is shown as.

    Raises:
        ValueError: cells of that type cannot be shown.
    """
    import pyarrow as pa

    of = pa.types
    if of.is_dictionary(kind):
        return arrow_kind(kind.value_type)
    if of.is_boolean(kind):
        return "boolean"
    if of.is_integer(kind):
        return "integer"
    if of.is_floating(kind) or of.is_decimal(kind):
        return "float"
    if of.is_date(kind):
        return "date"
    if of.is_timestamp(kind):
        return "datetime"
    if of.is_large_string(kind) or of.is_string(kind) or of.is_string_view(kind) or of.is_null(kind):
        return "string"
    # Times, intervals, lists and the like are shown as their text.
    return "string"
