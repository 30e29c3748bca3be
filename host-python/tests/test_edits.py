"""Write-back: a validator sees what clients want to write, and accepts, changes or rejects it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest
from serving import APPS, connect, tornado_app

from sightline import AsyncServer, Client, Edit, EditRejectedError, PerspectiveError, Server
from sightline._proto import sightline_pb2 as pb
from sightline.handlers import Grant

ROWS = {"k": [1, 2, 3], "s": ["x", "y", "z"]}


def stranger(server: Server) -> Client:
    """A client that is not the application's own."""
    session = server.new_session(lambda data: client.handle_response(data))
    client = Client(session.handle_request)
    return client


def test_a_validator_sees_rows_of_every_format(server: Server) -> None:
    server.new_local_client().table(ROWS, name="t", index="k")
    edits: list[Edit] = []
    server.set_validator("t", edits.append)
    table = stranger(server).open_table("t")
    table.update([{"k": 1, "s": None}])
    table.update({"k": [2], "s": ["b"]})
    table.update("k,s\n3,c\n4,\n")
    table.update('{"k": 5}\n{"k": 6, "s": "f"}\n', format="ndjson")
    table.update(pa.table({"k": pa.array([7], pa.int64()), "s": ["g"]}))
    table.remove([5, 6])
    table.replace([{"k": 9}])
    assert [(edit.kind, edit.rows) for edit in edits] == [
        ("update", [{"k": 1, "s": None}]),
        ("update", [{"k": 2, "s": "b"}]),
        ("update", [{"k": "3", "s": "c"}, {"k": "4"}]),
        ("update", [{"k": 5}, {"k": 6, "s": "f"}]),
        ("update", [{"k": 7, "s": "g"}]),
        ("remove", [5, 6]),
        ("replace", [{"k": 9}]),
    ]
    assert {edit.table for edit in edits} == {"t"}
    assert table.view().to_columns() == {"k": [9], "s": [None]}


def test_a_validator_accepts_changes_and_rejects(server: Server) -> None:
    local = server.new_local_client().table(ROWS, name="t", index="k")

    def validator(edit: Edit) -> Any:
        (row,) = edit.rows
        match row["s"]:
            case "raise":
                raise EditRejectedError("nobody may write that")
            case "false":
                return False
            case "text":
                return "the text says why"
            case "broken":
                raise RuntimeError("a secret of the server")
            case "odd":
                return 7
            case "lower":
                return [{**row, "s": "LOWER"}]
        return True

    server.set_validator("t", validator)
    table = stranger(server).open_table("t")
    table.update([{"k": 1, "s": "fine"}])
    table.update([{"k": 2, "s": "lower"}])
    for text, message in {
        "raise": "nobody may write that$",
        "false": "the edit was rejected",
        "text": "the text says why$",
        "broken": "the edit was rejected: its validator failed$",
        "odd": "its validator gave no list of rows",
    }.items():
        with pytest.raises(PerspectiveError, match=message):
            table.update([{"k": 3, "s": text}])
    assert local.view().to_columns() == {"k": [1, 2, 3], "s": ["fine", "LOWER", "z"]}
    counted = server.metrics()["handlers"]
    assert (counted["edits_accepted"], counted["edits_changed"], counted["edits_rejected"]) == (1, 1, 5)
    # The application itself is not asked about, and a validator can be taken away.
    local.update([{"k": 3, "s": "raise"}])
    server.set_validator("t", None)
    table.update([{"k": 3, "s": "text"}])
    assert local.view().to_columns()["s"] == ["fine", "LOWER", "text"]
    with pytest.raises(TypeError, match="validator"):
        server.set_validator("t", 3)  # type: ignore[arg-type]


