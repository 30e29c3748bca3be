"""Messages that kill or freeze the reference: each is answered, and the server goes on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa
import pytest

import sightline
from sightline import PerspectiveError, Server
from sightline._proto import sightline_pb2 as pb

ROWS = {"c": ["x", "y"], "n": [1, 2]}
MAX = 2**32 - 1


@pytest.fixture
def table() -> Iterator[sightline.Table]:
    with Server(request_timeout=60) as server:
        yield server.new_local_client().table(ROWS, name="t")


def survives(table: sightline.Table) -> None:
    """The engine still answers, and the table is as it was."""
    assert table.view().to_columns() == ROWS
    assert table.get_client().get_hosted_table_names() == ["t"]


REFUSED: dict[str, Callable[[sightline.Table], Any]] = {
    "json scalar": lambda t: t.get_client().table("1", format="json"),
    "json scalar update": lambda t: t.update("1", format="json"),
    "deep json": lambda t: t.get_client().table("[" * 100_000 + "]" * 100_000, format="json"),
    "deep json update": lambda t: t.update("[" * 100_000, format="json"),
    "deep expression": lambda t: t.view(expressions={"e": "(" * 100_000 + "1" + ")" * 100_000}),
    "broken arrow": lambda t: t.update(b"ARROW1\0\0" + bytes(range(256))),
    "comparison without operand": lambda t: t.view(filter=[["n", ">", []]]),
}


@pytest.mark.parametrize("name", list(REFUSED))
def test_hostile_requests_are_refused(table: sightline.Table, name: str) -> None:
    with pytest.raises(PerspectiveError) as caught:
        REFUSED[name](table)
    assert not isinstance(caught.value, sightline.EngineError)
    survives(table)


def test_strings_that_double_are_stopped(table: sightline.Table) -> None:
    text = "var s := 'abcdefgh'; " + "s := concat(s, s); " * 40 + "s"
    try:
        table.view(expressions={"e": text}).to_columns()
    except PerspectiveError as error:
        assert not isinstance(error, sightline.EngineError)
    survives(table)


def test_writes_beyond_a_vector_are_stopped(table: sightline.Table) -> None:
    try:
        table.view(expressions={"e": "var v[2] := {1, 2}; v[1000000] := 5; v[0]"}).to_columns()
    except PerspectiveError as error:
        assert not isinstance(error, sightline.EngineError)
    survives(table)


def test_dictionary_of_integers_loads(table: sightline.Table) -> None:
    column = pa.DictionaryArray.from_arrays(pa.array([0, 1, 0], pa.int32()), pa.array([7, 8], pa.int64()))
    with table.get_client().table(pa.table({"d": column})) as other:
        assert other.view().to_columns() == {"d": [7, 8, 7]}
    survives(table)


@pytest.mark.parametrize("config", [{}, {"group_by": ["c"]}, {"group_by": ["c"], "split_by": ["n"]}], ids=str)
def test_windows_beyond_every_edge(table: sightline.Table, config: dict[str, Any]) -> None:
    view = table.view(**config)
    for window in ({"end_col": MAX}, {"end_row": MAX}, {"start_col": MAX}, {"start_row": MAX, "end_row": 1}):
        for output in (view.to_columns, view.to_records, view.to_csv, view.to_arrow, view.to_ndjson):
            output(**window)
    assert isinstance(view.column_paths(start_col=5, end_col=1), list)
    assert (view.expand(2**31), view.collapse(MAX)) == (0, 0)
    view.set_depth(MAX)
    view.delete()
    survives(table)


@pytest.mark.parametrize("data", [b"", b"\x08\x01", b"\xff" * 50, b"\x1a\xff\xff\xff\xff\x0f", bytes(1000)], ids=len)
def test_bytes_that_are_no_request(table: sightline.Table, data: bytes) -> None:
    session: Any = table.get_client()._handle_request
    answers: list[bytes] = []
    with session.__self__._server.new_session(answers.append) as stranger:
        stranger.handle_request(data)
    assert all(pb.Response.FromString(answer).HasField("server_error") for answer in answers)
    survives(table)


def test_first_row_reaches_two_grouped_views_among_threads() -> None:
    with Server() as server:
        table = server.new_local_client().table({"k": "string", "n": "integer"}, name="t")
        views = [table.view(group_by=["k"]), table.view(group_by=["n"])]
        heard = [0, 0]

        def listen(number: int) -> Callable[..., None]:
            def note(*_: Any) -> None:
                heard[number] += 1
                views[number].to_columns()

            return note

        for number, view in enumerate(views):
            view.on_update(listen(number))
        threads = [threading.Thread(target=table.update, args=([{"k": "a", "n": 1}],)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
            assert not thread.is_alive()
        assert table.size() == 4
        assert heard == [4, 4]
