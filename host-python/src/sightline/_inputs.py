"""Table data in all the forms a user has it, to the data of a request.

Plain lists and dicts travel as JSON, text as it is, everything columnar as an Arrow stream. pandas, Polars, numpy and
pyarrow are looked up among the modules already imported, never imported for their own sake; what needs pyarrow to be
translated says so in its `ImportError`.
"""

from __future__ import annotations

import datetime as dt
import decimal
import io
import json
import math
import sys
import uuid
from collections.abc import Mapping
from typing import Any

from ._bulk import TableData
from ._exceptions import SightlineError
from ._proto import sightline_pb2 as pb

__all__ = ["FORMATS", "read_data", "read_schema", "read_table_data"]

FORMATS = ("csv", "json", "columns", "arrow", "ndjson")

_TYPE_NAMES: dict[str, pb.ColumnType.ValueType] = {
    "string": pb.STRING,
    "date": pb.DATE,
    "datetime": pb.DATETIME,
    "integer": pb.INTEGER,
    "float": pb.FLOAT,
    "boolean": pb.BOOLEAN,
}
_PYTHON_TYPES: dict[type, pb.ColumnType.ValueType] = {
    int: pb.INTEGER,
    float: pb.FLOAT,
    str: pb.STRING,
    bool: pb.BOOLEAN,
    dt.date: pb.DATE,
    dt.datetime: pb.DATETIME,
}


def read_table_data(value: Any, format: str | None) -> TableData | pb.Schema:
    """Data or a schema for a new table.

    Raises:
        TypeError: nothing that a table can be made of. ValueError: an empty dict.
    """
    _check_format(format)
    data = _read(value, format)
    if data is not None:
        return data
    if isinstance(value, Mapping):
        return read_schema(value)
    raise TypeError(f"Unknown input type '{type(value).__name__}'")


def read_data(value: Any, format: str | None) -> TableData:
    """Data for an existing table: rows to update or replace with, or index values to remove.

    Raises:
        ValueError: no data, for example a schema.
    """
    _check_format(format)
    data = _read(value, format)
    if data is None and _is_array(value) and not _has_fields(value):
        return TableData.of_text("rows", _to_json(value))
    if data is None:
        raise ValueError(f"Unknown input type '{type(value).__name__}'")
    return data


def read_schema(schema: Mapping[Any, Any]) -> pb.Schema:
    """A schema of type names or Python types.

    Raises:
        TypeError: a name that is no text, or a type that has no counterpart. SightlineError: an unknown type name.
    """
    result = pb.Schema()
    for name, kind in schema.items():
        if not isinstance(name, str):
            raise TypeError(f"'{type(name).__name__}' object is not an instance of 'str' (a column name)")
        if isinstance(kind, str):
            if kind not in _TYPE_NAMES:
                raise SightlineError(f"Abort(): Unknown type {kind}")
            number = _TYPE_NAMES[kind]
        elif isinstance(kind, type):
            if kind not in _PYTHON_TYPES:
                raise TypeError(f"Unknown schema type '{kind.__module__}.{kind.__qualname__}' of column `{name}`")
            number = _PYTHON_TYPES[kind]
        else:
            raise TypeError(f"Unknown schema type '{type(kind).__name__}'")
        result.schema.add(name=name, type=number)
    return result


def _check_format(format: str | None) -> None:
    if format is None:
        return
    if not isinstance(format, str):
        raise TypeError(f"'{type(format).__name__}' object is not an instance of 'str' (argument `format`)")
    if format not in FORMATS:
        raise SightlineError(f'Unknown format "{format}"')


def _read(value: Any, format: str | None) -> TableData | None:
    """Everything but schemas; None for what is no data."""
    if isinstance(value, str):
        return _text(value, format or "csv")
    if isinstance(value, (bytes, bytearray, memoryview)):
        return _binary(bytes(value), format or "arrow")
    if isinstance(value, list):
        return TableData.of_text("rows", _to_json(value))
    if isinstance(value, Mapping):
        return _mapping(value)
    return _columnar(value)


def _text(value: str, format: str) -> TableData:
    if format == "arrow":
        return TableData("arrow", value.encode())
    return _formatted(value, format)


def _binary(value: bytes, format: str) -> TableData:
    if format == "arrow":
        return TableData("arrow", value)
    try:
        text = value.decode()
    except UnicodeDecodeError as error:
        raise SightlineError(f"bytes given as {format} are not UTF-8: {error}") from None
    return _formatted(text, format)


def _formatted(text: str, format: str) -> TableData:
    if format == "csv":
        return TableData.of_text("csv", text)
    if format == "json":
        return TableData.of_text("rows", text)
    if format == "columns":
        return TableData.of_text("columns", text)
    return TableData.of_text("ndjson", text)


def _mapping(value: Mapping[Any, Any]) -> TableData | None:
    if not value:
        raise ValueError("Cannot infer type of empty dict")
    if isinstance(next(iter(value.values())), list):
        return TableData.of_text("columns", _to_json(value))
    if any(_is_array(column) for column in value.values()):
        return _columns_of_arrays(value)
    return None


def _columns_of_arrays(columns: Mapping[Any, Any]) -> TableData:
    named = {str(name): column for name, column in columns.items()}
    try:
        import pyarrow as pa
    except ImportError:
        return TableData.of_text("columns", _to_json(named))
    return _arrow_table(pa.table({name: _arrow_array(pa, column) for name, column in named.items()}))


def _arrow_array(pa: Any, column: Any) -> Any:
    if hasattr(column, "__arrow_c_stream__"):
        return pa.chunked_array(column)
    return pa.array(column)


