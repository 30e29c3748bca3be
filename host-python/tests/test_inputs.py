"""Every kind of input, into a table and out again."""

from __future__ import annotations

import datetime as dt
import decimal
import math
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import sightline
from sightline import PerspectiveError

DAY = dt.date(2024, 5, 6)
MOMENT = dt.datetime(2024, 5, 6, 7, 8, 9, 123000)
DAY_MS = 1714953600000
MOMENT_MS = 1714979289123


def columns(client: sightline.Client, data: Any, **options: Any) -> dict[str, list[Any]]:
    return client.table(data, **options).view().to_columns()


@pytest.mark.parametrize(
    ("data", "options"),
    [
        ({"a": [1, 2], "b": ["x", "y"]}, {}),
        ([{"a": 1, "b": "x"}, {"a": 2, "b": "y"}], {}),
        ("a,b\n1,x\n2,y\n", {}),
        (b"a,b\n1,x\n2,y\n", {"format": "csv"}),
        ('[{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]', {"format": "json"}),
        ('{"a": [1, 2], "b": ["x", "y"]}', {"format": "columns"}),
        ('{"a": 1, "b": "x"}\n{"a": 2, "b": "y"}', {"format": "ndjson"}),
        (pa.table({"a": [1, 2], "b": ["x", "y"]}), {}),
        (pa.RecordBatch.from_pydict({"a": [1, 2], "b": ["x", "y"]}), {}),
        (lambda: pa.table({"a": [1, 2], "b": ["x", "y"]}).to_reader(), {}),
        (pl.DataFrame({"a": [1, 2], "b": ["x", "y"]}), {}),
        (pl.LazyFrame({"a": [1, 2], "b": ["x", "y"]}), {}),
        ({"a": np.array([1, 2]), "b": np.array(["x", "y"], dtype=object)}, {}),
        ({"a": pa.array([1, 2]), "b": pa.chunked_array([["x"], ["y"]])}, {}),
        ({"a": pl.Series([1, 2]), "b": pl.Series(["x", "y"])}, {}),
        ({"a": pd.Series([1, 2]), "b": pd.Series(["x", "y"])}, {}),
        (np.array([(1, "x"), (2, "y")], dtype=[("a", "i8"), ("b", "O")]), {}),
        ([{"a": np.int64(1), "b": np.str_("x")}, {"a": np.int16(2), "b": "y"}], {}),
        (bytearray(b"a,b\n1,x\n2,y\n"), {"format": "csv"}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_input_kinds_give_the_same_table(client: sightline.Client, data: Any, options: dict[str, Any]) -> None:
    data = data() if callable(data) else data
    assert columns(client, data, **options) == {"a": [1, 2], "b": ["x", "y"]}


def test_arrow_bytes_are_read_as_stream_and_as_file(client: sightline.Client) -> None:
    table = pa.table({"a": [1, 2]})
    for new in (pa.ipc.new_stream, pa.ipc.new_file):
        sink = pa.BufferOutputStream()
        with new(sink, table.schema) as writer:
            writer.write_table(table)
        assert columns(client, sink.getvalue().to_pybytes()) == {"a": [1, 2]}


def test_schema_of_names_and_of_python_types(client: sightline.Client) -> None:
    by_name = {"a": "integer", "b": "float", "c": "string", "d": "boolean", "e": "date", "f": "datetime"}
    by_type = {"a": int, "b": float, "c": str, "d": bool, "e": dt.date, "f": dt.datetime}
    assert client.table(by_name).schema() == by_name
    assert client.table(by_type).schema() == by_name
    assert list(client.table(by_type).schema()) == list(by_name)


def test_pandas_index_becomes_a_column(client: sightline.Client) -> None:
    frame = pd.DataFrame({"x": [1, 2]})
    assert columns(client, frame) == {"index": [0, 1], "x": [1, 2]}
    assert columns(client, frame.set_axis(["u", "v"])) == {"index": ["u", "v"], "x": [1, 2]}
    assert columns(client, frame.rename_axis("k")) == {"x": [1, 2], "k": [0, 1]}
    levels = pd.MultiIndex.from_tuples([(1, 2), (3, 4)])
    assert columns(client, frame.set_axis(levels)) == {"index": [1, 3], "x": [1, 2], "__index_level_1__": [2, 4]}


def test_pandas_column_named_index_wins_over_a_plain_range(client: sightline.Client) -> None:
    assert columns(client, pd.DataFrame({"index": [7, 8]})) == {"index": [7, 8]}
    with pytest.raises(ValueError, match="index"):
        client.table(pd.DataFrame({"index": [7, 8]}, index=["u", "v"]))


def test_pandas_types(client: sightline.Client) -> None:
    frame = pd.DataFrame(
        {
            "c": pd.Categorical(["x", "y"]),
            "t": pd.to_datetime([MOMENT, None]),
            "n": pd.array([1, None], dtype="Int64"),
            "s": pd.array(["p", None], dtype="string"),
            "f": [0.5, math.nan],
        }
    )
    assert columns(client, frame) == {
        "index": [0, 1],
        "c": ["x", "y"],
        "t": [MOMENT_MS, None],
        "n": [1, None],
        "s": ["p", None],
        "f": [0.5, None],
    }


def test_moments_in_lists_and_dicts(client: sightline.Client) -> None:
    table = client.table({"d": "date", "t": "datetime"})
    zone = dt.timezone(dt.timedelta(hours=2))
    table.update([{"d": DAY, "t": MOMENT}, {"d": pd.Timestamp(DAY).date(), "t": MOMENT.replace(tzinfo=zone)}])
    table.update({"d": [np.datetime64("2024-05-06"), None], "t": [np.datetime64(MOMENT), pd.NaT]})
    assert table.view().to_columns() == {
        "d": [DAY_MS, DAY_MS, DAY_MS, None],
        "t": [MOMENT_MS, MOMENT_MS - 7_200_000, MOMENT_MS, None],
    }
    inferred = client.table({"d": [DAY], "t": [MOMENT]})
    assert inferred.schema() == {"d": "date", "t": "datetime"}


def test_numpy_moments(client: sightline.Client) -> None:
    data = {"d": np.array(["2024-05-06"], "datetime64[D]"), "t": np.array([MOMENT], "datetime64[us]")}
    table = client.table(data)
    assert table.schema() == {"d": "date", "t": "datetime"}
    assert table.view().to_columns() == {"d": [DAY_MS], "t": [MOMENT_MS]}


def test_not_a_number_in_lists_is_null(client: sightline.Client) -> None:
    assert columns(client, {"a": [math.nan, 1.5, math.inf]}) == {"a": [None, 1.5, None]}
    assert columns(client, [{"a": 1.5}, {"a": np.float64("nan")}]) == {"a": [1.5, None]}


def test_decimals_are_floats(client: sightline.Client) -> None:
    assert columns(client, {"a": [decimal.Decimal("1.5"), decimal.Decimal("NaN")]}) == {"a": [1.5, None]}


def test_update_replace_and_remove_take_columnar_data(local: sightline.Client) -> None:
    table = local.table({"k": "integer", "v": "string"}, index="k")
    for data in (pa.table({"k": [1], "v": ["p"]}), pl.DataFrame({"k": [2], "v": ["q"]})):
        table.update(data)
    table.update(pd.DataFrame({"k": [3], "v": ["r"]}))
    assert table.view().to_columns() == {"k": [1, 2, 3], "v": ["p", "q", "r"]}
    for keys in (np.array([1]), pa.table({"k": [2]})):
        table.remove(keys)
    assert table.view().to_columns() == {"k": [3], "v": ["r"]}
    table.replace(pl.DataFrame({"k": [9], "v": ["z"]}))
    assert table.view().to_columns() == {"k": [9], "v": ["z"]}


@pytest.mark.parametrize(
    "value", [None, 1, (1,), iter([1]), pd.Series([1]), np.array([1])], ids=lambda v: type(v).__name__
)
def test_other_values_make_no_table(client: sightline.Client, value: Any) -> None:
    with pytest.raises(TypeError, match=f"Unknown input type '{type(value).__name__}'"):
        client.table(value)


@pytest.mark.parametrize("method", ["update", "replace", "remove"])
@pytest.mark.parametrize("value", [None, (1,), {"a": "integer"}], ids=["none", "tuple", "schema"])
def test_other_values_are_no_data(client: sightline.Client, method: str, value: Any) -> None:
    table = client.table({"a": [1]}, index="a")
    with pytest.raises(ValueError, match="Unknown input type"):
        getattr(table, method)(value)


@pytest.mark.parametrize(
    ("data", "options", "kind", "text"),
    [
        ({}, {}, ValueError, "Cannot infer type of empty dict"),
        ({"a": "foo"}, {}, PerspectiveError, "Abort(): Unknown type foo"),
        ({"a": object}, {}, TypeError, "builtins.object"),
        ({"a": (1,)}, {}, TypeError, "Unknown schema type 'tuple'"),
        ({1: int}, {}, TypeError, "'int' object is not an instance of 'str'"),
        ("x", {"format": "zz"}, PerspectiveError, 'Unknown format "zz"'),
        ([{"a": 1}], {"format": "zz"}, PerspectiveError, 'Unknown format "zz"'),
        ({"a": [1]}, {"limit": 1, "index": "a"}, ValueError, "Cannot set both `limit` and `index`"),
        ({"a": [1]}, {"limit": -1}, OverflowError, "number too small to fit in target type"),
        ({"a": [1]}, {"limit": 2**32}, OverflowError, "number too large to fit in target type"),
        ({"a": [1]}, {"limit": 1.0}, TypeError, "'float' object cannot be interpreted as an integer"),
        ({"a": [1]}, {"index": 1}, TypeError, "'int' object is not an instance of 'str'"),
        ({"a": [1]}, {"name": 1}, TypeError, "'int' object is not an instance of 'str'"),
        ({"a": [1]}, {"list_flatten": "x"}, ValueError, "Unknown `list_flatten`"),
        ({"a": [object()]}, {}, TypeError, "Object of type object is not JSON serializable"),
        (b"\xff", {"format": "csv"}, PerspectiveError, "not UTF-8"),
    ],
    ids=str,
)
def test_wrong_input_says_what_is_wrong(
    client: sightline.Client, data: Any, options: dict[str, Any], kind: type[Exception], text: str
) -> None:
    with pytest.raises(kind) as caught:
        client.table(data, **options)
    assert text in str(caught.value)


def test_whole_number_beyond_doubles_stays_exact(local: sightline.Client) -> None:
    big = 2**62 + 1
    assert columns(local, pa.table({"a": [big]})) == {"a": [big]}
    assert columns(local, {"a": np.array([big])}) == {"a": [big]}
    assert columns(local, {"a": [big]}) == {"a": [big]}
