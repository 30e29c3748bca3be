"""Turns what a module answers into JSON-able values that can be stored and compared.

Arrow bytes become their fields and values, so that two encodings of the same data are equal; data frames likewise.
Errors keep their message and the names of the exception's classes.
"""

from __future__ import annotations

import base64
import datetime
import decimal
import math
from typing import Any

import pyarrow as pa


def encode(value: Any) -> Any:
    """A JSON-able form of an answer."""
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else {"$float": str(value)}
        case bytes():
            return encode_bytes(value)
        case dict():
            return {str(key): encode(item) for key, item in value.items()}
        case list() | tuple():
            return [encode(item) for item in value]
        case datetime.datetime():
            whole = value if value.tzinfo else value.replace(tzinfo=datetime.UTC)
            return {"$datetime": round(whole.timestamp() * 1000)}
        case datetime.date():
            return {"$date": value.isoformat()}
        case datetime.time() | datetime.timedelta() | decimal.Decimal():
            return {f"${type(value).__name__.lower()}": str(value)}
    if type(value).__name__ == "DataFrame":
        return encode_frame(value)
    return {"$object": type(value).__name__}


def encode_bytes(value: bytes) -> Any:
    try:
        with pa.ipc.open_stream(value) as reader:
            data = reader.read_all()
    except pa.ArrowInvalid:
        return {"$base64": base64.b64encode(value).decode()}
    return {"$arrow": [[field.name, str(field.type), encode(data.column(i).to_pylist())] for i, field in enumerate(data.schema)]}


def encode_frame(value: Any) -> Any:
    """A pandas or polars frame as (name, type, values); missing values are None in both."""
    if hasattr(value, "to_dicts"):
        return {"$polars": [[name, str(value[name].dtype).split("(")[0], encode(value[name].to_list())] for name in value.columns]}
    columns = []
    for name in value.columns:
        values = [None if item is None or item != item else item for item in value[name].tolist()]
        columns.append([str(name), str(value[name].dtype), encode(values)])
    return {"$pandas": columns}


def encode_error(error: BaseException, own_error: type[BaseException]) -> Any:
    """An exception; the module's own error class goes by its public name."""
    kinds = ["PerspectiveError" if kind is own_error else kind.__name__ for kind in type(error).__mro__]
    return {"$error": str(error), "kinds": kinds[: kinds.index("BaseException")] if "BaseException" in kinds else kinds}
