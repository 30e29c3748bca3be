"""Tables, joins and hosted tables, over each backing server."""

from __future__ import annotations

import pytest

import sightline
from sightline import PerspectiveError, Table


@pytest.fixture
def table(client: sightline.Client) -> Table:
    return client.table({"k": ["a", "b"], "n": [1, 2]}, index="k", name="t")


def test_handle_knows_name_index_limit_and_client(client: sightline.Client, table: Table) -> None:
    assert (table.get_name(), table.get_index(), table.get_limit()) == ("t", "k", None)
    assert table.get_client() is client
    limited = client.table({"x": [1]}, limit=3, name="l")
    assert (limited.get_index(), limited.get_limit()) == (None, 3)
    opened = client.open_table("l")
    assert (opened.get_name(), opened.get_limit()) == ("l", 3)
    assert "'t'" in repr(table)
    assert "index='k'" in repr(table)


def test_size_schema_and_columns(table: Table) -> None:
    assert table.size() == 2
    assert table.schema() == {"k": "string", "n": "integer"}
    assert table.columns() == ["k", "n"]


def test_update_changes_known_rows_and_inserts_others(table: Table) -> None:
    table.update([{"k": "b", "n": 5}, {"k": "c", "n": 6}])
    table.update({"k": ["a"]})
    assert table.view().to_columns() == {"k": ["a", "b", "c"], "n": [1, 5, 6]}


def test_remove_replace_and_clear(table: Table) -> None:
    table.remove(["a", "missing"])
    assert table.view().to_columns() == {"k": ["b"], "n": [2]}
    table.replace([{"k": "z", "n": 9}])
    assert table.view().to_columns() == {"k": ["z"], "n": [9]}
    table.clear()
    assert table.size() == 0


def test_ports_count_from_one(table: Table) -> None:
    assert [table.make_port(), table.make_port()] == [1, 2]
    with pytest.raises(OverflowError):
        table.update([{"k": "a"}], port_id=-1)
    with pytest.raises(TypeError):
        table.update([{"k": "a"}], port_id="x")  # type: ignore[arg-type]


def test_delete_needs_the_views_gone(client: sightline.Client, table: Table) -> None:
    view = table.view()
    with pytest.raises(PerspectiveError, match=r"^Abort\(\): Cannot delete table with views"):
        table.delete()
    view.delete()
    table.delete()
    table.delete()
    assert client.get_hosted_table_names() == []


def test_lazy_delete_hides_the_table_and_comes_back_at_once(client: sightline.Client, table: Table) -> None:
    view = table.view()
    deleted: list[str] = []
    table.on_delete(lambda: deleted.append("t"))
    table.delete(lazy=True)
    assert client.get_hosted_table_names() == []
    assert deleted == []
    assert view.num_rows() == 2
    view.delete()
    assert deleted == ["t"]


def test_on_delete_can_be_undone(table: Table) -> None:
    deleted: list[str] = []
    number = table.on_delete(lambda: deleted.append("kept"))
    table.remove_delete(table.on_delete(lambda: deleted.append("undone")))
    table.remove_delete(number + 1)
    table.delete()
    assert deleted == ["kept"]


def test_context_manager_deletes_the_table(client: sightline.Client) -> None:
    with client.table({"a": [1]}, name="short") as table:
        assert client.get_hosted_table_names() == ["short"]
        assert table.size() == 1
    assert client.get_hosted_table_names() == []


def test_hosted_tables_are_announced(client: sightline.Client) -> None:
    seen: list[list[str]] = []
    number = client.on_hosted_tables_update(lambda: seen.append(client.get_hosted_table_names()))
    table = client.table({"a": [1]}, name="one")
    table.delete()
    assert seen == [["one"], []]
    client.remove_hosted_tables_update(number)
    client.table({"a": [1]}, name="two")
    assert len(seen) == 2
    with pytest.raises(PerspectiveError, match="Unknown error: remove_update"):
        client.remove_hosted_tables_update(number)


