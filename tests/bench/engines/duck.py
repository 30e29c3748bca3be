"""DuckDB: the same questions as SQL over a table in memory."""

from __future__ import annotations

import datetime
import decimal
import io
import itertools
from collections.abc import Callable
from typing import Any

import duckdb
import pyarrow as pa

from .. import data
from ..data import SIDES, VENUES, Files
from ..work import Load, Output, Query, Stream
from .base import Done, UnsupportedError, key, nothing
from .views import prepare_each

AGGREGATES = {
    "sum": "sum({})",
    "avg": "avg({})",
    "median": "-quantile_disc(-{}, 0.5)",
    "distinct count": "count(distinct {})",
}
SPLITS = {"side": SIDES, "venue": VENUES}


class Duck:
    """An in-memory DuckDB database."""

    def __init__(self) -> None:
        self.db = duckdb.connect()

    def version(self) -> str:
        return duckdb.__version__

    def prepare(self, files: Files) -> None:
        self.files = files
        trades = read(files.path("dictionary").read_bytes())
        self.db.register("source", trades)
        self.db.execute("create table trades as select * replace (cast(symbol as varchar) as symbol) from source")
        self.db.unregister("source")

    def start(self) -> Done:
        db = duckdb.connect()
        return db.close, db.execute("select 1").fetchone()

    def query(self, query: Query) -> Done:
        rows = self.first_rows(query)
        depth = len(query.group_by)
        if not depth:
            return nothing, rows
        return nothing, {key(row[:depth]): list(row[depth:]) for row in rows}

    def first_rows(self, query: Query) -> list[list[Any]]:
        first = self.db.sql(sql(query)).to_arrow_table().slice(0, query.first)
        return [list(map(plain, row)) for row in zip(*(column.to_pylist() for column in first.columns), strict=True)]

    def load(self, load: Load) -> Callable[[], Done]:
        path = self.files.path(load.form if load.form != "columns" else "rows", load.rows)
        if load.form == "columns":
            raise UnsupportedError
        if load.form in ("dictionary", "plain"):
            source = path.read_bytes()

            def work() -> Done:
                trades = read(source)
                self.db.register("source", trades)
                if load.index:
                    schema = ", ".join(
                        f"{name} {kind}" for name, kind, *_ in self.db.execute("describe source").fetchall()
                    )
                    self.db.execute(f"create table loaded ({schema.replace('id BIGINT', 'id BIGINT primary key')})")
                    self.db.execute("insert into loaded select * from source")
                else:
                    self.db.execute("create table loaded as select * from source")
                return self.drop, self.count("loaded")

            return work
        reader = "read_csv" if load.form == "csv" else "read_json"

        def work_file() -> Done:
            self.db.execute(f"create table loaded as select * from {reader}('{path}')")
            return self.drop, self.count("loaded")

        return work_file

    def drop(self) -> None:
        self.db.execute("drop table loaded")

    def count(self, table: str) -> int:
        row = self.db.execute(f"select count(*) from {table}").fetchone()
        assert row is not None
        return int(row[0])

    def stream(self, stream: Stream) -> Callable[[], Done]:
        batches = itertools.count(10**9, stream.rows)

        def prepare() -> Callable[[], Done]:
            batch = data.trades(stream.rows, next(batches), plain=True)

            def work() -> Done:
                self.db.register("batch", batch)
                self.db.execute("insert into trades select * from batch")
                self.db.unregister("batch")
                self.first_rows(stream.query)
                return nothing, 1

            return work

        return prepare_each(prepare)

    def output(self, output: Output) -> Callable[[], Done]:
        if output.form == "arrow":
            return lambda: (nothing, len(data.ipc(self.db.sql("select * from trades").to_arrow_table())) > 0)
        if output.form == "window":
            text = (
                "select symbol, venue, sum(qty), avg(price) from trades group by all order by all limit 100 offset 100"
            )
            self.db.execute(f"create or replace table grouped as {text.partition(' limit')[0]}")
            return lambda: (
                nothing,
                len(str(self.db.execute("select * from grouped limit 100 offset 100").fetchall())) > 0,
            )
        if output.form == "csv":
            path = self.files.folder / "duckdb-out.csv"

            def work() -> Done:
                self.db.execute(f"copy (select * from trades limit {output.rows}) to '{path}' (header, format csv)")
                return nothing, output.rows

            return work
        raise UnsupportedError

    def close(self) -> None:
        """Nothing stays open."""


def sql(query: Query) -> str:
    """The question of a view as SQL; its answer has the columns of the view, keys first."""
    groups = ", ".join(query.group_by)
    selected = []
    for name in query.columns:
        value = query.expressions.get(name, f'"{name}"').replace('"', "")
        if query.group_by:
            value = AGGREGATES[query.aggregates[name]].format(value)
        selected.append((name, value))
    if query.split_by:
        (by,) = query.split_by
        selected = [
            (f"{part} {name}", f"{value} filter ({by} = '{part}')") for part in SPLITS[by] for name, value in selected
        ]
    listed = ", ".join(([groups] if groups else []) + [f'{value} as "{name}"' for name, value in selected])
    text = f"select {listed} from trades"
    if query.filter:
        text += " where " + " and ".join(
            f"{column} {'=' if op == '==' else op} {value!r}" for column, op, value in query.filter
        )
    if groups:
        text += f" group by {groups}"
    if query.sort:
        text += " order by " + ", ".join(f'"{column}" {direction}' for column, direction in query.sort)
    elif groups:
        text += f" order by {groups}"
    # A sorted or grouped view is made whole, so the peers make their result whole too.
    return text if groups or query.sort else f"{text} limit {query.first}"


def read(source: bytes) -> pa.Table:
    with pa.ipc.open_stream(io.BytesIO(source)) as reader:
        return reader.read_all()


def plain(value: Any) -> Any:
    """Values as the other engines give them: dates in milliseconds, sums of integers as integers."""
    if isinstance(value, datetime.datetime):
        return data.epoch_ms(value)
    return int(value) if isinstance(value, decimal.Decimal) else value
