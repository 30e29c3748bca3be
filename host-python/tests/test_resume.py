"""Sessions that outlive their socket: by token, within a grace time, with nothing lost."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pyarrow as pa
import pytest
import websockets.asyncio.client
import websockets.exceptions
from serving import APPS, PATH, aiohttp_app, connect, tornado_app

from sightline import Server
from sightline._proto import sightline_pb2 as pb
from sightline.handlers import Grant, shut_down

ROWS = {"k": [1, 2, 3], "s": ["x", "y", "z"]}


@pytest.fixture(params=list(APPS))
def app(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """Each framework in turn."""
    found: Callable[..., Any] = APPS[request.param]
    return found


class Resuming:
    """A client that counts what it receives, and can lose its socket."""

    def __init__(self, socket: Any, hello: dict[str, Any]) -> None:
        self.socket = socket
        self.hello = hello
        self.received = hello["next"]

    async def ask(self, request: pb.Request) -> pb.Response:
        """Sends a request and gives the next message."""
        await self.socket.send(request.SerializeToString())
        return await self.next()

    async def next(self) -> pb.Response:
        """The next message."""
        async with asyncio.timeout(30):
            data = await self.socket.recv()
        self.received += 1
        return pb.Response.FromString(data)

    async def lose(self) -> None:
        """The connection breaks without a word."""
        self.socket.transport.abort()
        await self.socket.wait_closed()


@asynccontextmanager
async def dial(port: int, query: str, **options: Any) -> AsyncIterator[Resuming]:
    url = f"ws://127.0.0.1:{port}{PATH}?{query}"
    async with websockets.asyncio.client.connect(url, max_size=None, proxy=None, **options) as socket:
        yield Resuming(socket, json.loads(await socket.recv()))


def resume(hello: dict[str, Any], received: int | str) -> str:
    return f"sightline-session={hello['session']}&received={received}"


async def subscribe(client: Resuming, view: str = "v") -> None:
    """Makes a view of `t` and hears of its rows."""
    make = pb.Request(msg_id=1, entity_id="t", table_make_view_req=pb.TableMakeViewReq(view_id=view))
    assert (await client.ask(make)).HasField("table_make_view_resp")
    rows = pb.ViewOnUpdateReq(mode=pb.ViewOnUpdateReq.ROW)
    await client.socket.send(pb.Request(msg_id=2, entity_id=view, view_on_update_req=rows).SerializeToString())
    size = pb.Request(msg_id=3, entity_id="t", table_size_req=pb.TableSizeReq())
    assert (await client.ask(size)).table_size_resp.size == 3


def delta_of(response: pb.Response) -> Any:
    assert response.msg_id == 2
    return pa.ipc.open_stream(response.view_on_update_resp.delta).read_all().to_pydict()


async def parked(server: Server) -> None:
    """Comes back when the server has noticed that the client is gone."""
    async with asyncio.timeout(30):
        while not any(one._expiry for one in server._resumable.values()):
            await asyncio.sleep(0.001)


async def test_what_was_missed_follows(app: Callable[..., Any], server: Server) -> None:
    table = server.new_local_client().table(ROWS, name="t", index="k")
    async with app(perspective_server=server) as port:
        async with dial(port, "sightline-session=new") as client:
            assert client.hello["resumed"] is False
            await subscribe(client)
            await asyncio.to_thread(table.update, [{"k": 4, "s": "got"}])
            assert delta_of(await client.next()) == {"k": [4], "s": ["got"]}
            # This one is sent, and lost on the way.
            await asyncio.to_thread(table.update, [{"k": 5, "s": "lost"}])
            received = client.received
            await client.next()
            await client.lose()
        await parked(server)
        await asyncio.to_thread(table.update, [{"k": 6, "s": "missed"}])
        async with dial(port, resume(client.hello, received)) as again:
            assert (again.hello["resumed"], again.hello["mode"], again.hello["next"]) == (True, "delta", received)
            assert delta_of(await again.next()) == {"k": [5], "s": ["lost"]}
            assert delta_of(await again.next()) == {"k": [6], "s": ["missed"]}
            await asyncio.to_thread(table.update, [{"k": 7, "s": "live"}])
            assert delta_of(await again.next()) == {"k": [7], "s": ["live"]}
        assert server.metrics()["handlers"]["sessions_resumed"] == 1


@pytest.mark.parametrize("reason", ["count unknown", "count wrong", "too much"])
async def test_a_snapshot_comes_in_place_of_what_is_not_kept(server: Server, reason: str) -> None:
    table = server.new_local_client().table(ROWS, name="t", index="k")
    async with tornado_app(perspective_server=server) as port:
        async with dial(port, "sightline-session=new") as client:
            await subscribe(client)
            await client.lose()
        await parked(server)
        batch = [{"k": 1, "s": "y" * 100_000}]
        for _ in range(30 if reason == "too much" else 1):
            await asyncio.to_thread(table.update, batch)
        (held,) = server._resumable.values()
        assert held.connection.queue_size <= held.connection.limits.resume_bytes
        received = {"count unknown": "", "count wrong": 10**6, "too much": client.received}[reason]
        async with dial(port, resume(client.hello, received)) as again:
            assert (again.hello["resumed"], again.hello["mode"]) == (True, "snapshot")
            assert delta_of(await again.next()) == {"k": [1, 2, 3], "s": ["y" * 100_000, "y", "z"]}
            await asyncio.to_thread(table.update, [{"k": 2, "s": "live"}])
            assert delta_of(await again.next()) == {"k": [2], "s": ["live"]}


async def test_a_dead_socket_is_taken_over(server: Server) -> None:
    server.new_local_client().table(ROWS, name="t", index="k")
    async with tornado_app(perspective_server=server) as port, dial(port, "sightline-session=new") as client:
        await subscribe(client)
        async with dial(port, resume(client.hello, client.received)) as again:
            assert again.hello["resumed"] is True
            with pytest.raises(websockets.exceptions.ConnectionClosed) as closed:
                await client.socket.recv()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 4001
            answer = await again.ask(pb.Request(msg_id=9, entity_id="v", view_dimensions_req=pb.ViewDimensionsReq()))
            assert answer.view_dimensions_resp.num_view_rows == 3


async def test_credentials_are_asked_for_anew(server: Server) -> None:
    server.new_local_client().table(ROWS, name="t", index="k")
    users: dict[str, Any] = {"ann": Grant("read", identity="ann"), "bob": Grant("read", identity="bob")}

    def authorize(request: Any) -> Any:
        return users.get(request.headers["user"], False)

    async with tornado_app(perspective_server=server, authorize=authorize) as port:
        ann, bob = ({"additional_headers": {"user": user}} for user in ("ann", "bob"))
        async with dial(port, "sightline-session=new", **ann) as client:
            await subscribe(client)
            await client.lose()
        await parked(server)
        query = resume(client.hello, client.received)
        async with dial(port, query, **bob) as other:
            assert other.hello["resumed"] is False
            assert other.hello["session"] != client.hello["session"]
            answer = await other.ask(pb.Request(msg_id=9, entity_id="v", view_dimensions_req=pb.ViewDimensionsReq()))
            assert answer.server_error.status_code == pb.VIEW_NOT_FOUND
        users["ann"] = False
        with pytest.raises(websockets.exceptions.InvalidStatus):
            async with dial(port, query, **ann):
                pass
        users["ann"] = Grant("all", identity="ann")
        async with dial(port, query, **ann) as promoted:
            assert promoted.hello["resumed"] is False


async def test_a_session_that_nobody_resumes_goes(server: Server) -> None:
    with server.new_local_client() as local:
        local.table(ROWS, name="t", index="k")
    async with aiohttp_app(perspective_server=server, resume_grace=0.05) as port:
        async with dial(port, "sightline-session=new") as client:
            await subscribe(client)
            await client.lose()
        async with asyncio.timeout(30):
            while server._resumable or server.stats()["sessions"] > 0:
                await asyncio.sleep(0.001)
        async with dial(port, resume(client.hello, client.received)) as again:
            assert again.hello["resumed"] is False


async def test_other_clients_notice_nothing(app: Callable[..., Any], server: Server) -> None:
    """A client that does not ask gets no text, and its session goes with its socket."""
    server.new_local_client().table(ROWS, name="t", index="k")
    async with app(perspective_server=server) as port, connect(port) as client:
        assert await client.get_hosted_table_names() == ["t"]
        assert server._resumable == {}
    async with app(perspective_server=server, resume_grace=0) as port, dial(port, "sightline-session=new") as client:
        assert client.hello["session"] is None


async def test_with_several_engines_only_what_is_kept_is_resumed() -> None:
    with Server(engines=2) as server:
        table = server.new_local_client().table(ROWS, name="t", index="k")
        async with tornado_app(perspective_server=server) as port:
            async with dial(port, "sightline-session=new") as client:
                await subscribe(client)
                await client.lose()
            await parked(server)
            await asyncio.to_thread(table.update, [{"k": 6, "s": "missed"}])
            async with dial(port, resume(client.hello, client.received)) as again:
                assert again.hello["resumed"] is True
                assert delta_of(await again.next()) == {"k": [6], "s": ["missed"]}
                await again.lose()
            await parked(server)
            async with dial(port, resume(client.hello, "")) as new:
                assert new.hello["resumed"] is False


async def test_shutting_down_answers_what_was_asked(app: Callable[..., Any]) -> None:
    server = Server()
    async with app(perspective_server=server, permissions="all") as port:
        url = f"ws://127.0.0.1:{port}{PATH}"
        async with websockets.asyncio.client.connect(url, max_size=None, proxy=None) as socket:
            request = pb.Request(msg_id=1, entity_id="t")
            request.make_table_req.data.from_csv = "a\n" + "1\n" * 300_000
            await socket.send(request.SerializeToString())
            size = pb.Request(msg_id=2, entity_id="t", table_size_req=pb.TableSizeReq())
            await socket.send(size.SerializeToString())
            async with asyncio.timeout(30):
                while not any(connection._in_flight for connection in server._connections):
                    await asyncio.sleep(0)
            closing = asyncio.create_task(shut_down(server))
            answers = [pb.Response.FromString(await socket.recv())]  # type: ignore[arg-type]
            with pytest.raises(websockets.exceptions.ConnectionClosed) as closed:
                while True:
                    answers.append(pb.Response.FromString(await socket.recv()))  # type: ignore[arg-type]
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1001
            assert answers[0].HasField("make_table_resp")
            await closing
        with pytest.raises(websockets.exceptions.InvalidStatus) as refused:
            async with websockets.asyncio.client.connect(url, proxy=None):
                pass
        assert refused.value.response.status_code in {403, 503}
    assert server.closed


async def test_clients_that_leave_at_once_leave_nothing_behind(app: Callable[..., Any], server: Server) -> None:
    async with app(perspective_server=server, resume_grace=0.02) as port:
        url = f"ws://127.0.0.1:{port}{PATH}?sightline-session=new"
        for _ in range(10):
            socket = await websockets.asyncio.client.connect(url, proxy=None)
            socket.transport.abort()
            await socket.wait_closed()
        async with asyncio.timeout(30):
            while server._resumable or server._connections or server.stats()["sessions"] > 0:
                await asyncio.sleep(0.001)
