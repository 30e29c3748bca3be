"""Scenarios in which Sightline answers otherwise than the reference on purpose, with the reason.

`REASONS` names them by pattern; what Sightline answers to them is kept in `righted/*.json`, so that it cannot change
unnoticed. `python tests/parity/right.py` writes these answers, and says which scenarios differ without a reason.
"""

from __future__ import annotations

import functools
import json
import re
from pathlib import Path

from .interpreter import Output

RIGHTED = Path(__file__).resolve().parents[1] / "righted"

REASONS: list[tuple[str, str]] = [
    (r"outputs/option/.*index.*", "keys under a group are listed in descending order, under split cells as well"),
    (r"outputs/option/id/.*split_only", "a row of a split-only view has its key as its id"),
    (r"outputs/numbers/float_split", "headers spell a float in all its digits, as cells do"),
    (r"outputs/tree/new_group_after_collapse", "new groups open like their siblings after one was closed by hand"),
    (r"filters/text/not .*/gaps", "`not ...` keeps nulls, as `!=` and `not in` do"),
    (r"filters/several/or", "`or` passes rows that meet one filter"),
    (r"aggregates/.*/mul", "a product of integers does not wrap at 32 bits"),
    (r"aggregates/.*/dominant", "of equally frequent values the first by key wins, in totals too"),
    (r"aggregates/.*/distinct leaf", "null where no single value is shared by a deepest group"),
    (r"aggregates/.*/?pct sum .*", "percentages of integers keep their fraction in CSV"),
    (r"aggregates/gaps.*/or", "`or` of nothing but nulls is null"),
    (r"aggregates/several/same_column_twice", "both columns of one name show their cells in CSV"),
    (r"aggregates/width/uint64_sum", "unsigned sums do not wrap"),
    (r"aggregates/split/paid/any", "`any` of booleans is the first by key, not whether one is true"),
    (r"flows/sensors/.*", "a datetime at midnight does not make a column of dates"),
    (r"sorts/special_floats/.*", "null is least, before NaN"),
    (r"sorts/split_only/.*", "columns of split-only views come in order of their values"),
    (r"windows/.*", "a datetime at midnight does not make a column of dates"),
    (r"inputs_json/infer/null_then_.*/ndjson", "NDJSON infers types as rows do, past nulls"),
    (r"inputs_json/mixed/.*", "one rule for both orders: truth and number are numbers"),
    (r"inputs_json/shape/.*", "an empty column is padded with nulls, and a null is a column of its own"),
    (r"inputs_csv/cell/hex", "hexadecimal is text"),
    (r"inputs_csv/options/limit", "a limit holds for loading as well"),
    (r"inputs_arrow/type/timestamp.*", "the zone of timestamps is kept"),
    (r"inputs_arrow/type/time32.*", "times of day are signed integers, as in Arrow"),
    (r"updates/arrow/integer/string", "integer columns of a schema hold 64 bits where needed"),
    (r"updates/fail/bad_arrow", "faults of Arrow streams in the words of our reader"),
    (r"expressions/validate/.*", "positions point into the text as it was written; more functions and forms exist"),
    (r"expressions/(logic/16|choice/13|trigonometry/22|convert/13).*", "`&` is and, no case is null, atan2 exists, empty text is not null"),
    (r"expressions/describe/bad_config", "without the line end"),
    (r"callbacks/delta/split/move_group", "a row group that only lost cells is in the delta as well"),
]


def reason(name: str) -> str | None:
    """Why a scenario, named with its theme, may differ; None if it must not."""
    return next((why for pattern, why in REASONS if re.fullmatch(pattern, name)), None)


@functools.cache
def load(theme: str) -> dict[str, list[Output]]:
    """Sightline's own answers of one theme, by scenario name."""
    path = RIGHTED / f"{theme}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def save(theme: str, answers: dict[str, list[Output]]) -> None:
    """Writes Sightline's own answers: one line per scenario."""
    path = RIGHTED / f"{theme}.json"
    if not answers:
        path.unlink(missing_ok=True)
        return
    lines = [f"{json.dumps(name)}: {json.dumps(value, ensure_ascii=False, separators=(',', ':'))}" for name, value in answers.items()]
    RIGHTED.mkdir(exist_ok=True)
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
