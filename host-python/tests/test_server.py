"""Sessions, threads, lifetimes and several engines of our own server."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import textwrap
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import sightline
from sightline import Client, ForkError, PerspectiveError, ProxySession, Server, SessionClosedError
from sightline._module import LoadedModule, load
from sightline._proto import sightline_pb2 as pb

FEATURES = pb.Request(msg_id=7, get_features_req=pb.GetFeaturesReq()).SerializeToString()


def run_python(code: str) -> subprocess.CompletedProcess[str]:
    """Runs a program with this package, and with warnings as errors."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(code)],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_client_and_session_are_joined_by_two_callables(server: Server) -> None:
    client = Client(lambda data: session.handle_request(data))
    session = server.new_session(client.handle_response)
    assert client.table({"a": [1, 2]}).size() == 2
    assert client.handle_response(b"") is False
    with pytest.raises(PerspectiveError, match="Undecipherable"):
        client.handle_response(b"\xff")


@pytest.mark.parametrize(
    "data", [FEATURES, bytearray(FEATURES), memoryview(FEATURES), list(FEATURES)], ids=lambda d: type(d).__name__
)
def test_requests_are_bytes_like(server: Server, data: Any) -> None:
    answers: list[bytes] = []
    server.new_session(answers.append).handle_request(data)
    assert [pb.Response.FromString(answer).msg_id for answer in answers] == [7]


def test_text_is_no_request(server: Server) -> None:
    session = server.new_session(lambda _: None)
    with pytest.raises(TypeError, match="Can't extract `str` to `Vec`"):
        session.handle_request("x")  # type: ignore[arg-type]


def test_closed_sessions_refuse(server: Server) -> None:
    session = server.new_session(lambda _: None)
    session.close()
    with pytest.raises(ValueError, match="already deleted"):
        session.handle_request(FEATURES)
    with pytest.raises(ValueError, match="already deleted"):
        session.close()


def test_exception_of_the_response_callback_is_a_value_error(server: Server) -> None:
    def fail(_: bytes) -> None:
        raise RuntimeError("boom")

    with pytest.raises(ValueError, match=r"^RuntimeError: boom$"):
        server.new_session(fail).handle_request(FEATURES)


def test_exception_of_the_transport_is_named(server: Server) -> None:
    def fail(_: bytes) -> None:
        raise RuntimeError("text")

    with pytest.raises(PerspectiveError, match=r"^Unknown error: RuntimeError: text$"):
        Client(fail).get_hosted_table_names()


def test_transport_may_be_a_coroutine(server: Server) -> None:
    async def transport(data: bytes) -> None:
        session.handle_request(data)

    client = Client(transport)
    session = server.new_session(client.handle_response)
    assert client.table({"a": [1]}).size() == 1


def test_closing_a_session_deletes_its_views(server: Server) -> None:
    owner = server.new_local_client()
    table = owner.table({"a": [1]}, name="t")
    with server.new_local_client() as guest:
        view = guest.open_table("t").view()
        assert view.num_rows() == 1
        with pytest.raises(PerspectiveError, match="Cannot delete table with views"):
            table.delete()
    table.delete()


def test_poll_is_the_hosts_when_it_asks_for_it() -> None:
    asked: list[Server] = []
    with Server(on_poll_request=asked.append) as server:
        table = server.new_local_client().table({"a": [1]})
        view = table.view()
        calls: list[Any] = []
        view.on_update(lambda *args: calls.append(args))
        server.poll()
        asked.clear()
        table.update({"a": [2]})
        table.update({"a": [3]})
        assert asked == [server, server]
        assert calls == []
        server.poll()
        assert calls == [(0,)]
        assert view.num_rows() == 3


