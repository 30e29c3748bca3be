"""Sightline and Perspective: one API, so one class."""

from __future__ import annotations

import importlib
import itertools
from collections.abc import Callable
from typing import Any

from .. import data
from ..data import Files
from ..work import Load, Output, Query, Stream
from .base import Done, key, nothing

FORMATS = {"csv": "csv", "rows": "json", "columns": "columns"}


class Views:
    """An engine with the Perspective Python API."""

    def __init__(self, module: str) -> None:
        self.module: Any = importlib.import_module(module)
        # What `module.table(...)` uses.
        self.client = self.module.GLOBAL_CLIENT
        self.next_id = 10**9
        self.closers: list[Callable[[], None]] = []

    def version(self) -> str:
        return str(self.module.__version__)

    def prepare(self, files: Files) -> None:
        self.files = files
        self.table = self.client.table(files.path("dictionary").read_bytes())

    def start(self) -> Done:
        client = self.module.Server().new_local_client()
        return nothing, client.table([{"a": 1}]).size()

    def config(self, query: Query) -> dict[str, Any]:
        config: dict[str, Any] = {"columns": query.columns}
        for name in ("group_by", "split_by", "expressions"):
            if value := getattr(query, name):
                config[name] = value
        if query.group_by:
            config["aggregates"] = query.aggregates
        for name in ("filter", "sort"):
            if value := getattr(query, name):
                config[name] = [list(item) for item in value]
        return config

    def query(self, query: Query) -> Done:
        view = self.table.view(**self.config(query))
        return view.delete, self.digest(query, view)

    def digest(self, query: Query, view: Any) -> Any:
        columns = view.to_columns(start_row=0, end_row=query.first)
        paths = columns.pop("__ROW_PATH__", None)
        values = list(zip(*columns.values(), strict=True))
        if paths is None:
            return [list(row) for row in values]
        depth = len(query.group_by)
        return {key(path): list(row) for path, row in zip(paths, values, strict=True) if len(path) == depth}

    def load(self, load: Load) -> Callable[[], Done]:
        path = self.files.path(load.form, load.rows)
        source: bytes | str = path.read_text() if load.form in FORMATS else path.read_bytes()
        options = {"format": FORMATS[load.form]} if load.form in FORMATS else {}
        if load.index:
            options["index"] = load.index

        def work() -> Done:
            table = self.client.table(source, **options)
            return table.delete, table.size()

        return work

    def stream(self, stream: Stream) -> Callable[[], Done]:
        view = self.table.view(**self.config(stream.query))
        deltas: list[bytes] = []
        view.on_update(lambda *args: deltas.append(args[1]), mode="row")
        batches = itertools.count(self.next_id, stream.rows)

        def prepare() -> Callable[[], Done]:
            batch = data.ipc(data.trades(stream.rows, next(batches)))

            def work() -> Done:
                deltas.clear()
                self.table.update(batch)
                view.to_columns(start_row=0, end_row=stream.query.first)
                assert deltas
                return nothing, len(deltas)

            return work

        self.closers.append(view.delete)
        self.next_id += 10**7
        return prepare_each(prepare)

    def output(self, output: Output) -> Callable[[], Done]:
        if output.form == "window":
            view = self.table.view(group_by=["symbol", "venue"], columns=["qty", "price"], aggregates={"price": "avg"})
            self.closers.append(view.delete)
            return lambda: (nothing, len(view.to_columns_string(start_row=100, end_row=200)) > 0)
        view = self.table.view()
        self.closers.append(view.delete)
        end = output.rows or self.files.n_rows
        match output.form:
            case "arrow":
                return lambda: (nothing, len(view.to_arrow()) > 0)
            case "csv":
                return lambda: (nothing, view.to_csv(start_row=0, end_row=end).count("\n") - 1)
            case _:
                return lambda: (nothing, len(view.to_columns_string(start_row=0, end_row=end)) > 0)

    def close(self) -> None:
        """Closes what a piece of work left open between its repetitions."""
        while self.closers:
            self.closers.pop()()


def prepare_each(prepare: Callable[[], Callable[[], Done]]) -> Callable[[], Done]:
    """Work whose input is made anew for each repetition; see `worker`, which calls `next_input` untimed."""
    state: dict[str, Callable[[], Done]] = {}

    def work() -> Done:
        return state["work"]()

    work.next_input = lambda: state.update(work=prepare())  # type: ignore[attr-defined]
    return work
