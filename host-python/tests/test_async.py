"""The asynchronous API, on our server and through the reference's session."""

from __future__ import annotations

import asyncio
import gc
import threading
from typing import Any

import pytest

from sightline import AsyncClient, AsyncServer, AsyncTable, AsyncView, PerspectiveError, Server, ViewNotFoundError

ROWS = {"c": ["x", "y", "x"], "n": [1, 2, 3]}


async def test_tables_and_views() -> None:
    async with AsyncServer() as server:
        client = server.new_local_client()
        async with await client.table(ROWS, name="t", limit=9) as table:
            assert (table.get_name(), table.get_index(), table.get_limit()) == ("t", None, 9)
            assert await table.get_client() is client
            assert (await table.size(), await table.columns()) == (3, ["c", "n"])
            assert await table.schema() == {"c": "string", "n": "integer"}
            assert (await table.describe(columns=["n"]))["view_schema"] == {"n": "integer"}
            assert (await table.validate_expressions({"e": "1 + 1"}))["expression_schema"] == {"e": "float"}
            async with await table.view(group_by=["c"], columns=["n"]) as view:
                assert await view.dimensions() == {
                    "num_table_rows": 3,
                    "num_table_columns": 2,
                    "num_view_rows": 3,
                    "num_view_columns": 1,
                }
                assert (await view.num_rows(), await view.num_columns()) == (3, 1)
                assert await view.to_columns(end_row=1) == {"__ROW_PATH__": [[]], "n": [6]}
                assert (await view.to_records())[1] == {"__ROW_PATH__": ["x"], "n": 4}
                assert await view.to_json_string({"end_row": 1}) == '[{"__ROW_PATH__":[],"n":6}]'
                assert len((await view.to_ndjson()).splitlines()) == 3
                assert await view.column_paths({"start_col": 0}) == [["n"]]
                assert (await view.to_dataframe())["n"].tolist() == [6, 4, 2]
                assert (await view.to_polars())["n"].to_list() == [6, 4, 2]
                assert (await view.to_csv()).startswith('"c","n"')
                assert await view.get_min_max("n") == (2.0, 4.0)
                assert (await view.collapse(0), await view.expand(0)) == (2, 2)
                assert await view.schema() == {"n": "integer"}
                assert await view.expression_schema() == {}
                assert (await view.get_config())["group_by"] == ["c"]
            with pytest.raises(ViewNotFoundError):
                await view.num_rows()
        assert await client.get_hosted_table_names() == []


async def test_callbacks_are_plain_functions_on_the_loop() -> None:
    async with AsyncServer() as server:
        client = server.new_local_client()
        table = await client.table({"k": [1]}, index="k")
        view = await table.view()
        calls: list[Any] = []
        here = threading.current_thread()
        number = await view.on_update(lambda *args: calls.append((args, threading.current_thread() is here)))
        removals = await view.on_remove(lambda *args: calls.append("removed"))
        await view.on_delete(lambda: calls.append("deleted"))
        await table.update({"k": [2]}, port_id=await table.make_port())
        await table.remove([2])
        assert calls == [((1,), True), "removed", ((0,), True)]
        await view.remove_update(number)
        await view.remove_remove(removals)
        await table.clear()
        await view.delete()
        assert calls[3:] == ["deleted"]
        with pytest.raises(PerspectiveError, match="Unknown error: remove_update"):
            await view.remove_update(number)


async def test_client_and_session_are_joined_by_coroutines() -> None:
    async with AsyncServer() as server:
        client = AsyncClient(lambda data: session.handle_request(data))
        session = server.new_session(client.handle_response)
        table = await client.table({"a": [1]})
        assert await table.size() == 1
        await session.close()
        with pytest.raises(PerspectiveError):
            await table.size()


async def test_client_over_a_synchronous_session() -> None:
    with Server() as server:
        loop = asyncio.get_running_loop()
        session = server.new_session(lambda data: client._exchange.deliver(data))
        client = AsyncClient(lambda data: loop.run_in_executor(None, session.handle_request, data))
        table = await client.table({"a": [1, 2]})
        assert await table.size() == 2


