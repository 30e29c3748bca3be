"""View configs: what is read, and the wording of what is refused."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pytest

import sightline
from sightline import ConfigError
from sightline._config import read_view_config

KEYS = (
    "`group_by`, `split_by`, `columns`, `filter`, `sort`, `expressions`, `windows`, `aggregates`, `group_by_depth`, "
    "`filter_op`, `group_rollup_mode`, `split_rollup_mode`"
)
SUM = {"column": "a", "aggregate": "sum"}

REFUSED: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"zzz": 1}, ConfigError, f"unknown field `zzz`, expected one of {KEYS}"),
    ({"group_by": [1]}, TypeError, "unexpected type: 'int' object is not an instance of 'str'"),
    ({"columns": [1]}, TypeError, "unexpected type: 'int' object is not an instance of 'str'"),
    ({"filter": [["a", ">"]]}, ValueError, "expected sequence of length 3, got 2"),
    ({"filter": [["a", ">", 1, 2]]}, ValueError, "expected sequence of length 3, got 4"),
    ({"filter": [["a", ">", {}]]}, ConfigError, "data did not match any variant of untagged enum FilterTerm"),
    ({"filter": [["a", ">", object()]]}, TypeError, "unsupported type object"),
    ({"filter": [["a", 1, 1]]}, TypeError, "unexpected type: 'int' object is not an instance of 'str'"),
    ({"filter": [["a", ">", 2**70]]}, ConfigError, f"invalid type: integer `{2**70}` as u128, expected any value"),
    ({"filter_op": "xor"}, ConfigError, "unknown variant `xor`, expected `and` or `or`"),
    ({"filter_op": 1}, TypeError, "expected either a str or dict for enum"),
    (
        {"sort": [["a", "up"]]},
        ConfigError,
        "unknown variant `up`, expected one of `none`, `desc`, `asc`, `col desc`, `col asc`, `desc abs`, `asc abs`, "
        "`col desc abs`, `col asc abs`",
    ),
    ({"sort": [["a"]]}, ValueError, "expected sequence of length 2, got 1"),
    ({"sort": [["a", None]]}, TypeError, "expected either a str or dict for enum"),
    ({"expressions": "1+1"}, ConfigError, "data did not match any variant of untagged enum ExpressionsDeserde"),
    ({"expressions": {"e": 1}}, ConfigError, "data did not match any variant of untagged enum ExpressionsDeserde"),
    ({"aggregates": {"a": ["wmean", "d"]}}, ConfigError, "data did not match any variant of untagged enum Aggregate"),
    ({"aggregates": {"a": None}}, ConfigError, "data did not match any variant of untagged enum Aggregate"),
    ({"aggregates": ["sum"]}, TypeError, "unexpected type: 'list' object is not an instance of 'Mapping'"),
    ({"group_by_depth": -1}, OverflowError, "number too small to fit in target type"),
    ({"group_by_depth": 1.5}, TypeError, "'float' object cannot be interpreted as an integer"),
    ({"group_rollup_mode": "x"}, ConfigError, "unknown variant `x`, expected one of `rollup`, `flat`, `total`"),
    ({"split_rollup_mode": "x"}, ConfigError, "unknown variant `x`, expected `flat` or `rollup`"),
    (
        {"windows": {"w": {**SUM, "rows": 1, "range": 2}}},
        ConfigError,
        "`rows`, `range` and `cumulative` are mutually exclusive",
    ),
    ({"windows": {"w": {**SUM, "cumulative": False}}}, ConfigError, "`cumulative` must be `true` when present"),
    ({"windows": {"w": {"column": "a"}}}, ConfigError, "missing field `aggregate`"),
    ({"windows": {"w": {"aggregate": "sum"}}}, ConfigError, "missing field `column`"),
    ({"windows": {"w": {**SUM, "offset": -1}}}, OverflowError, "number too small to fit in target type"),
    ({"windows": {"w": {**SUM, "alpha": "x"}}}, TypeError, "must be real number, not str"),
    (
        {"windows": {"w": {**SUM, "order_by": ["a", "up"]}}},
        ConfigError,
        "unknown variant `up`, expected `asc` or `desc`",
    ),
    ({"windows": {"w": {**SUM, "rows": 1.5}}}, TypeError, "'float' object cannot be interpreted as an integer"),
    ({"windows": {"w": 1}}, TypeError, "unexpected type: 'int' object is not an instance of 'Mapping'"),
]


@pytest.mark.parametrize(("config", "kind", "text"), REFUSED, ids=[str(case[0])[:60] for case in REFUSED])
def test_wrong_config_is_refused_with_the_known_wording(
    config: dict[str, Any], kind: type[Exception], text: str
) -> None:
    with pytest.raises(kind) as caught:
        read_view_config(config)
    assert str(caught.value).startswith(text)


@pytest.mark.parametrize("config", [case[0] for case in REFUSED], ids=[str(case[0])[:60] for case in REFUSED])
def test_what_is_refused_is_refused_by_the_reference(config: dict[str, Any]) -> None:
    import perspective

    table = perspective.Server().new_local_client().table({"a": [1], "d": [1.5]})
    with pytest.raises(Exception) as theirs:
        table.view(**config)
    with pytest.raises(Exception) as ours:
        read_view_config(config)
    assert str(ours.value).startswith(str(theirs.value))
    builtin = type(theirs.value)
    assert isinstance(ours.value, builtin)


def test_full_config_survives_the_round_trip(client: sightline.Client) -> None:
    table = client.table({"a": [1, 2], "b": ["x", "y"], "d": [1.5, 2.5]})
    view = table.view(
        group_by=["b"],
        columns=["a", None, "d"],
        filter=[["a", ">", 0], ("b", "is not null", None)],
        filter_op="or",
        sort=[["a", "desc"], ("d", "asc abs")],
        aggregates={"a": "max", "d": ["weighted mean", ["a"]]},
        expressions=['// twice\n"a" * 2'],
        group_by_depth=1,
        group_rollup_mode="rollup",
        split_rollup_mode="flat",
    )
    config = view.get_config()
    assert config["group_by"] == ["b"]
    assert config["columns"] == ["a", "d"]
    assert config["filter"] == [("a", ">", 0.0), ("b", "is not null", None)]
    assert config["filter_op"] == "or"
    assert config["sort"] == [("a", "desc"), ("d", "asc abs")]
    assert config["expressions"] == {"twice": '"a" * 2'}
    assert config["aggregates"]["d"] == ("weighted mean", ["a"])
    assert config["group_by_depth"] == 1


def test_moments_and_numpy_scalars_are_filter_operands() -> None:
    config = read_view_config(
        {
            "filter": [
                ["d", ">", dt.date(2024, 1, 2)],
                ["t", ">", dt.datetime(1970, 1, 1, 0, 0, 1)],
                ["t", ">", dt.datetime(1970, 1, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=1)))],
                ["n", "in", (np.int64(3), np.float32(0.5))],
            ]
        }
    )
    values = [[value.WhichOneof("scalar") for value in item.value] for item in config.filter]
    assert values == [["string"], ["float"], ["float"], ["float", "float"]]
    assert config.filter[0].value[0].string == "2024-01-02"
    assert config.filter[1].value[0].float == 1000.0
    assert config.filter[2].value[0].float == 0.0


def test_integers_beyond_doubles_travel_exactly() -> None:
    config = read_view_config({"filter": [["n", "==", 2**53 + 1]]})
    assert config.filter[0].value[0].string == str(2**53 + 1)
