"""Views: what they tell, what they give, and their callbacks, over each backing server."""

from __future__ import annotations

import gc
import json
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import sightline
from sightline import PerspectiveError, Table, View, ViewNotFoundError

ROWS = {"c": ["x", "y", "x"], "n": [1, 2, 3], "f": [0.5, 1.5, 2.5]}


@pytest.fixture
def table(client: sightline.Client) -> Table:
    return client.table(ROWS)


def test_dimensions(table: Table) -> None:
    view = table.view(group_by=["c"], split_by=["n"], columns=["f"])
    assert view.dimensions() == {
        "num_table_rows": 3,
        "num_table_columns": 3,
        "num_view_rows": 3,
        "num_view_columns": 3,
    }
    assert (view.num_rows(), view.num_columns()) == (3, 3)


def test_schemas(table: Table) -> None:
    view = table.view(expressions={"e": '"n" * 2'}, columns=["c", "e"])
    assert view.schema() == {"c": "string", "e": "float"}
    assert view.expression_schema() == {"e": "float"}


def test_column_paths_are_levels(table: Table) -> None:
    assert table.view().column_paths() == [["c", "n", "f"]]
    split = table.view(split_by=["c"], columns=["n", "f"])
    assert split.column_paths() == [["x", "x", "y", "y"], ["n", "f", "n", "f"]]
    assert split.column_paths(start_col=1, end_col=3) == [["x", "y"], ["f", "n"]]


def test_json_outputs_say_the_same(table: Table) -> None:
    view = table.view()
    records = [dict(zip(ROWS, row, strict=True)) for row in zip(*ROWS.values(), strict=True)]
    assert view.to_columns() == ROWS
    assert view.to_records() == view.to_json() == records
    assert json.loads(view.to_columns_string()) == ROWS
    assert json.loads(view.to_json_string()) == records
    assert [json.loads(line) for line in view.to_ndjson().splitlines()] == records


@pytest.mark.parametrize(
    ("window", "rows"),
    [
        ({}, [1, 2, 3]),
        ({"start_row": 1}, [2, 3]),
        ({"end_row": 2}, [1, 2]),
        ({"start_row": -5, "end_row": 1.2}, [1, 2]),
        ({"start_row": 1.9, "end_row": 10**20}, [2, 3]),
        ({"end_row": float("inf")}, [1, 2, 3]),
        ({"end_row": float("nan")}, []),
        ({"start_row": None, "end_row": np.int64(1), "unknown": 1}, [1]),
    ],
)
def test_windows_are_rounded_outwards(table: Table, window: dict[str, Any], rows: list[int]) -> None:
    assert table.view(columns=["n"]).to_columns(**window) == {"n": rows}


def test_windows_of_columns_and_extra_keys(table: Table) -> None:
    view = table.view()
    assert list(view.to_columns(start_col=1, end_col=2)) == ["n"]
    assert view.to_columns(id=True, end_col=1)["__ID__"] == [[0], [1], [2]]
    with pytest.raises(TypeError, match="must be real number, not str"):
        view.to_columns(start_row="x")


def test_csv(table: Table) -> None:
    assert table.view(columns=["c", "n"]).to_csv() == '"c","n"\n"x",1\n"y",2\n"x",3\n'


def test_arrow_and_data_frames(table: Table) -> None:
    view = table.view(columns=["n", "c"])
    arrow = pa.ipc.open_stream(view.to_arrow()).read_all()
    assert arrow.schema.types == [pa.int32(), pa.dictionary(pa.int32(), pa.string())]
    assert pa.table(view).equals(arrow)
    for compression in ("lz4", "zstd"):
        assert pa.ipc.open_stream(view.to_arrow(compression=compression)).read_all().equals(arrow)
    with pytest.raises(PerspectiveError, match=r'Unknown `compression` "x", expected "lz4" or "zstd"'):
        view.to_arrow(compression="x")
    with pytest.raises(TypeError):
        view.to_arrow(compression=1)
    frame = view.to_pandas()
    assert frame.equals(view.to_dataframe())
    assert isinstance(frame["c"].dtype, pd.CategoricalDtype)
    assert frame["n"].tolist() == [1, 2, 3]
    assert view.to_polars().schema == pl.Schema({"n": pl.Int32(), "c": pl.Categorical()})
    assert pl.DataFrame(view)["n"].to_list() == [1, 2, 3]


def test_min_and_max(table: Table) -> None:
    view = table.view()
    assert view.get_min_max("n") == (1.0, 3.0)
    assert view.get_min_max("c") == ("x", "y")
    with pytest.raises(PerspectiveError, match="Could not find column index for `zz`"):
        view.get_min_max("zz")