async def test_many_requests_at_once() -> None:
    async with AsyncServer() as server:
        client = server.new_local_client()
        table = await client.table({"n": "integer"})
        await asyncio.gather(*(table.update({"n": [number]}) for number in range(100)))
        assert await table.size() == 100


async def test_loop_keeps_its_beat_while_the_engine_works() -> None:
    async with AsyncServer() as server:
        table = await server.new_local_client().table({"a": "float"})
        load = asyncio.ensure_future(table.update("a\n" + "1.5\n" * 200_000))
        beats = 0
        while not load.done():
            await asyncio.sleep(0)
            beats += 1
        assert beats > 1
        assert await table.size() == 200_000


async def test_lazy_delete_waits_for_the_last_view() -> None:
    async with AsyncServer() as server:
        client = server.new_local_client()
        table = await client.table({"a": [1]})
        view = await table.view()
        deletion = asyncio.ensure_future(table.delete(lazy=True))
        await asyncio.sleep(0)
        assert await client.get_hosted_table_names() == []
        assert not deletion.done()
        await view.delete()
        await deletion


async def test_poll_is_the_hosts_when_it_asks_for_it() -> None:
    asked: list[AsyncServer] = []
    async with AsyncServer(on_poll_request=asked.append) as server:
        client = server.new_local_client()
        table = await client.table({"a": [1]})
        view = await table.view()
        calls: list[Any] = []
        await view.on_update(lambda *args: calls.append(args))
        await server.poll()
        await table.update({"a": [2]})
        assert calls == []
        await server.poll()
        assert calls == [(0,)]
        assert asked[-1] is server


async def test_table_of_a_view() -> None:
    async with AsyncServer() as server, AsyncServer() as elsewhere:
        client = server.new_local_client()
        source = await client.table({"k": ["a"], "n": [1]}, index="k")
        view = await source.view()
        derived = await client.table(view)
        copy = await elsewhere.new_local_client().table(view)
        assert copy.get_index() == "k"
        await source.update([{"k": "b", "n": 2}])
        await source.remove(["a"])
        assert await derived.size() == 1
        copied = await copy.view()
        async with asyncio.timeout(30):
            while await copied.to_columns() != {"k": ["b"], "n": [2]}:
                await asyncio.sleep(0)


async def test_dropped_views_are_deleted() -> None:
    async with AsyncServer() as server:
        table = await server.new_local_client().table({"a": [1]})
        for _ in range(10):
            await table.view()
        gc.collect()
        await table.delete()


async def test_cancelled_request_leaves_the_client_usable() -> None:
    async with AsyncServer() as server:
        client = server.new_local_client()
        table = await client.table({"a": [1]})
        task = asyncio.ensure_future(table.size())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await table.size() == 1


async def test_an_awaited_subscription_stands_however_slow_the_transport_is() -> None:
    with Server() as server:
        loop = asyncio.get_running_loop()
        session = server.new_session(lambda data: loop.call_soon(loop.create_task, client.handle_response(data)))

        def send(data: bytes) -> None:
            # As a socket does it: the request is taken now, and reaches the server later.
            loop.call_later(0.05, session.handle_request, data)

        client = AsyncClient(send)
        owner = server.new_local_client().table({"a": [1]}, name="t")
        view = await (await client.open_table("t")).view()
        heard: list[int] = []
        await view.on_update(heard.append)
        owner.update({"a": [2]})
        assert await view.num_rows() == 2
        assert heard == [0]


async def test_terminate_calls_back() -> None:
    closed: list[bool] = []
    async with AsyncClient(lambda _: None, lambda: closed.append(True)):
        pass
    assert closed == [True]


@pytest.mark.parametrize("kind", [AsyncTable, AsyncView])
def test_handles_are_not_constructed(kind: Any) -> None:
    with pytest.raises(TypeError, match="Do not call"):
        kind()