def test_an_edit_cannot_hide_from_its_validator(server: Server) -> None:
    table = server.new_local_client().table(ROWS, name="t", index="k")
    server.set_validator("t", lambda _: False)
    request = pb.Request(msg_id=1, entity_id="other")
    request.table_update_req.data.from_rows = '[{"k": 4}]'
    named_twice = request.SerializeToString() + b"\x12\x01t"
    request.entity_id = "t"
    followed = request.SerializeToString() + b"\xfa\x3f\x00"
    answers: list[bytes] = []
    with server.new_session(answers.append) as session:
        for data in (named_twice, followed, b"\xff\xff" + followed):
            session.handle_request(data)
    assert len(answers) == 3
    assert all(pb.Response.FromString(answer).HasField("server_error") for answer in answers)
    assert table.size() == 3


def test_what_cannot_be_read_is_an_error(server: Server) -> None:
    server.new_local_client().table(ROWS, name="t", index="k")
    server.set_validator("t", lambda _: True)
    table = stranger(server).open_table("t")
    for data, form in (("[{", "json"), ("[" * 100_000, "json"), ('{"k": 1}', "columns"), (b"no arrow", "arrow")):
        with pytest.raises(PerspectiveError):
            table.update(data, format=form)
    assert table.size() == 3


@pytest.mark.parametrize("framework", list(APPS))
async def test_handlers_await_validators_and_say_who_it_is(framework: str, server: Server) -> None:
    server.new_local_client().table(ROWS, name="t", index="k")
    seen: list[Any] = []

    async def validator(edit: Edit) -> Any:
        seen.append(edit.identity)
        return "not yours" if edit.identity != "ann" else None

    server.set_validator("t", validator)

    def authorize(request: Any) -> Grant:
        return Grant("all", identity=request.headers["user"])

    app: Callable[..., Any] = APPS[framework]
    async with app(perspective_server=server, authorize=authorize) as port:
        for user in ("ann", "bob"):
            async with connect(port, additional_headers={"user": user}) as client:
                table = await client.open_table("t")
                if user == "ann":
                    await table.update([{"k": 4, "s": "w"}])
                else:
                    with pytest.raises(PerspectiveError, match=r"not yours$"):
                        await table.update([{"k": 5, "s": "v"}])
                assert await table.size() == 4
    assert seen == ["ann", "bob"]


async def test_asynchronous_sessions_await_validators() -> None:
    async with AsyncServer() as server:
        await server.new_local_client().table(ROWS, name="t", index="k")

        async def validator(edit: Edit) -> Any:
            return [{"k": row["k"], "s": "checked"} for row in edit.rows]

        server.set_validator("t", validator)
        answers: list[bytes] = []

        async def note(data: bytes) -> None:
            answers.append(data)

        session = server.new_session(note)
        request = pb.Request(msg_id=1, entity_id="t")
        request.table_update_req.data.from_rows = '[{"k": 1}]'
        await session.handle_request(request.SerializeToString())
        assert pb.Response.FromString(answers[0]).HasField("table_update_resp")
        view = await (await server.new_local_client().open_table("t")).view()
        assert (await view.to_columns())["s"] == ["checked", "y", "z"]


def test_a_coroutine_validator_needs_a_loop(server: Server) -> None:
    server.new_local_client().table(ROWS, name="t", index="k")

    async def validator(_: Edit) -> None:
        """Accepts."""

    server.set_validator("t", validator)
    with pytest.raises(PerspectiveError, match="only handlers and AsyncServer"):
        stranger(server).open_table("t").update([{"k": 1}])


async def test_rejections_are_logged(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    server.new_local_client().table(ROWS, name="t", index="k")
    server.set_validator("t", lambda _: "because")
    with caplog.at_level(logging.INFO, "sightline.edits"):
        async with tornado_app(perspective_server=server, permissions="all") as port, connect(port) as client:
            with pytest.raises(PerspectiveError, match="because"):
                await (await client.open_table("t")).update([{"k": 1}])
    assert caplog.records[-1].getMessage() == "edit_rejected table=t reason=because"
