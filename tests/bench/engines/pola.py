"""Polars: the same questions as lazy queries over a frame in memory."""

from __future__ import annotations

import io
import itertools
import json
from collections.abc import Callable
from typing import Any

import polars as pl
import pyarrow as pa

from .. import data
from ..data import Files
from ..work import Load, Output, Query, Stream
from .base import Done, UnsupportedError, key, nothing
from .views import prepare_each

AGGREGATES: dict[str, Callable[[pl.Expr], pl.Expr]] = {
    "sum": pl.Expr.sum,
    "avg": pl.Expr.mean,
    "median": lambda column: column.quantile(0.5, "higher"),
    "distinct count": pl.Expr.n_unique,
}
EXPRESSIONS = {'"price" * "qty"': pl.col("price") * pl.col("qty")}


class Polars:
    """A polars data frame."""

    def version(self) -> str:
        return pl.__version__

    def prepare(self, files: Files) -> None:
        self.files = files
        self.frame = read(files.path("dictionary").read_bytes())

    def start(self) -> Done:
        return nothing, pl.DataFrame({"a": [1]}).height

    def lazy(self, query: Query) -> pl.LazyFrame:
        frame = self.frame.lazy()
        for column, op, value in query.filter:
            frame = frame.filter(pl.col(column) == value if op == "==" else pl.col(column) > value)
        for name, text in query.expressions.items():
            frame = frame.with_columns(EXPRESSIONS[text].alias(name))
        if not query.group_by:
            frame = frame.select(query.columns)
        else:
            values = [AGGREGATES[query.aggregates[name]](pl.col(name)).alias(name) for name in query.columns]
            frame = frame.group_by(query.group_by + query.split_by).agg(values)
            if not query.sort and not query.split_by:
                frame = frame.sort(
                    [pl.col(name).cast(pl.String) if name != "id" else pl.col(name) for name in query.group_by]
                )
        for column, direction in reversed(query.sort):
            frame = frame.sort(column, descending=direction == "desc", maintain_order=False)
        # A sorted or grouped view is made whole, so the peers make their result whole too.
        return frame if query.group_by or query.sort else frame.head(query.first)

    def query(self, query: Query) -> Done:
        frame = self.lazy(query).collect()
        if query.split_by:
            (by,) = query.split_by
            frame = frame.with_columns(pl.col(query.group_by[0]).cast(pl.String), pl.col(by).cast(pl.String))
            wide = frame.pivot(on=by, index=query.group_by, values=query.columns).sort(query.group_by)
            splits = sorted(frame[by].unique().to_list())
            frame = wide.select(query.group_by + [f"{name}_{part}" for part in splits for name in query.columns]).head(
                query.first
            )
        depth = len(query.group_by)
        rows = frame.head(query.first).rows()
        if not depth:
            return nothing, [[milliseconds(value) for value in row] for row in rows]
        return nothing, {key(list(row[:depth])): list(row[depth:]) for row in rows}

    def load(self, load: Load) -> Callable[[], Done]:
        if load.index:
            raise UnsupportedError
        path = self.files.path(load.form, load.rows)
        source = path.read_bytes()

        def work() -> Done:
            match load.form:
                case "csv":
                    frame = pl.read_csv(source, try_parse_dates=True)
                case "rows":
                    frame = pl.read_json(source)
                case "columns":
                    frame = pl.DataFrame(json.loads(source))
                case _:
                    frame = read(source)
            return nothing, frame.height

        return work

    def stream(self, stream: Stream) -> Callable[[], Done]:
        batches = itertools.count(10**9, stream.rows)

        def prepare() -> Callable[[], Done]:
            batch = cast(pl.from_arrow(data.trades(stream.rows, next(batches)))).select(self.frame.columns)

            def work() -> Done:
                self.frame = pl.concat([self.frame, batch], rechunk=False)
                self.lazy(stream.query).collect().head(stream.query.first).rows()
                return nothing, 1

            return work

        return prepare_each(prepare)

    def output(self, output: Output) -> Callable[[], Done]:
        match output.form:
            case "arrow":

                def arrow() -> Done:
                    sink = io.BytesIO()
                    self.frame.write_ipc_stream(sink)
                    return nothing, sink.tell() > 0

                return arrow
            case "csv":
                return lambda: (nothing, self.frame.head(output.rows or 0).write_csv().count("\n") - 1)
            case "columns":
                return lambda: (
                    nothing,
                    len(json.dumps(self.frame.head(output.rows or 0).to_dict(as_series=False), default=str)) > 0,
                )
            case _:
                grouped = self.lazy(Query(group_by=["symbol", "venue"])).collect()
                return lambda: (nothing, len(json.dumps(grouped.slice(100, 100).to_dict(as_series=False))) > 0)

    def close(self) -> None:
        """Nothing stays open."""


def read(source: bytes) -> pl.DataFrame:
    with pa.ipc.open_stream(io.BytesIO(source)) as reader:
        return cast(pl.from_arrow(reader.read_all()))


def cast(frame: Any) -> pl.DataFrame:
    assert isinstance(frame, pl.DataFrame)
    return frame


def milliseconds(value: Any) -> Any:
    """Dates as the other engines give them."""
    return data.epoch_ms(value) if hasattr(value, "timestamp") else value