def test_join_is_live_and_read_only(client: sightline.Client, table: Table) -> None:
    right = client.table({"k": ["a", "c"], "w": [10, 30]}, index="k", name="r")
    joined = client.join(table, "r", "k", join_type="left", name="j")
    assert (joined.get_name(), joined.get_index()) == ("j", "k")
    assert joined.view().to_columns() == {"k": ["a", "b"], "n": [1, 2], "w": [10, None]}
    right.update([{"k": "b", "w": 20}])
    assert joined.view().to_columns()["w"] == [10, 20]
    with pytest.raises(PerspectiveError, match="Cannot update a read-only join table"):
        joined.update([{"k": "a"}])
    with pytest.raises(PerspectiveError, match='it is a source for join table "j"'):
        right.delete()


def test_join_arguments_are_checked(client: sightline.Client, table: Table) -> None:
    with pytest.raises(TypeError, match="Expected a Table or string table name"):
        client.join(1, table, "k")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match='Unknown join type: "x"'):
        client.join(table, table, "k", join_type="x")
    with pytest.raises(PerspectiveError, match='Table "nope" not found'):
        client.join("nope", table, "k")


def test_table_of_a_view_is_live(client: sightline.Client, table: Table) -> None:
    derived = client.table(table.view(filter=[["n", ">", 1]]), name="d")
    assert (derived.get_index(), derived.get_limit()) == ("k", None)
    table.update([{"k": "c", "n": 3}])
    assert derived.view().to_columns() == {"k": ["b", "c"], "n": [2, 3]}
    with pytest.raises(PerspectiveError, match="Cannot update a read-only derived table"):
        derived.update([{"k": "a"}])


def test_table_of_another_clients_view_is_a_copy_that_follows(client: sightline.Client, backend: str) -> None:
    from support import BACKENDS

    source = client.table({"k": ["a", "b"], "n": [1, 2]}, index="k")
    with BACKENDS[backend]() as other:
        copy = other.table(source.view(), name="copy")
        assert copy.get_index() == "k"
        source.update([{"k": "b", "n": 5}, {"k": "c", "n": 6}])
        source.remove(["a"])
        assert copy.view().to_columns() == {"k": ["b", "c"], "n": [5, 6]}


def test_describe_and_validate(table: Table) -> None:
    assert table.describe(columns=["n"]) == {"expression_schema": {}, "view_schema": {"n": "integer"}}
    assert "Invalid column 'zz'" in table.describe(columns=["zz"])["config_error"]
    wrong = table.describe(expressions={"e": "1 +", "f": '"n" * 2'})
    assert wrong["expression_schema"] == {"f": "float"}
    assert set(wrong["expression_errors"]["e"]) == {"error_message", "line", "column"}
    checked = table.validate_expressions(['// twice\n"n" * 2', "1 +"])
    assert checked["expression_schema"] == {"twice": "float"}
    assert list(checked["errors"]) == ["1 +"]
    assert checked["expression_alias"] == {"twice": '"n" * 2', "1 +": "1 +"}


def test_errors_of_the_server_keep_their_words(client: sightline.Client, table: Table) -> None:
    with pytest.raises(PerspectiveError, match=r'^Abort\(\): Table "t" already exists'):
        client.table({"a": [1]}, name="t")
    with pytest.raises(PerspectiveError, match=r'^Unknown error: Unknown table "x"$'):
        client.open_table("x")
    with pytest.raises(PerspectiveError, match=r"^Abort\(\): Cannot remove from unindexed Table"):
        client.table({"a": [1]}).remove([1])
    with pytest.raises(PerspectiveError, match="Invalid column 'zz' found in View columns"):
        table.view(columns=["zz"])


def test_tables_are_not_constructed() -> None:
    with pytest.raises(TypeError, match="Do not call Table's constructor directly, construct from a Client instance"):
        Table()


def test_system_info_has_the_known_keys(client: sightline.Client) -> None:
    info = client.system_info()
    names = ["heap_size", "used_size", "cpu_time", "cpu_time_epoch", "timestamp", "client_heap", "client_used"]
    assert list(info) == names
    assert info["client_heap"] is None


def test_html_shows_the_schema_escaped(client: sightline.Client) -> None:
    html = client.table({"<b>": [1]})._repr_html_()
    assert "&lt;b&gt;" in html
    assert "integer" in html