def test_rows_open_and_close(table: Table) -> None:
    view = table.view(group_by=["c"], columns=["n"])
    assert view.collapse(0) == 2
    assert view.num_rows() == 1
    assert view.expand(0) == 2
    with pytest.raises(OverflowError):
        view.expand(-1)


def test_depth_opens_and_closes_rows(local: sightline.Client) -> None:
    view = local.table(ROWS).view(group_by=["c", "n"], columns=["f"])
    assert view.num_rows() == 6
    view.set_depth(0)
    assert view.num_rows() == 3
    view.set_depth(1)
    assert view.num_rows() == 6


def test_updates_call_back_with_port_and_rows(client: sightline.Client) -> None:
    table = client.table({"k": ["a"], "n": [1]}, index="k")
    port = table.make_port()
    view = table.view()
    calls: list[tuple[Any, ...]] = []
    plain = view.on_update(lambda *args: calls.append(args))
    table.update([{"k": "a", "n": 2}])
    table.update([{"k": "b", "n": 3}], port_id=port)
    assert calls == [(0,), (port,)]
    view.remove_update(plain)
    view.on_update(
        lambda port, delta: calls.append((port, pa.ipc.open_stream(delta).read_all().to_pylist())), mode="row"
    )
    table.update([{"k": "b", "n": 4}])
    assert calls[2:] == [(0, [{"k": "b", "n": 4}])]


def test_removals_call_back_with_index_values(client: sightline.Client) -> None:
    table = client.table({"k": [1, 2, 3]}, index="k")
    view = table.view()
    calls: list[Any] = []
    number = view.on_remove(lambda port, keys: calls.append((port, pa.ipc.open_stream(keys).read_all().to_pydict())))
    table.remove([2])
    assert calls == [(0, {"k": [2]})]
    view.remove_remove(number)
    table.remove([3])
    assert len(calls) == 1


def test_callbacks_may_use_the_table(table: Table) -> None:
    view = table.view()
    sizes: list[int] = []

    def grow(*_: Any) -> None:
        sizes.append(table.size())
        if table.size() < 6:
            table.update({"n": [0]})

    view.on_update(grow)
    table.update({"n": [0]})
    assert sizes == [4, 5, 6]


def test_exception_in_a_callback_is_logged(table: Table, caplog: pytest.LogCaptureFixture) -> None:
    view = table.view()
    view.on_update(lambda *_: 1 / 0)
    view.on_delete(lambda: 1 / 0)
    table.update({"n": [4]})
    view.delete()
    assert [record.message for record in caplog.records if record.levelname == "WARNING"] == [
        "exception in a callback"
    ] * 2


def test_callback_arguments_are_checked(table: Table) -> None:
    view = table.view()
    with pytest.raises(PerspectiveError, match="Unwrapped option"):
        view.on_update(print, mode="cell")
    with pytest.raises(TypeError):
        view.on_update(print, mode=1)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="not callable"):
        view.on_update(5)  # type: ignore[arg-type]
    for remove in (view.remove_update, view.remove_remove):
        with pytest.raises(PerspectiveError, match="Unknown error: remove_update"):
            remove(5)
    view.remove_delete(5)


def test_deleted_views_are_not_found(table: Table) -> None:
    view = table.view()
    deleted: list[str] = []
    view.on_delete(lambda: deleted.append("v"))
    view.delete()
    assert deleted == ["v"]
    for call in (view.num_rows, view.to_columns, view.delete, view.schema, lambda: view.on_update(print)):
        with pytest.raises(ViewNotFoundError, match="View not found"):
            call()


def test_context_manager_deletes_the_view(table: Table) -> None:
    with table.view() as view:
        assert view.num_rows() == 3
    with table.view() as other:
        other.delete()
    table.delete()


def test_dropped_views_are_deleted(table: Table) -> None:
    for _ in range(10):
        table.view()
    gc.collect()
    table.delete()


def test_views_with_callbacks_live_on(table: Table) -> None:
    calls: list[Any] = []
    table.view().on_update(lambda *args: calls.append(args))
    gc.collect()
    table.update({"n": [9]})
    assert len(calls) == 1


def test_views_under_a_derived_table_live_on(client: sightline.Client, table: Table) -> None:
    derived = client.table(table.view())
    gc.collect()
    table.update({"n": [9]})
    assert derived.size() == 4


def test_views_are_not_constructed() -> None:
    with pytest.raises(TypeError, match="Do not call View's constructor directly, construct from a Table instance"):
        View()


def test_html_shows_the_first_rows_escaped(client: sightline.Client) -> None:
    view = client.table({"a": [f"<{number}>" for number in range(30)]}).view()
    html = view._repr_html_()
    assert "&lt;9&gt;" in html
    assert "10 of 30 rows" in html
