"""The reference's own client, over a websocket, on our Tornado server."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AsyncExitStack
from typing import Any

import perspective
import pyarrow as pa
import pytest
import websockets.sync.client
from serving import PATH, tornado_app
from support import LoopThread

import sightline


@pytest.fixture
def reference(server: sightline.Server) -> Iterator[perspective.Client]:
    """perspective-python's client, connected to `server`."""
    loop = LoopThread()
    stack = AsyncExitStack()
    port = loop.run(stack.enter_async_context(tornado_app(perspective_server=server, permissions="all")))
    with websockets.sync.client.connect(f"ws://127.0.0.1:{port}{PATH}", max_size=None, proxy=None) as websocket:
        client = perspective.Client(websocket.send)

        def receive() -> None:
            for message in websocket:
                client.handle_response(message)

        thread = threading.Thread(target=receive, daemon=True)
        thread.start()
        yield client
        websocket.close()
        thread.join(30)
    loop.run(stack.aclose())
    loop.close()


def test_tables_and_views(reference: perspective.Client) -> None:
    table = reference.table({"c": ["x", "y", "x"], "n": [1, 2, 3]}, name="t")
    assert (table.size(), table.columns(), table.schema()) == (3, ["c", "n"], {"c": "string", "n": "integer"})
    view = table.view(group_by=["c"], columns=["n"], sort=[["n", "desc"]])
    assert view.to_columns() == {"__ROW_PATH__": [[], ["x"], ["y"]], "n": [6, 4, 2]}
    assert view.get_config()["sort"] == [("n", "desc")]
    assert view.dimensions()["num_view_rows"] == 3
    assert pa.ipc.open_stream(view.to_arrow()).read_all().column_names == ["c", "n"]
    assert view.to_csv().splitlines()[0] == '"c","n"'
    assert reference.open_table("t").size() == 3
    view.delete()
    with pytest.raises(perspective.PerspectiveError, match="View not found"):
        view.num_rows()
    table.delete()
    assert reference.get_hosted_table_names() == []


def test_updates_are_heard(reference: perspective.Client, server: sightline.Server) -> None:
    table = reference.table({"k": [1], "n": [1]}, index="k", name="t")
    view = table.view()
    heard = threading.Event()
    calls: list[Any] = []

    def note(port: int, delta: bytes) -> None:
        calls.append((port, pa.ipc.open_stream(delta).read_all().to_pylist()))
        heard.set()

    view.on_update(note, mode="row")
    # Subscribing is not answered; the next answer says that it has arrived.
    view.num_rows()
    server.new_local_client().open_table("t").update([{"k": 1, "n": 5}])
    assert heard.wait(30)
    assert calls == [(0, [{"k": 1, "n": 5}])]


def test_expressions_and_column_paths(reference: perspective.Client) -> None:
    table = reference.table({"c": ["x", "y"], "n": [1, 2]})
    checked = table.validate_expressions({"twice": '"n" * 2', "wrong": '"zz"'})
    assert checked["expression_schema"] == {"twice": "float"}
    assert list(checked["errors"]) == ["wrong"]
    view = table.view(expressions={"twice": '"n" * 2'}, split_by=["c"], columns=["twice"])
    assert view.column_paths() == [["x", "y"], ["twice", "twice"]]
    assert view.expression_schema() == {"twice": "float"}


def test_joins_derived_tables_and_errors(reference: perspective.Client) -> None:
    left = reference.table({"k": [1, 2], "a": [1, 2]}, index="k", name="l")
    right = reference.table({"k": [1], "b": [9]}, index="k", name="r")
    joined = reference.join(left, right, "k", name="j")
    assert joined.view().to_columns() == {"k": [1], "a": [1], "b": [9]}
    derived = reference.table(left.view())
    left.update([{"k": 3, "a": 3}])
    assert derived.size() == 3
    with pytest.raises(perspective.PerspectiveError, match="Cannot update a read-only join table"):
        joined.update([{"k": 1}])
