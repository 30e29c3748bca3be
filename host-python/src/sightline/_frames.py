"""Arrow bytes of a view to data frames, and views to HTML. The libraries are imported when they are asked for."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["arrow_capsule", "html_table", "to_pandas", "to_polars"]


def to_pandas(arrow: bytes) -> Any:
    """A pandas.DataFrame: text as categoricals, datetimes as datetime64[ms], dates as objects.

    Raises:
        ImportError: pandas or pyarrow is not installed.
    """
    try:
        import pandas  # noqa: F401
        import pyarrow as pa
    except ImportError as error:
        raise ImportError(f"a view becomes a pandas.DataFrame with {error.name}: pip install {error.name}") from None
    with pa.ipc.open_stream(arrow) as reader:
        return reader.read_pandas()


def to_polars(arrow: bytes) -> Any:
    """A polars.DataFrame: text as categoricals.

    Raises:
        ImportError: polars is not installed.
    """
    try:
        import polars as pl
    except ImportError:
        raise ImportError("a view becomes a polars.DataFrame with polars: pip install polars") from None
    return pl.read_ipc_stream(arrow)


def arrow_capsule(arrow: bytes, requested_schema: object | None) -> object:
    """A PyCapsule with an `ArrowArrayStream`, for any library that speaks the Arrow C data interface.

    Raises:
        ImportError: neither pyarrow nor polars is installed.
    """
    try:
        import pyarrow as pa
    except ImportError:
        return to_polars(arrow).__arrow_c_stream__(requested_schema)
    return pa.ipc.open_stream(arrow).__arrow_c_stream__(requested_schema)


def html_table(caption: str, columns: Mapping[str, Sequence[Any]], total: int) -> str:
    """A small HTML table for notebooks; every text is escaped."""
    head = "".join(f"<th>{html.escape(str(name))}</th>" for name in columns)
    rows = "".join(
        "<tr>" + "".join(f"<td>{'' if cell is None else html.escape(str(cell))}</td>" for cell in row) + "</tr>"
        for row in zip(*columns.values(), strict=False)
    )
    shown = max((len(column) for column in columns.values()), default=0)
    rest = f"<p>{shown} of {total} rows</p>" if shown < total else ""
    body = f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody>"
    return f"<table><caption>{html.escape(caption)}</caption>{body}</table>{rest}"