def test_no_update_is_lost_among_threads(server: Server) -> None:
    table = server.new_local_client().table({"k": "integer", "n": "integer"}, index="k", name="t")
    n_threads, n_updates = 4, 50
    seen: list[int] = []
    view = table.view(columns=["n"])
    view.on_update(lambda port, *_: seen.append(port))

    def write(thread: int) -> None:
        mine = server.new_local_client().open_table("t") if thread % 2 else table
        for number in range(n_updates):
            mine.update([{"k": thread * n_updates + number, "n": 1}])
            assert mine.size() > number

    with ThreadPoolExecutor(n_threads) as pool:
        list(pool.map(write, range(n_threads)))
    assert table.size() == n_threads * n_updates
    assert sum(view.to_columns()["n"]) == n_threads * n_updates
    assert len(seen) == n_threads * n_updates


def test_notifications_of_a_session_keep_their_order_among_threads(server: Server) -> None:
    table = server.new_local_client().table({"k": "integer", "n": "integer"}, index="k", name="t")
    table.update([{"k": 0, "n": 0}])
    view = table.view()
    seen: list[int] = []
    lock = threading.Lock()
    count = 0

    def note(_port: int, delta: bytes) -> None:
        import pyarrow as pa

        seen.append(pa.ipc.open_stream(delta).read_all()["n"][0].as_py())

    view.on_update(note, mode="row")

    def write(_: int) -> None:
        nonlocal count
        for _ in range(50):
            with lock:
                count += 1
                number = count
                table.update([{"k": 0, "n": number}])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    assert seen == sorted(seen)
    assert seen[-1] == 200


def test_callback_may_wait_for_another_thread_of_the_same_client(server: Server) -> None:
    table = server.new_local_client().table({"a": [1]})
    view = table.view()
    sizes: list[int] = []

    def ask_elsewhere(*_: Any) -> None:
        thread = threading.Thread(target=lambda: sizes.append(table.size()))
        thread.start()
        thread.join(30)
        assert not thread.is_alive()

    view.on_update(ask_elsewhere)
    table.update({"a": [2]})
    assert sizes == [2]


def test_callbacks_run_on_the_thread_that_caused_them(server: Server) -> None:
    table = server.new_local_client().table({"a": [1]}, name="t")
    view = table.view()
    threads: list[threading.Thread] = []
    view.on_update(lambda *_: threads.append(threading.current_thread()))
    writer = threading.Thread(target=lambda: server.new_local_client().open_table("t").update({"a": [2]}))
    writer.start()
    writer.join()
    table.update({"a": [3]})
    assert threads == [writer, threading.current_thread()]


def test_other_threads_run_while_the_engine_works(server: Server) -> None:
    table = server.new_local_client().table({"a": "float"})
    ticks = 0
    done = threading.Event()

    def tick() -> None:
        nonlocal ticks
        while not done.is_set():
            ticks += 1

    thread = threading.Thread(target=tick)
    thread.start()
    table.update("a\n" + "1.5\n" * 300_000)
    done.set()
    thread.join()
    assert table.size() == 300_000
    assert ticks > 0


def test_dropped_server_ends_its_threads() -> None:
    server = Server()
    client = server.new_local_client()
    view = client.table({"a": [1]}).view()
    view.on_update(print)
    threads = [worker._thread for worker in server._workers]
    gone = weakref.ref(server)
    del server, client, view
    gc.collect()
    assert gone() is None
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()


def test_dropped_clients_close_their_sessions(server: Server) -> None:
    table = server.new_local_client().table({"a": [1]}, name="t")
    for _ in range(20):
        server.new_local_client().open_table("t").view()
    gc.collect()
    assert server.stats()["sessions"] == 1
    table.delete()


def test_closed_server_refuses_and_closes_again() -> None:
    server = Server()
    client = server.new_local_client()
    client.table({"a": [1]})
    server.close()
    server.close()
    with pytest.raises(SessionClosedError):
        client.get_hosted_table_names()
    with pytest.raises(SessionClosedError):
        server.new_local_client()
    with pytest.raises(SessionClosedError):
        server.poll()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this platform")
