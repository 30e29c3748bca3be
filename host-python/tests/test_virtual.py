"""Virtual servers: the protocol over a handler, and views as SQL that agree with the engine's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
import pytest

import sightline
from sightline.virtual_servers import VirtualServerHandler, describe_via_make_view
from sightline.virtual_servers.duckdb import DuckDBVirtualServer
from sightline.virtual_servers.ibis import IbisVirtualServer
from sightline.virtual_servers.polars import PolarsVirtualServer

COLUMNS: dict[str, list[Any]] = {
    "i": [1, 2, 3, 4, -5, None],
    "s": ["a", "b", "a", None, "it's", "a"],
    "r": ["x", "x", "y", "y", "y", "x"],
    "f": [1.5, 2.5, -3.5, 4.5, None, 0.25],
    "b": [True, False, True, None, True, False],
}
FRAME = pl.DataFrame(COLUMNS)


def connect(server: Any) -> sightline.Client:
    """Our client on a session of a virtual server."""
    session: Any = None
    client = sightline.Client(lambda request: session.handle_request(request))
    session = server.new_session(client.handle_response)
    return client


def duckdb_client() -> sightline.Client:
    database = duckdb.connect()
    database.register("frame", FRAME.to_arrow())
    database.execute("CREATE TABLE t AS SELECT * FROM frame")
    database.unregister("frame")
    return connect(DuckDBVirtualServer(database))


def polars_client() -> sightline.Client:
    return connect(PolarsVirtualServer({"t": FRAME, "lazy": FRAME.lazy()}))


def ibis_client() -> sightline.Client:
    import ibis

    return connect(IbisVirtualServer(ibis.polars.connect({"t": FRAME})))


BACKENDS: dict[str, Callable[[], sightline.Client]] = {
    "duckdb": duckdb_client,
    "polars": polars_client,
    "ibis": ibis_client,
}
CONFIGS: list[dict[str, Any]] = [
    {},
    {"columns": ["f", "i"], "sort": [["i", "desc"]], "filter": [["s", "==", "a"]]},
    {"columns": ["s"], "filter": [["s", "==", "it's"]]},
    {"columns": ["i"], "filter": [["s", "is null", None]]},
    {"columns": ["i"], "filter": [["s", "in", ["a", "b"]]]},
    {"columns": ["i"], "filter": [["s", "begins with", "IT"]]},
    {"columns": ["i"], "filter": [["s", "contains", "'"]]},
    {"columns": ["i"], "filter": [["s", "ends with", "%"]]},
    {"columns": ["i"], "filter": [["i", ">", 2], ["r", "==", "x"]], "filter_op": "or"},
    {"columns": ["i"], "filter": [["b", "==", True]]},
    {"columns": ["i", "f"], "sort": [["f", "asc"]]},
    {"columns": ["i"], "sort": [["r", "desc"], ["i", "asc"]]},
    {"group_by": ["s"], "columns": ["i", "f"]},
    {"group_by": ["r", "s"], "columns": ["i"]},
    {"group_by": ["r", "s"], "columns": ["i"], "group_by_depth": 1},
    {"group_by": ["r", "s"], "columns": ["i"], "group_rollup_mode": "flat"},
    {"group_by": ["s"], "columns": ["i"], "sort": [["i", "desc"]]},
    {"group_by": ["r", "s"], "columns": ["f"], "sort": [["i", "asc"]]},
    {"group_by": ["r"], "columns": ["i"], "aggregates": {"i": "avg"}},
    {"group_by": ["r"], "columns": ["f", "i"], "aggregates": {"i": "min", "f": "max"}},
    {"group_by": ["r"], "columns": ["s"], "aggregates": {"s": "distinct count"}},
    {"group_by": ["b"], "columns": ["i"], "aggregates": {"i": "count"}},
    {"group_by": ["i"], "columns": ["i"]},
    {"columns": ["i"], "group_rollup_mode": "total"},
    {"split_by": ["r"], "columns": ["i"]},
    {"group_by": ["s"], "split_by": ["r"], "columns": ["i", "f"]},
    {"group_by": ["s"], "split_by": ["r", "b"], "columns": ["i"]},
]


@pytest.fixture(scope="module")
def engine() -> Iterator[sightline.Table]:
    """The same rows in the engine: what a virtual table is compared with."""
    with sightline.Server() as server:
        yield server.new_local_client().table(COLUMNS, name="t")


@pytest.fixture(params=list(BACKENDS))
def table(request: pytest.FixtureRequest) -> sightline.Table:
    client = BACKENDS[request.param]()
    (name,) = [name for name in client.get_hosted_table_names() if name.endswith("t")]
    return client.open_table(name)


def test_a_virtual_view_equals_the_engines(table: sightline.Table, engine: sightline.Table) -> None:
    assert (table.size(), table.columns(), table.schema()) == (engine.size(), engine.columns(), engine.schema())
    for config in CONFIGS:
        ours, virtual = engine.view(**config), table.view(**config)
        assert virtual.to_columns() == ours.to_columns(), config
        assert virtual.to_records() == ours.to_records(), config
        assert virtual.to_csv() == ours.to_csv(), config
        # The engine also tells of a column that is only sorted by.
        assert virtual.schema() == {name: ours.schema()[name] for name in virtual.schema()}, config
        # Split values are told as text, as a handler names its columns.
        texts = [
            [str(v).lower() if v in {True, False} else "null" if v is None else v for v in level]
            for level in ours.column_paths()
        ]
        assert virtual.column_paths() == texts, config
        assert virtual.num_rows() == ours.num_rows(), config
        assert virtual.num_columns() == ours.num_columns(), config
        assert virtual.to_columns(start_row=1, end_row=3) == ours.to_columns(start_row=1, end_row=3), config
        assert virtual.to_columns(start_col=1) == ours.to_columns(start_col=1), config
        left, right = (pa.ipc.open_stream(view.to_arrow()).read_all() for view in (virtual, ours))
        assert left.to_pylist() == right.to_pylist(), config
        virtual.delete()
        ours.delete()


def test_extremes_of_a_view(table: sightline.Table) -> None:
    assert table.view().get_min_max("i") == (-5, 4)
    assert table.view(group_by=["r"], columns=["i"]).get_min_max("i") == (2, 3)
    with pytest.raises(sightline.PerspectiveError, match="zz"):
        table.view().get_min_max("zz")


def test_expressions_and_what_is_wrong_with_them(table: sightline.Table) -> None:
    view = table.view(expressions={"q": '"i" * 2'}, columns=["q"])
    assert view.to_columns() == {"q": [2, 4, 6, 8, -10, None]}
    assert view.expression_schema() == {"q": "integer"}
    told = table.validate_expressions({"good": '"i"', "bad": "zzz("})
    assert told["expression_schema"] == {"good": "integer"}
    assert list(told["errors"]) == ["bad"]
    assert "config_error" in table.describe(columns=["zz"])
    assert table.describe(group_by=["r"], columns=["i"])["view_schema"] == {"i": "integer"}


@pytest.mark.parametrize(
    "config",
    [
        {"columns": ["zz"]},
        {"group_by": ["zz"]},
        {"sort": [["zz", "asc"]]},
        {"filter": [["i", "~~", 1]]},
        {"group_by": ["r"], "columns": ["i"], "aggregates": {"i": "nonsense"}},
        {"expressions": {"q": "1) AS t; DROP TABLE t; SELECT (1"}},
    ],
)
def test_a_wrong_config_is_an_error_and_harms_nothing(table: sightline.Table, config: dict[str, Any]) -> None:
    with pytest.raises(sightline.PerspectiveError):
        table.view(**config)
    assert table.view().num_rows() == 6


def test_what_a_virtual_table_cannot_do_is_said(table: sightline.Table) -> None:
    with pytest.raises(sightline.PerspectiveError, match="table_update"):
        table.update([{"i": 1}])
    assert table.make_port() == 0
    assert isinstance(table.view().on_update(lambda port: None), int)


def test_a_view_is_gone_after_delete(table: sightline.Table) -> None:
    view = table.view()
    view.delete()
    with pytest.raises(sightline.PerspectiveError, match="View not found"):
        view.num_rows()


def test_windows_are_computed_by_the_database() -> None:
    table = duckdb_client().open_table("memory.t")
    spec = {"column": "f", "aggregate": "sum", "order_by": ["i", "asc"], "rows": 1}
    view = table.view(columns=["w"], windows={"w": spec}, filter=[["i", ">", 0]])
    assert view.to_columns()["w"] == [1.5, 4.0, -1.0, 1.0]


class Handler(VirtualServerHandler):
    """One table of two rows; remembers what it was asked."""

    def __init__(self) -> None:
        self.deleted: list[str] = []
        self.kept: Any = None

    def get_features(self) -> dict[str, Any]:
        return {
            "group_by": True,
            "group_rollup_mode": ["flat"],
            "filter_ops": {"integer": ["=="]},
            "aggregates": {"integer": ["sum", ["weighted mean", ["float"]]]},
            "window_aggregates": {"integer": [{"name": "sum", "frames": ["rows"], "result_type": "float"}]},
        }

    def get_hosted_tables(self) -> list[Any]:
        return ["t", {"name": "u", "index": "a", "limit": 5}]

    def table_schema(self, table_name: str) -> dict[str, str]:
        return {"a": "integer", "d": "datetime"}

    def table_size(self, table_name: str) -> int:
        return 2

    def table_describe(self, table_name: str, config: dict[str, Any]) -> dict[str, Any]:
        return describe_via_make_view(self, table_name, config)

    def table_make_view(self, table_name: str, view_name: str, config: dict[str, Any]) -> None:
        if config["columns"] == ["wrong"]:
            raise RuntimeError("there is no column `wrong`")

    def view_delete(self, view_name: str) -> None:
        self.deleted.append(view_name)

    def view_get_min_max(self, view_name: str, column_name: str, config: dict[str, Any]) -> tuple[Any, Any]:
        return None, "z"

    def view_get_data(self, view_name: str, config: Any, schema: Any, viewport: Any, data: Any) -> None:
        self.kept = data
        if config["group_by"]:
            data.set_integer_col("__ROW_PATH_0__", 0, None, grouping_id=1)
            data.set_integer_col("__ROW_PATH_0__", 1, 7, grouping_id=0)
        data.set_integer_col("a", 0, 7)
        data.set_col("integer", "a", 1, None)
        data.set_datetime_col("d", 1, 1_700_000_000_000)


def over(handler: Any) -> tuple[sightline.Client, sightline.VirtualServer]:
    server = sightline.VirtualServer(handler)
    client = sightline.Client(lambda request: client.handle_response(server.handle_request(request)))
    return client, server


def test_a_handler_is_asked_and_its_answers_are_sent() -> None:
    handler = Handler()
    client, server = over(handler)
    assert client.get_hosted_table_names() == ["t", "u"]
    assert (client.open_table("u").get_index(), client.open_table("u").get_limit()) == ("a", 5)
    table = client.open_table("t")
    view = table.view()
    assert view.to_columns() == {"a": [7, None], "d": [None, 1_700_000_000_000]}
    assert view.to_csv() == '"a","d"\n7,\n,2023-11-14 22:13:20.000\n'
    assert view.to_ndjson() == '{"a":7,"d":null}\n{"a":null,"d":1700000000000}'
    assert view.get_config()["columns"] == ["a", "d"]
    assert view.get_min_max("a") == (None, "z")
    assert table.view(group_by=["a"]).to_columns()["__ROW_PATH__"] == [[], [7]]
    with pytest.raises(ValueError, match="consumed"):
        handler.kept.set_integer_col("a", 0, 1)
    server.close()
    assert len(handler.deleted) == 2


def test_an_exception_of_a_handler_is_the_requests_error() -> None:
    client, _ = over(Handler())
    with pytest.raises(sightline.PerspectiveError, match="there is no column `wrong`"):
        client.open_table("t").view(columns=["wrong"])
    assert (
        client.open_table("t").describe(columns=["wrong"])
        == {"config_error": "there is no column `wrong`"} | {"expression_schema": {}}
        or client.open_table("t").describe(columns=["wrong"])["config_error"] == "there is no column `wrong`"
    )
    bare, server = over(VirtualServerHandler())
    with pytest.raises(sightline.PerspectiveError, match="get_hosted_tables not implemented"):
        bare.get_hosted_table_names()
    with pytest.raises(ValueError, match="Protobuf"):
        server.handle_request(b"\xff\xff")
    assert server.handle_request(b"")


def test_the_references_client_reads_a_virtual_table() -> None:
    import perspective

    server = sightline.VirtualServer(Handler())
    client: Any = perspective.Client(lambda request: client.handle_response(server.handle_request(request)))
    assert client.open_table("t").view().to_columns() == {"a": [7, None], "d": [None, 1_700_000_000_000]}


def test_a_slice_takes_arrow_and_refuses_what_does_not_fit() -> None:
    data = sightline.VirtualDataSlice()
    sink = pa.BufferOutputStream()
    batch = pa.table({"__ROW_PATH_0__": [None, "x"], "__GROUPING_ID__": [1, 0], "n": [3, 3]})
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_table(batch)
    data.from_arrow_ipc(sink.getvalue().to_pybytes())
    assert data.render_to_columns_json() == '{"__ROW_PATH__":[[],["x"]],"n":[3,3]}'
    with pytest.raises(ValueError, match="is integer, and cannot take a string"):
        data.set_string_col("n", 0, "x")
    with pytest.raises(ValueError, match="Unknown type 'decimal'"):
        data.set_col("decimal", "m", 0, 1)
    with pytest.raises(ValueError, match="`'x'` is no float"):
        data.set_float_col("f", 0, "x")
    with pytest.raises(OverflowError):
        data.set_float_col("f", -1, 1.0)
