"""Turns the tagged inputs of a scenario into the Python objects that a module is called with.

| tag | becomes |
|---|---|
| (a list or dict without tag) | itself |
| `$csv`, `$text` | `str` |
| `$schema` | a dict of column name to type name; `$pyschema` to Python types |
| `$arrow` | Arrow IPC bytes |
| `$bytes` | bytes, written as hexadecimal |
| `$pyarrow`, `$pandas`, `$polars`, `$lazy` | data frames |
| `$view`, `$table` | an object made by an earlier step |
"""

from __future__ import annotations

import datetime
import decimal
import io
import re
from collections.abc import Mapping
from typing import Any

import pyarrow as pa

PYTHON_TYPES = {
    "int": int,
    "float": float,
    "str": str,
    "bool": bool,
    "date": datetime.date,
    "datetime": datetime.datetime,
}


def resolve(value: Any, known: Mapping[str, Any]) -> Any:
    """The Python object that a tagged input stands for; anything untagged is returned as it is."""
    if not (isinstance(value, dict) and len(value) == 1):
        return value
    ((tag, body),) = value.items()
    match tag:
        case "$csv" | "$text":
            return body
        case "$schema":
            return dict(body)
        case "$pyschema":
            return {name: PYTHON_TYPES[kind] for name, kind in body.items()}
        case "$arrow":
            return arrow_bytes(**body)
        case "$bytes":
            return bytes.fromhex(body)
        case "$pyarrow":
            return arrow_table(body["fields"])
        case "$pandas":
            return pandas_frame(**body)
        case "$polars" | "$lazy":
            import polars

            frame = polars.from_arrow(arrow_table(body["fields"]))
            assert isinstance(frame, polars.DataFrame)
            return frame.lazy() if tag == "$lazy" else frame
        case "$view" | "$table":
            return known[body]
        case _:
            return value


def pandas_frame(fields: list[list[Any]], index: str | None = None, categories: tuple[str, ...] = ()) -> Any:
    """A pandas frame, optionally with a named index column and categorical columns."""
    frame = arrow_table(fields).to_pandas()
    for name in categories:
        frame[name] = frame[name].astype("category")
    return frame.set_index(index) if index else frame


def arrow_table(fields: list[list[Any]]) -> pa.Table:
    """A pyarrow table from lists of (name, type, values)."""
    arrays = [array(kind, values) for _, kind, values in fields]
    return pa.Table.from_arrays(arrays, names=[name for name, _, _ in fields])


def arrow_bytes(
    fields: list[list[Any]], file: bool = False, compression: str | None = None, batch_rows: int | None = None
) -> bytes:
    """Arrow IPC, as a stream or a file."""
    sink = io.BytesIO()
    data = arrow_table(fields)
    options = pa.ipc.IpcWriteOptions(compression=compression)
    opener = pa.ipc.new_file if file else pa.ipc.new_stream
    with opener(sink, data.schema, options=options) as writer:
        writer.write_table(data, max_chunksize=batch_rows)
    return sink.getvalue()


def array(kind: str, values: list[Any]) -> pa.Array:
    """A pyarrow array of JSON values; numbers that JSON cannot say are written as strings ("NaN", "1.50")."""
    of = arrow_type(kind)
    if pa.types.is_dictionary(of):
        return array_of(values, of.value_type).dictionary_encode().cast(of)
    return array_of(values, of)


def array_of(values: list[Any], of: pa.DataType) -> pa.Array:
    if pa.types.is_floating(of):
        values = [float(value) if isinstance(value, str) else value for value in values]
    elif pa.types.is_decimal(of):
        values = [None if value is None else decimal.Decimal(value) for value in values]
    elif pa.types.is_binary(of) or pa.types.is_large_binary(of):
        values = [None if value is None else value.encode() for value in values]
    elif pa.types.is_map(of):
        values = [None if value is None else [tuple(pair) for pair in value] for value in values]
    return pa.array(values, of)


def arrow_type(text: str) -> pa.DataType:
    """Reads type names such as `int8`, `timestamp[ms;UTC]`, `dictionary<int8;string>`, `struct<a:int32;b:string>`."""
    if found := re.fullmatch(r"(\w+)<(.*)>", text):
        outer, inner = found.groups()
        parts = split_parts(inner)
        match outer:
            case "dictionary":
                return pa.dictionary(arrow_type(parts[0]), arrow_type(parts[1]))
            case "list":
                return pa.list_(arrow_type(parts[0]))
            case "large_list":
                return pa.large_list(arrow_type(parts[0]))
            case "fixed_size_list":
                return pa.list_(arrow_type(parts[0]), int(parts[1]))
            case "map":
                return pa.map_(arrow_type(parts[0]), arrow_type(parts[1]))
            case "struct":
                pairs = (part.split(":", 1) for part in parts)
                return pa.struct([(name, arrow_type(kind)) for name, kind in pairs])
    if found := re.fullmatch(r"timestamp\[(\w+);(.+)\]", text):
        return pa.timestamp(found[1], found[2])
    if found := re.fullmatch(r"decimal(128|256)\((\d+),(\d+)\)", text):
        make = pa.decimal128 if found[1] == "128" else pa.decimal256
        return make(int(found[2]), int(found[3]))
    return pa.string_view() if text == "string_view" else pa.type_for_alias(text)


def split_parts(text: str) -> list[str]:
    """Splits at the semicolons that are not inside angle brackets."""
    parts, depth = [""], 0
    for char in text:
        depth += {"<": 1, ">": -1}.get(char, 0)
        if char == ";" and depth == 0:
            parts.append("")
        else:
            parts[-1] += char
    return parts
