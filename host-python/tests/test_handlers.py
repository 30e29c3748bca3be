"""The websocket handlers, over real sockets on loopback."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import websockets.asyncio.client
import websockets.exceptions
from serving import APPS, PATH, connect, tornado_app
from support import RawSocket, resident_bytes

from sightline import AsyncServer, PerspectiveError, Server
from sightline._proto import sightline_pb2 as pb
from sightline.handlers import Grant
from sightline.handlers._queue import SendQueue, SlowClientError

ROWS = {"k": [1, 2, 3], "s": ["x", "y", "z"]}


@pytest.fixture(params=list(APPS))
def app(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """Each framework in turn."""
    found: Callable[..., Any] = APPS[request.param]
    return found


async def until(condition: Callable[[], bool]) -> None:
    """Lets the loop run until something holds."""
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.001)


async def test_remote_client_reads_and_hears(app: Callable[..., Any], server: Server) -> None:
    table = server.new_local_client().table(ROWS, name="t", index="k")
    async with app(perspective_server=server) as port, connect(port) as client:
        assert await client.get_hosted_table_names() == ["t"]
        remote = await client.open_table("t")
        view = await remote.view(sort=[["k", "desc"]])
        calls: list[Any] = []
        await view.on_update(lambda port, delta: calls.append(len(delta)), mode="row")
        # Subscribing is not answered; the next answer says that it has arrived.
        await remote.size()
        await asyncio.to_thread(table.update, [{"k": 4, "s": "w"}])
        await until(lambda: len(calls) == 1)
        assert await view.to_columns() == {"k": [4, 3, 2, 1], "s": ["w", "z", "y", "x"]}


async def test_remote_client_writes_when_granted(app: Callable[..., Any], server: Server) -> None:
    local = server.new_local_client()
    async with app(perspective_server=server, permissions="all") as port, connect(port) as client:
        remote = await client.table(ROWS, name="t", index="k")
        table = await asyncio.to_thread(local.open_table, "t")
        view = await asyncio.to_thread(table.view)
        calls: list[threading.Thread] = []
        await asyncio.to_thread(view.on_update, lambda *_: calls.append(threading.current_thread()))
        await remote.update([{"k": 4, "s": "w"}])
        await until(lambda: len(calls) == 1)
        assert calls == [threading.current_thread()]
        assert await asyncio.to_thread(table.size) == 4


async def test_local_callbacks_run_on_the_executor(server: Server) -> None:
    table = server.new_local_client().table(ROWS, name="t", index="k")
    calls: list[str] = []
    table.view().on_update(lambda *_: calls.append(threading.current_thread().name))
    with ThreadPoolExecutor(1, thread_name_prefix="mine") as executor:
        async with (
            tornado_app(perspective_server=server, permissions="all", executor=executor) as port,
            connect(port) as client,
        ):
            await (await client.open_table("t")).update([{"k": 1, "s": "q"}])
            await until(lambda: bool(calls))
    assert calls[0].startswith("mine")


async def test_answers_keep_the_order_of_requests(app: Callable[..., Any], server: Server) -> None:
    server.new_local_client().table(ROWS, name="t")
    request = pb.Request(entity_id="t", table_size_req=pb.TableSizeReq())
    async with app(perspective_server=server) as port:
        async with websockets.asyncio.client.connect(f"ws://127.0.0.1:{port}{PATH}", proxy=None) as websocket:
            for number in range(1, 301):
                request.msg_id = number
                await websocket.send(request.SerializeToString())
            answers = [pb.Response.FromString(await websocket.recv()) for _ in range(300)]  # type: ignore[arg-type]
    assert [answer.msg_id for answer in answers] == list(range(1, 301))
    assert {answer.table_size_resp.size for answer in answers} == {3}


async def test_text_is_ignored_and_garbage_answered_or_dropped(app: Callable[..., Any], server: Server) -> None:
    async with app(perspective_server=server) as port:
        async with websockets.asyncio.client.connect(f"ws://127.0.0.1:{port}{PATH}", proxy=None) as websocket:
            await websocket.send("text")
            for garbage in (b"", b"\xff\xff", b"\x08\x05"):
                await websocket.send(garbage)
            request = pb.Request(msg_id=9, get_hosted_tables_req=pb.GetHostedTablesReq())
            await websocket.send(request.SerializeToString())
            async with asyncio.timeout(30):
                while pb.Response.FromString(await websocket.recv()).msg_id != 9:  # type: ignore[arg-type]
                    pass


async def test_session_goes_with_the_socket(app: Callable[..., Any], server: Server) -> None:
    local = server.new_local_client()
    table = local.table(ROWS, name="t")
    async with app(perspective_server=server) as port:
        async with connect(port) as client:
            await (await client.open_table("t")).view()
            with pytest.raises(PerspectiveError, match="Cannot delete table with views"):
                await asyncio.to_thread(table.delete)
        await until(lambda: server.stats()["sessions"] == 1)
    table.delete()


async def test_authorize_sees_the_request_and_decides(app: Callable[..., Any], server: Server) -> None:
    server.new_local_client().table(ROWS, name="t")
    seen: list[str | None] = []

    async def authorize(request: Any) -> Any:
        token = request.headers.get("Authorization")
        seen.append(token)
        if token == "broken":
            raise RuntimeError("no such user")
        return {"root": "all", "user": True, "guest": Grant("read")}.get(token, False)

    async with app(perspective_server=server, authorize=authorize) as port:
        for token in ("nobody", "broken"):
            with pytest.raises(websockets.exceptions.InvalidStatus) as refused:
                async with connect(port, additional_headers={"Authorization": token}):
                    pass
            assert refused.value.response.status_code == 403
        for token in ("root", "user", "guest"):
            async with connect(port, additional_headers={"Authorization": token}) as client:
                assert await client.get_hosted_table_names() == ["t"]
    assert seen == ["nobody", "broken", "root", "user", "guest"]


async def test_foreign_pages_can_be_kept_out(app: Callable[..., Any], server: Server) -> None:
    async with app(perspective_server=server, allowed_origins=["https://good.example"]) as port:
        async with connect(port, origin="https://good.example") as client:
            assert await client.get_hosted_table_names() == []
        with pytest.raises(websockets.exceptions.InvalidStatus):
            async with connect(port, origin="https://bad.example"):
                pass


REQUESTS: dict[str, Callable[[Any, Any], Any]] = {
    "create": lambda client, table: client.table({"a": [1]}),
    "join": lambda client, table: client.join(table, table, "k"),
    "update": lambda client, table: table.update([{"k": 1}]),
    "replace": lambda client, table: table.replace([{"k": 1}]),
    "remove": lambda client, table: table.remove([1]),
    "clear": lambda client, table: table.clear(),
    "delete": lambda client, table: table.delete(),
}
NEEDS = {
    "create": "create",
    "join": "create",
    "update": "update",
    "remove": "remove",
    "clear": "remove",
    "delete": "delete",
}


@pytest.mark.parametrize("grant", ["read", "create", "update", "remove", "delete"])
@pytest.mark.parametrize("request_name", list(NEEDS))
async def test_permission_matrix(server: Server, grant: str, request_name: str) -> None:
    server.new_local_client().table(ROWS, name="t", index="k")
    async with tornado_app(perspective_server=server, permissions=grant) as port, connect(port) as client:
        table = await client.open_table("t")
        assert (await (await table.view()).to_columns())["k"] == [1, 2, 3]
        if NEEDS[request_name] == grant:
            if request_name == "join":
                return
            await REQUESTS[request_name](client, table)
        else:
            with pytest.raises(PerspectiveError, match="permi"):
                await REQUESTS[request_name](client, table)
            assert await table.size() == 3


async def test_row_filter_hides_rows(server: Server) -> None:
    server.new_local_client().table(ROWS, name="t", index="k")
    grant = Grant("read", row_filter={"t": [["s", "!=", "y"]]})
    async with tornado_app(perspective_server=server, authorize=lambda _: grant) as port, connect(port) as client:
        view = await (await client.open_table("t")).view()
        assert await view.to_columns() == {"k": [1, 3], "s": ["x", "z"]}


async def test_large_messages_are_refused(app: Callable[..., Any], server: Server) -> None:
    async with (
        app(perspective_server=server, permissions="all", max_message_size=10_000) as port,
        connect(port) as client,
    ):
        await client.table({"a": ["x" * 100]})
        with pytest.raises(PerspectiveError):
            await client.table({"a": ["x" * 20_000]})


async def test_client_that_does_not_read_is_bounded_and_dropped(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    table = server.new_local_client().table({"k": "integer", "s": "string"}, name="t", index="k")
    limit = 1_000_000
    async with tornado_app(perspective_server=server, max_queue_bytes=limit) as port:
        slow = await RawSocket.connect(port, PATH)
        make = pb.TableMakeViewReq(view_id="v")
        await slow.send(pb.Request(msg_id=1, entity_id="t", table_make_view_req=make).SerializeToString())
        rows = pb.ViewOnUpdateReq(mode=pb.ViewOnUpdateReq.ROW)
        await slow.send(pb.Request(msg_id=2, entity_id="v", view_on_update_req=rows).SerializeToString())
        await slow.receive()
        before = resident_bytes()
        text = "x" * 1000
        rounds = 0
        async with asyncio.timeout(60):
            while server.stats()["sessions"] == 2:
                batch = [{"k": number, "s": f"{text}{rounds}{number}"} for number in range(200)]
                await asyncio.to_thread(table.update, batch)
                rounds += 1
        assert rounds * 200 * 1000 > limit
        assert resident_bytes() - before < 200_000_000
        slow.close()
    assert server.metrics()["handlers"]["slow_clients"] == 1
    # It is a line in the log, and no error: also not one of the frameworks about a send that is given up.
    assert [record.levelname for record in caplog.records if record.levelno >= 30] == ["WARNING"]


async def test_notices_for_a_slow_client_are_merged() -> None:
    queue = SendQueue(asyncio.get_running_loop(), max_bytes=100)
    notice = pb.Response(msg_id=1, view_on_update_resp=pb.ViewOnUpdateResp(port_id=0)).SerializeToString()
    for _ in range(1000):
        queue.put(notice, True)
    assert queue.size == len(notice)
    queue.put(b"answer", False)
    assert [await queue.get(), await queue.get()] == [notice, b"answer"]
    queue.put(notice, True)
    assert await queue.get() == notice


async def test_queue_is_bounded_but_lets_one_large_answer_through() -> None:
    queue = SendQueue(asyncio.get_running_loop(), max_bytes=100)
    queue.put(bytes(1000), False)
    assert len(await queue.get()) == 1000
    queue.put(bytes(60), False)
    queue.put(bytes(60), False)
    assert queue.size == 0
    with pytest.raises(SlowClientError, match="max_queue_bytes"):
        await queue.get()


async def test_loop_keeps_its_beat_while_clients_load(server: Server) -> None:
    async with tornado_app(perspective_server=server, permissions="all") as port, connect(port) as client:
        table = await client.table({"a": "float"})
        load = asyncio.ensure_future(table.update("a\n" + "1.5\n" * 200_000))
        beats = 0
        while not load.done():
            await asyncio.sleep(0)
            beats += 1
        assert beats > 10
        assert await table.size() == 200_000


async def test_closing_the_server_tells_its_clients(app: Callable[..., Any]) -> None:
    server = Server()
    async with app(perspective_server=server) as port:
        async with websockets.asyncio.client.connect(f"ws://127.0.0.1:{port}{PATH}", proxy=None) as websocket:
            request = pb.Request(msg_id=9, get_hosted_tables_req=pb.GetHostedTablesReq())
            await websocket.send(request.SerializeToString())
            await websocket.recv()
            server.close()
            with pytest.raises(websockets.exceptions.ConnectionClosed) as closed:
                await websocket.recv()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1001


async def test_servers_of_other_kinds_are_served(app: Callable[..., Any]) -> None:
    """A virtual server, for example, has blocking sessions and no permissions."""
    with Server() as behind:

        class Other:
            def new_session(self, callback: Callable[[bytes], None]) -> Any:
                return behind.new_session(callback)

        async with app(perspective_server=Other()) as port, connect(port) as client:
            table = await client.table(ROWS, name="t")
            assert await table.size() == 3


async def test_asynchronous_server_is_served() -> None:
    async with AsyncServer() as server:
        await server.new_local_client().table(ROWS, name="t")
        async with tornado_app(perspective_server=server) as port, connect(port) as client:
            assert await (await client.open_table("t")).size() == 3


def test_grants_are_checked(server: Server) -> None:
    for wrong, kind in (("write", ValueError), (["read", "nonsense"], ValueError), (3, TypeError)):
        with pytest.raises(kind, match="permission"):
            server.new_session(lambda _: None, permissions=wrong)  # type: ignore[arg-type]
