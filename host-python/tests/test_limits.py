"""Limits of a server that need the real engine under its host: time, memory, and the settings by name."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sightline import Client, EngineError, EngineTimeoutError, MemoryLimitError, PerspectiveError, Server, Table

ENDLESS = "var x := 0; while (x < 1000000000000) { x := x + 1 }; x"


def test_a_runaway_request_is_interrupted_and_the_engine_is_never_in_doubt() -> None:
    limits = {"expression_steps": 10**15}
    with Server(request_timeout=0.3, limits=limits) as server, Server() as other:
        client = server.new_local_client()
        table = client.table({"a": [1]}, name="t")
        with pytest.raises(EngineTimeoutError, match=r"took longer than request_timeout \(0.3 s\)"):
            table.view(expressions={"e": ENDLESS})
        for use in (table.size, client.get_hosted_table_names, lambda: client.table({"a": [1]})):
            with pytest.raises(EngineError, match="it is not used again"):
                use()
        assert "request_timeout" in server.stats()["engines"][0]["failure"]
        # Other engines of the process go on, and this one starts anew when it is told to.
        assert other.new_local_client().table({"a": [1]}).size() == 1
        assert server.recover() == [0]
        assert server.recover() == []
        fresh = server.new_local_client()
        assert fresh.get_hosted_table_names() == []
        assert fresh.table({"a": [1]}).size() == 1


def test_by_default_the_step_limit_comes_first() -> None:
    with Server() as server:
        table = server.new_local_client().table({"a": [1]}, name="t")
        with pytest.raises(PerspectiveError, match="`expression_steps`; raise it in the server's options"):
            table.view(expressions={"e": ENDLESS})
        assert table.size() == 1


def fill_by_updates(client: Client) -> None:
    table = client.table({"s": "string", "n": "integer"}, name="big")
    for start in range(0, 10**9, 20_000):
        table.update({"s": [f"text {start + n}" for n in range(20_000)], "n": list(range(20_000))})


def fill_by_views(client: Client) -> None:
    table = client.table({"n": list(range(100_000))}, name="wide")
    views: list[Any] = []
    while True:
        views.append(table.view(group_by=["n"], filter=[["n", ">=", len(views)]]))


def fill_by_tables(client: Client) -> None:
    tables: list[Table] = []
    while True:
        tables.append(client.table({"n": list(range(100_000))}))


@pytest.mark.parametrize("fill", [fill_by_updates, fill_by_views, fill_by_tables], ids=lambda f: f.__name__)
def test_memory_limit_is_a_clear_error_and_the_engine_goes_on(fill: Callable[[Client], None]) -> None:
    with Server(memory_limit=96 * 2**20) as server, server.new_local_client() as client:
        kept = client.table({"a": [1, 2, 3]}, name="kept")
        with pytest.raises((PerspectiveError, MemoryLimitError), match=r"`memory`|memory_limit") as caught:
            fill(client)
        assert not isinstance(caught.value, EngineError)
        assert kept.view().to_columns() == {"a": [1, 2, 3]}
        kept.update([{"a": 4}])
        assert kept.size() == 4


def test_memory_is_used_again_after_deletes() -> None:
    with Server() as server, server.new_local_client() as client:

        def used() -> int:
            return int(server.stats()["engines"][0]["engine"]["used"])

        table = client.table({"k": "string", "n": "integer"}, name="t", index="k")
        peaks = []
        for turn in range(16):
            keys = [f"order {turn} {n}" for n in range(30_000)]
            table.update({"k": keys, "n": list(range(30_000))})
            peaks.append(used())
            table.remove(keys)
        assert table.size() == 0
        # Texts of rows that are gone are forgotten now and then, so it does not grow without end.
        assert max(peaks[8:]) <= 1.2 * max(peaks[:8])
        empty = used()
        for _ in range(5):
            view = table.view(group_by=["k"])
            view.delete()
            client.table({"a": list(range(50_000))}).delete()
        assert used() <= empty + 500_000


def test_every_limit_is_documented() -> None:
    with pytest.raises(ValueError, match="expected one of") as caught:
        Server(limits={"nonsense": 1})
    known = set(re.findall(r"`(\w+)`", str(caught.value).partition("expected one of")[2]))
    guide = (Path(__file__).parents[2] / "docs" / "serving.md").read_text()
    rows = [line.split("|")[1] for line in guide.splitlines() if line.startswith("| `")]
    documented = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert known - documented == set()
    assert all(f"`{name}`" in (Server.__doc__ or "") for name in known)


def test_limits_are_settings_by_name() -> None:
    with pytest.raises(ValueError, match="unknown field `nonsense`"):
        Server(limits={"nonsense": 1})
    settings: dict[str, tuple[int, Callable[[Client], Any]]] = {
        "tables": (1, lambda client: client.table({"a": [1]})),
        "views_per_session": (1, lambda client: [client.open_table("t").view() for _ in range(2)]),
        "answer_cells": (2, lambda client: client.open_table("t").view().to_columns()),
        "answer_rows": (2, lambda client: client.open_table("t").view().to_columns()),
        "input_rows": (3, lambda client: client.open_table("t").update({"a": [1] * 4})),
        "json_depth": (4, lambda client: client.open_table("t").update("[" * 9 + "]" * 9, format="json")),
        "message_size": (500, lambda client: client.open_table("t").update({"a": [1] * 4000})),
    }
    for name, (value, use) in settings.items():
        with Server(limits={name: value}) as server, contextlib.closing(server):
            client = server.new_local_client()
            table = client.table({"a": [1, 2, 3]}, name="t")
            with pytest.raises(PerspectiveError, match=f"`{name}`"):
                use(client)
            assert table.size() == 3
