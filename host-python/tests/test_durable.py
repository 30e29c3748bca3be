"""Durable tables: what was acknowledged is there again, whatever ended the process, and nothing else is."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from sightline import AsyncServer, DurabilityError, DurableStore, EngineTimeoutError, PerspectiveError, Server
from sightline._proto import sightline_pb2 as pb

SCHEMA = {"id": "integer", "name": "string", "price": "float", "day": "date", "at": "datetime", "on": "boolean"}
ROW_NUMBERS = {"i": "index()"}


def contents(table: Any, **config: Any) -> Any:
    view = table.view(**config)
    try:
        return view.to_columns()
    finally:
        view.delete()


def write(table: Any, chance: random.Random, n: int) -> None:
    """Random updates, removals and replacements."""
    for number in range(n):
        keys = chance.sample(range(50), 3)
        rows = [{"id": key, "name": chance.choice(["ä", "b", None]), "price": number / 4, "on": True} for key in keys]
        match chance.randrange(10):
            case 0 if table.get_index():
                table.remove(keys)
            case 1:
                table.replace(rows)
            case 2:
                table.update({"id": keys, "day": ["2024-02-29"] * 3, "at": [number] * 3})
            case 3:
                table.update(pa.table({"id": pa.array(keys, pa.int32()), "name": ["x"] * 3}))
            case 4:
                table.update("id,name\n1,csv\n")
            case _:
                table.update(rows)


@pytest.mark.parametrize("options", [{"index": "id"}, {"limit": 7}, {}], ids=str)
@pytest.mark.parametrize("snapshot_bytes", [200, 2**30])
def test_a_restart_brings_everything_back(tmp_path: Path, options: dict[str, Any], snapshot_bytes: int) -> None:
    chance = random.Random(5)
    expected: Any = None
    for _ in range(4):
        with Server() as server, DurableStore(server, tmp_path, snapshot_bytes=snapshot_bytes) as store:
            table = store.table("t", SCHEMA, **options)
            config = {} if "index" in options else {"expressions": ROW_NUMBERS}
            if expected is not None:
                assert contents(table, **config) == expected
            write(table, chance, 40)
            expected = contents(table, **config)
            assert table.schema() == SCHEMA


def test_types_stay_as_the_first_data_made_them(tmp_path: Path) -> None:
    first = pa.table({"k": pa.array([1, 2], pa.int16()), "f": pa.array([0.5, None], pa.float32())})
    with Server() as server, DurableStore(server, tmp_path) as store:
        table = store.table("t", first, index="k")
        table.update([{"k": 3, "f": 1.25}])
        store.snapshot()
        table.update([{"k": 1, "f": None}])
        before = pa.ipc.open_stream(table.view().to_arrow()).read_all()
    with Server() as server, DurableStore(server, tmp_path) as store:
        after = pa.ipc.open_stream(store.table("t").view().to_arrow()).read_all()
    assert after.equals(before)
    assert str(after.schema.field("k").type) == "int16"


def test_row_numbers_go_on_after_a_table_was_cleared(tmp_path: Path) -> None:
    with Server() as server, DurableStore(server, tmp_path) as store:
        table = store.table("t", {"x": "integer"})
        table.update([{"x": 1}, {"x": 2}])
        table.clear()
        store.snapshot()
    with Server() as server, DurableStore(server, tmp_path) as store:
        table = store.table("t")
        table.update([{"x": 3}])
        assert contents(table, expressions=ROW_NUMBERS) == {"x": [3], "i": [2]}


def test_what_is_refused_is_not_kept(tmp_path: Path) -> None:
    with Server() as server, DurableStore(server, tmp_path) as store:
        table = store.table("t", {"k": "integer"}, index="k")
        table.update([{"k": 1}])
        size = store._files["t"].journal_bytes
        with pytest.raises(PerspectiveError):
            table.update([{"k": "no number"}])
        answers: list[bytes] = []
        request = pb.Request(msg_id=1, entity_id="t")
        request.table_update_req.data.from_rows = '[{"k": 2}]'
        # A field that nobody knows, which must not hide the update behind it.
        disguised = request.SerializeToString() + b"\xfa\x3f\x00"
        with server.new_session(answers.append, permissions="read") as reader:
            reader.handle_request(request.SerializeToString())
            reader.handle_request(disguised)
        assert all(pb.Response.FromString(answer).HasField("server_error") for answer in answers)
        assert store._files["t"].journal_bytes == size
        with server.new_session(answers.append) as writer:
            writer.handle_request(disguised)
        assert store._files["t"].journal_bytes > size
    with Server() as server, DurableStore(server, tmp_path) as store:
        assert contents(store.table("t")) == {"k": [1, 2]}


def test_a_full_disk_refuses_the_update(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Server() as server, DurableStore(server, tmp_path) as store:
        table = store.table("t", {"k": "integer"}, index="k")
        table.update([{"k": 1}])
        with monkeypatch.context() as patch:

            def full(*_: Any) -> int:
                raise OSError(28, "No space left on device")

            patch.setattr("sightline._journal.os.write", full)
            with pytest.raises(PerspectiveError, match=r"was not changed.*No space left"):
                table.update([{"k": 2}])
            with pytest.raises(DurabilityError, match="No space left"):
                store.snapshot()
        assert contents(table) == {"k": [1]}
        table.update([{"k": 3}])
    with Server() as server, DurableStore(server, tmp_path) as store:
        assert contents(store.table("t")) == {"k": [1, 3]}


def test_a_torn_end_is_cut_off_and_damage_is_an_error(tmp_path: Path) -> None:
    with Server() as server, DurableStore(server, tmp_path) as store:
        table = store.table("t", {"k": "integer"}, index="k")
        for key in range(5):
            table.update([{"k": key}])
    (journal,) = tmp_path.glob("*/journal-*.log")
    whole = journal.read_bytes()
    for cut in range(len(whole) - 30, len(whole)):
        journal.write_bytes(whole[:cut])
        with Server() as server, DurableStore(server, tmp_path) as store:
            n = store.table("t").size()
            assert n in {3, 4}
            store.table("t").update([{"k": 100}])
        with Server() as server, DurableStore(server, tmp_path) as store:
            assert store.table("t").size() == n + 1
    journal.write_bytes(whole + bytes(500))
    with Server() as server, DurableStore(server, tmp_path) as store:
        assert store.table("t").size() == 5
    damaged = bytearray(whole)
    damaged[len(whole) // 2] ^= 1
    journal.write_bytes(damaged)
    with Server() as server, pytest.raises(DurabilityError, match="is damaged at byte"):
        DurableStore(server, tmp_path)
    assert journal.read_bytes() == damaged


def test_a_damaged_snapshot_is_an_error(tmp_path: Path) -> None:
    with Server() as server, DurableStore(server, tmp_path) as store:
        store.table("t", {"k": [1, 2]}, index="k")
        store.snapshot("t")
    (snapshot,) = tmp_path.glob("*/snapshot-*.arrow")
    assert pa.ipc.open_stream(snapshot.read_bytes()).read_all().to_pydict() == {"k": [1, 2]}
    snapshot.write_bytes(snapshot.read_bytes()[:-1] + b"x")
    with Server() as server, pytest.raises(DurabilityError, match="is damaged"):
        DurableStore(server, tmp_path)


CHILD = """
import sys
import sightline
with sightline.Server() as server:
    store = sightline.DurableStore(server, sys.argv[1], snapshot_bytes=3000)
    table = store.table("t", {"k": "integer", "s": "string"}, index="k")
    for number in range(table.size(), 10**9):
        table.update([{"k": number, "s": str(number)}])
        print(number, flush=True)
