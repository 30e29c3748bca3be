"""Runs every example of `docs/windows.md`, so that the guide cannot go stale."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import sightline

GUIDE = (Path(__file__).resolve().parents[2] / "docs" / "windows.md").read_text(encoding="utf-8")
EXAMPLE = re.compile(r"^\|.*\| `(\{.*\})` \| `([^`]*)` \|$", re.MULTILINE)
EXAMPLES = [(json.loads(spec), result) for spec, result in EXAMPLE.findall(GUIDE)]
TYPES = {"k": "integer", "shop": "string", "n": "integer", "day": "date", "x": "float"}


def cell(text: str) -> Any:
    return None if text == "null" else int(text) if text.isdigit() else text


def table(client: sightline.Client) -> sightline.Table:
    """The table that the guide shows."""
    lines = GUIDE.split("| k | shop |")[1].split("\n\n")[0].splitlines()[2:]
    rows = [
        dict(zip(TYPES, (cell(text.strip()) for text in line.strip("|").split("|")), strict=True)) for line in lines
    ]
    made = client.table(TYPES, index="k")
    made.update(rows)
    return made


def shown(value: Any) -> str:
    return (
        "null" if value is None else repr(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
    )


def test_the_guide_has_examples_of_all_operations() -> None:
    operations = {spec["aggregate"] for spec, _ in EXAMPLES}
    missing = {
        "sum",
        "avg",
        "count",
        "min",
        "max",
        "stddev",
        "var",
        "median",
        "quantile",
        "first",
        "last",
        "rate",
        "ema",
    } - operations
    missing |= {"lag", "lead", "diff", "row_number", "rank", "dense_rank", "percent_rank", "ntile"} - operations
    assert not missing


@pytest.mark.parametrize(("spec", "result"), EXAMPLES, ids=[json.dumps(spec) for spec, _ in EXAMPLES])
def test_an_example_gives_its_result(local: sightline.Client, spec: dict[str, Any], result: str) -> None:
    view = table(local).view(windows={"w": spec}, columns=["w"])
    assert ", ".join(shown(value) for value in view.to_columns()["w"]) == result


@pytest.mark.parametrize(("spec", "result"), EXAMPLES, ids=[json.dumps(spec) for spec, _ in EXAMPLES])
def test_an_example_filled_row_by_row_gives_its_result(
    local: sightline.Client, spec: dict[str, Any], result: str
) -> None:
    rows = table(local).view().to_records()
    live = local.table(TYPES, index="k")
    view = live.view(windows={"w": spec}, columns=["w"])
    for row in [rows[at] for at in (3, 0, 5, 2, 1, 4)]:
        live.update([{**row, "day": str(row["day"])[:10] if isinstance(row["day"], str) else row["day"], "x": 100}])
        view.to_columns()
        live.update([{"k": row["k"], "x": row["x"]}])
        view.to_columns()
    assert ", ".join(shown(value) for value in view.to_columns()["w"]) == result
