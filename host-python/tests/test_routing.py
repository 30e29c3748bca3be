"""Several engines behind one server."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest

import sightline
from sightline import PerspectiveError, Server


@pytest.fixture
def client() -> Iterator[sightline.Client]:
    with Server(engines=3, placement=lambda name: int(name[-1])) as server:
        yield server.new_local_client()


def test_tables_are_spread_and_listed_together(client: sightline.Client) -> None:
    for number in range(3):
        client.table({"a": [number]}, name=f"t{number}")
    assert sorted(client.get_hosted_table_names()) == ["t0", "t1", "t2"]
    for number in range(3):
        table = client.open_table(f"t{number}")
        assert table.view().to_columns() == {"a": [number]}
        with pytest.raises(PerspectiveError, match="already exists"):
            client.table({"a": [1]}, name=f"t{number}")


def test_views_and_callbacks_reach_their_engine(client: sightline.Client) -> None:
    calls: list[str] = []

    def note(name: str, *_: object) -> None:
        calls.append(name)

    tables = [client.table({"a": [number]}, name=f"t{number}") for number in range(3)]
    for table in tables:
        table.view().on_update(partial(note, table.get_name()))
    for table in reversed(tables):
        table.update({"a": [9]})
    assert calls == ["t2", "t1", "t0"]


def test_derived_tables_live_with_their_source(client: sightline.Client) -> None:
    source = client.table({"a": [1, 2]}, name="t1")
    derived = client.table(source.view(), name="d2")
    source.update({"a": [3]})
    assert derived.size() == 3
    assert client.join(derived, source, "a", join_type="inner", name="j0").size() >= 0


def test_joined_tables_must_share_an_engine(client: sightline.Client) -> None:
    client.table({"k": [1], "a": [1]}, name="l1")
    client.table({"k": [1], "b": [2]}, name="r1")
    client.table({"k": [1], "c": [2]}, name="r2")
    assert client.join("l1", "r1", "k", name="j0").view().to_columns() == {"k": [1], "a": [1], "b": [2]}
    with pytest.raises(PerspectiveError, match='Cannot join "l1" and "r2": they live on engines 1 and 2'):
        client.join("l1", "r2", "k")


def test_hosted_tables_are_announced_by_every_engine(client: sightline.Client) -> None:
    calls: list[int] = []
    number = client.on_hosted_tables_update(lambda: calls.append(1))
    for engine in range(3):
        client.table({"a": [1]}, name=f"t{engine}").delete()
    assert len(calls) == 6
    client.remove_hosted_tables_update(number)
    client.table({"a": [1]}, name="t0")
    assert len(calls) == 6


def test_deleted_names_can_be_used_again(client: sightline.Client) -> None:
    for _ in range(2):
        with client.table({"a": [1]}, name="t2") as table:
            assert table.size() == 1
    assert client.get_hosted_table_names() == []


def test_system_info_is_added_up(client: sightline.Client) -> None:
    assert client.system_info()["heap_size"] > 0


def test_unknown_names_are_answered(client: sightline.Client) -> None:
    table = client.table({"a": [1]}, name="t1")
    view = table.view()
    view.delete()
    with pytest.raises(PerspectiveError, match="View not found"):
        view.num_rows()
    with pytest.raises(PerspectiveError, match='Table "x" not found'):
        client.join("x", table, "a")


def test_tables_go_to_the_emptiest_engine_without_a_placement() -> None:
    with Server(engines=2) as server:
        client = server.new_local_client()
        for number in range(4):
            client.table({"a": [number]}, name=f"t{number}")
        assert server._router is not None
        assert sorted(server._router._tables.values()) == [0, 0, 1, 1]


def test_placement_out_of_range_is_refused() -> None:
    with Server(engines=2, placement=lambda _: 7) as server, pytest.raises(PerspectiveError, match="engine 7"):
        server.new_local_client().table({"a": [1]}, name="t")