def _columnar(value: Any) -> TableData | None:
    """Data frames, Arrow tables and whatever else hands out its columns."""
    module = type(value).__module__.partition(".")[0]
    if module == "pandas" and _is_instance(value, "pandas", "DataFrame"):
        return _pandas(value)
    if module == "polars":
        return _polars(value)
    if _is_instance(value, "numpy", "ndarray"):
        return _columns_of_arrays({name: value[name] for name in value.dtype.names}) if _has_fields(value) else None
    if _is_instance(value, "pyarrow", "Table"):
        return _arrow_table(value)
    if _is_instance(value, "pandas", "Series"):
        return None
    if hasattr(value, "__arrow_c_stream__") or hasattr(value, "__arrow_c_array__"):
        return _arrow_capsule(value)
    return None


def _is_instance(value: Any, module: str, name: str) -> bool:
    kind = getattr(sys.modules.get(module), name, None)
    return isinstance(kind, type) and isinstance(value, kind)


def _is_array(value: Any) -> bool:
    return not isinstance(value, type) and any(
        hasattr(value, name) for name in ("__array__", "__arrow_c_array__", "__arrow_c_stream__")
    )


def _has_fields(value: Any) -> bool:
    return getattr(getattr(value, "dtype", None), "names", None) is not None


def _pandas(frame: Any) -> TableData:
    """The index becomes a column: `index` in front when it has no name, else by its name."""
    try:
        import pyarrow as pa
    except ImportError:
        raise ImportError("a pandas.DataFrame needs pyarrow to become a table: pip install pyarrow") from None
    plain_range = frame.index.name is None and type(frame.index).__name__ == "RangeIndex"
    taken = "index" in frame.columns
    if taken and not plain_range and None in frame.index.names:
        raise ValueError("the unnamed index would be a second column `index`: name the index, or drop it")
    table = pa.Table.from_pandas(frame, preserve_index=not (taken and plain_range))
    level = "__index_level_0__"
    if level in table.column_names:
        position = table.column_names.index(level)
        index = table.column(position)
        table = table.remove_column(position).add_column(0, "index", index)
    return _arrow_table(table.replace_schema_metadata(None))


def _polars(value: Any) -> TableData | None:
    """Polars writes the Arrow stream itself; text in its own view layout is turned into the plain one."""
    pl = sys.modules["polars"]
    if isinstance(value, pl.LazyFrame):
        value = value.collect()
    if not isinstance(value, pl.DataFrame):
        return None
    sink = io.BytesIO()
    value.write_ipc_stream(sink, compat_level=pl.CompatLevel.oldest())
    return TableData("arrow", sink.getvalue())


def _arrow_capsule(value: Any) -> TableData:
    try:
        import pyarrow as pa
    except ImportError:
        raise ImportError(f"a {type(value).__name__} needs pyarrow to become a table: pip install pyarrow") from None
    if not hasattr(value, "__arrow_c_stream__"):
        return _arrow_table(pa.Table.from_batches([pa.record_batch(value)]))
    with pa.RecordBatchReader.from_stream(value) as reader:
        return _arrow_table(reader.read_all())


def _arrow_table(table: Any) -> TableData:
    """An IPC stream; text in the view layout, which few readers know, is turned into the plain one."""
    import pyarrow as pa

    views = [field for field in table.schema if field.type in {pa.string_view(), pa.binary_view()}]
    for field in views:
        position = table.schema.get_field_index(field.name)
        plain = table.column(position).cast(pa.string() if field.type == pa.string_view() else pa.binary())
        table = table.set_column(position, field.name, plain)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return TableData("arrow", sink.getvalue().to_pybytes())


def _to_json(value: Any) -> str:
    """JSON text; NaN and infinities become null, which JSON cannot say otherwise."""
    if isinstance(value, Mapping) and not isinstance(value, dict):
        value = dict(value)
    try:
        return json.dumps(value, allow_nan=False, default=_json_default, separators=(",", ":"))
    except ValueError as error:
        if "float" not in str(error):
            raise
    return json.dumps(_finite(value), allow_nan=False, default=_json_default, separators=(",", ":"))


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {name: _finite(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    if hasattr(value, "tolist"):
        return _finite(value.tolist())
    return value


def _json_default(value: Any) -> Any:
    """What `json` does not know: dates as ISO text, datetimes as UTC text, numpy scalars and arrays as Python
    values.
    """
    if isinstance(value, (dt.date, dt.datetime)):
        return _moment(value)
    if hasattr(value, "__array__") and getattr(getattr(value, "dtype", None), "kind", "") == "M":
        return _numpy_moment(value)
    if hasattr(value, "tolist"):
        return _finite(value.tolist())
    if isinstance(value, decimal.Decimal):
        return float(value) if value.is_finite() else None
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, Mapping):
        return dict(value)
    if type(value).__name__ in {"NAType", "NaTType"}:
        return None
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def _moment(value: dt.date) -> str | None:
    if value != value:
        return None
    if not isinstance(value, dt.datetime):
        return value.isoformat()
    if value.tzinfo is not None:
        value = value.astimezone(dt.UTC).replace(tzinfo=None)
    return value.isoformat(sep=" ", timespec="milliseconds")


def _numpy_moment(value: Any) -> Any:
    """`datetime64` of day precision is a date, any other a datetime; NaT is null."""
    unit = str(value.dtype)
    exact = value if unit == "datetime64[D]" else value.astype("datetime64[ms]")
    plain = exact.tolist()
    if isinstance(plain, list):
        return [None if item is None else _moment(item) for item in plain]
    return None if plain is None else _moment(plain)