"""


def test_killing_the_process_loses_nothing_acknowledged(tmp_path: Path) -> None:
    chance = random.Random(1)
    acknowledged = -1
    for _ in range(4):
        with subprocess.Popen([sys.executable, "-c", CHILD, str(tmp_path)], stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            stop_after = acknowledged + chance.randrange(30, 150)
            for line in child.stdout:
                acknowledged = int(line)
                if acknowledged >= stop_after:
                    child.send_signal(signal.SIGKILL)
                    break
            # Acknowledged before the signal, but read only now.
            acknowledged = max([acknowledged, *map(int, filter(str.strip, child.stdout.read().splitlines()))])
        with Server() as server, DurableStore(server, tmp_path) as store:
            held = contents(store.table("t"))
        n = len(held["k"])
        # One more may be kept than was acknowledged, and nothing is there in part.
        assert n - 1 in {acknowledged, acknowledged + 1}
        assert held == {"k": list(range(n)), "s": [str(number) for number in range(n)]}


def test_an_engine_that_fails_is_rebuilt(tmp_path: Path) -> None:
    endless = "var x := 0; while (x < 10000000000) { x := x + 1 }; x"
    limits = {"expression_steps": 10**12}
    with (
        Server(request_timeout=0.3, limits=limits) as server,
        DurableStore(server, tmp_path) as store,
        server.new_local_client() as client,
    ):
        table = store.table("t", {"k": "integer"}, index="k")
        table.update([{"k": 1}])
        client.table({"a": [1]}, name="passing")
        with pytest.raises(EngineTimeoutError):
            table.view(expressions={"e": endless})
        assert contents(table) == {"k": [1]}
        table.update([{"k": 2}])
        assert contents(client.open_table("t")) == {"k": [1, 2]}
        assert client.get_hosted_table_names() == ["t"]
        assert server.metrics()["handlers"]["engine_restarts"] == 1


def test_tables_are_spread_over_engines_again(tmp_path: Path) -> None:
    for number in range(3):
        with Server(engines=2) as server, DurableStore(server, tmp_path) as store:
            for name in ("a", "b", "c"):
                table = store.table(name, {"k": "integer"}, index="k")
                table.update([{"k": number}])
                assert table.size() == number + 1
            assert server.new_local_client().open_table("b").size() == number + 1


async def test_an_asynchronous_server_has_durable_tables(tmp_path: Path) -> None:
    for number in range(2):
        async with AsyncServer() as server:
            with DurableStore(server, tmp_path) as store:
                store.table("t", {"k": "integer"}, index="k")
                table = await server.new_local_client().open_table("t")
                await table.update([{"k": number}])
                assert await table.size() == number + 1


def test_a_table_is_dropped_by_its_store_only(tmp_path: Path) -> None:
    with Server() as server, DurableStore(server, tmp_path) as store:
        table = store.table("t", {"k": "integer"}, index="k")
        with pytest.raises(PerspectiveError, match=r"it is durable, and deleted by `DurableStore.drop`"):
            table.delete()
        view = table.view()
        with pytest.raises(PerspectiveError, match="Cannot delete table with views"):
            store.drop("t")
        view.delete()
        store.drop("t")
        assert store.names == []
        assert server.new_local_client().get_hosted_table_names() == []
        store.table("t", {"other": "string"})
    with Server() as server, DurableStore(server, tmp_path) as store:
        assert store.table("t").schema() == {"other": "string"}


def test_wrong_uses_are_told(tmp_path: Path) -> None:
    with Server() as server, DurableStore(server, tmp_path) as store:
        store.table("t", {"k": "integer"}, index="k")
        with pytest.raises(DurabilityError, match=r'no durable table "u" is kept'):
            store.table("u")
        with pytest.raises(DurabilityError, match="is kept with index 'k' and limit None"):
            store.table("t", {"k": "integer"}, limit=5)
        with pytest.raises(DurabilityError, match="a durable store already"):
            DurableStore(server, tmp_path / "other")
        with Server() as second, pytest.raises(DurabilityError, match="in use by another process or store"):
            DurableStore(second, tmp_path)
        server.new_local_client().table({"a": [1]}, name="taken")
        with pytest.raises(PerspectiveError, match="already exists"):
            store.table("taken", {"a": "integer"})
    with pytest.raises(DurabilityError, match="was closed"):
        store.table("t")