def test_forked_child_is_told_and_can_start_anew() -> None:
    result = run_python("""
        import os, sys, warnings
        import sightline
        server = sightline.Server()
        client = server.new_local_client()
        client.table({"a": [1]})
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
        if child == 0:
            try:
                client.get_hosted_table_names()
            except sightline.ForkError as error:
                assert "spawn" in str(error)
                fresh = sightline.Server()
                os._exit(0 if fresh.new_local_client().table({"a": [1, 2]}).size() == 2 else 2)
            os._exit(1)
        status = os.waitpid(child, 0)[1]
        assert client.get_hosted_table_names()
        sys.exit(os.waitstatus_to_exitcode(status))
    """)
    assert result.returncode == 0, result.stderr
    assert issubclass(ForkError, PerspectiveError)


@pytest.mark.parametrize(
    "code",
    [
        "import sightline; sightline.table({'a': [1]}).view().on_update(print)",
        "import sightline; s = sightline.Server(engines=2); c = s.new_local_client(); c.table({'a': [1]})",
        """
        import sightline, threading
        table = sightline.table({'a': [1]})
        def work():
            while True:
                table.update({'a': [1]})
        threading.Thread(target=work, daemon=True).start()
        """,
    ],
    ids=["global", "engines", "busy"],
)
def test_interpreter_exit_is_clean(code: str) -> None:
    result = run_python(code)
    assert result.returncode == 0, result.stderr
    if "daemon" not in code:
        assert result.stderr == ""


def test_proxy_session_carries_another_client(server: Server) -> None:
    outer = server.new_local_client()
    table = outer.table({"a": [1]}, name="t")
    inner = Client(lambda data: proxy.handle_request(data))
    proxy = ProxySession(outer, inner.handle_response)
    calls: list[Any] = []
    view = inner.open_table("t").view()
    view.on_update(lambda *args: calls.append(args))
    inner.on_hosted_tables_update(lambda: calls.append("tables"))
    for _ in range(2):
        table.update({"a": [2]})
        outer.table({"b": [1]})
    assert calls == [(0,), "tables", (0,), "tables"]
    proxy.close()
    proxy.close()
    with pytest.raises(SessionClosedError):
        inner.get_hosted_table_names()
    table.delete()


def test_module_functions_use_one_server() -> None:
    result = run_python("""
        import sightline
        assert sightline.num_cpus() >= 1
        left = sightline.table({"k": [1], "a": [2]}, name="left")
        right = sightline.table({"k": [1], "b": [3]}, name="right")
        joined = sightline.join("left", right, "k", name="joined")
        assert joined.view().to_columns() == {"k": [1], "a": [2], "b": [3]}
        assert sorted(sightline.get_hosted_table_names()) == ["joined", "left", "right"]
        assert sightline.open_table("left").size() == 1
        assert sightline.system_info()["heap_size"] > 0
        assert sightline.Client.from_server(sightline.GLOBAL_SERVER).open_table("left").size() == 1
        assert isinstance(sightline.GLOBAL_CLIENT, sightline.Client)
        try:
            sightline.set_num_cpus(0)
        except ValueError:
            sightline.set_num_cpus(3)
        assert sightline.num_cpus() == 3
    """)
    assert result.returncode == 0, result.stderr
    assert sightline.PerspectiveError is sightline.SightlineError


def test_the_deletion_of_a_dropped_view_asks_for_no_poll() -> None:
    polls: list[int] = []

    def on_poll(server: sightline.Server) -> None:
        polls.append(1)
        server.poll()

    with sightline.Server(on_poll_request=on_poll) as server:
        table = server.new_local_client().table({"a": [1, 2, 3]})
        assert table.view().to_columns() == {"a": [1, 2, 3]}
        gc.collect()
        table.update({"a": [4]})
        assert len(polls) == 4


def test_code_without_a_time_limit_is_compiled_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []

    def note(path: Path | None = None, *, interruptible: bool = True) -> LoadedModule:
        asked.append(interruptible)
        return load(path, interruptible=interruptible)

    monkeypatch.setattr("sightline._server.load", note)
    for timeout in (None, 60.0):
        with Server(request_timeout=timeout) as server:
            assert server.new_local_client().table({"x": [1, 2]}).size() == 2
    assert asked == [False, True]
    assert load(interruptible=False) is not load()
