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
    (r"outputs/option/.*index.*", "keys under a group are listed in descending order, and under split cells as well"),
    (r"outputs/option/.*id.*split_only", "a row of a split-only view has its key as its id"),
    (r"outputs/option/index_grouped_keyed", "keys under a group are listed in descending order"),
    (r"outputs/numbers/.*", "headers and cells spell a float alike, and a total too large for a float is none"),
    (r"outputs/empty/grouped", "an empty table has a count of 0"),
    (r"outputs/(tree|metadata|arrow)/.*", "one null, dates are days, and the zone of timestamps is kept"),
    (r"filters/text/not .*/gaps", "`not ...` keeps nulls, as `!=` and `not in` do"),
    (r"filters/several/or", "`or` combines all filters"),
    (r"aggregates/.*/mul", "a product of 64-bit integers does not wrap at 32 bits"),
    (r"aggregates/.*/dominant", "of equally frequent values the first by key wins, in totals too"),
    (r"aggregates/.*/distinct leaf", "null where no single value is shared, in split cells too"),
    (r"aggregates/.*/pct sum .*", "percentages of integers keep their fraction in CSV"),
    (r"aggregates/gaps.*/or", "`or` of nothing but nulls is null"),
    (r"aggregates/worked/pct.*", "percentages of integers keep their fraction in CSV"),
    (r"aggregates/several/same_column_twice", "both columns of one name show their cells in CSV"),
    (r"aggregates/width/uint64_sum", "unsigned sums do not wrap"),
    (r"aggregates/split/.*", "a split cell without rows is null"),
    (r"aggregates/.*/(var|stddev)", "last digits"),
    (r"flows/shop/.*", "last digits of compensated sums"),
    (r"flows/sensors/.*", "a datetime at midnight does not make a column of dates"),
    (r"sorts/special_floats/.*", "null is least, before NaN"),
    (r"sorts/split_only/.*", "columns of split-only views come in order of their values"),
    (r"windows/.*", "a datetime at midnight does not make a column of dates"),
    (r"inputs_json/infer/null_then_.*", "NDJSON infers types as rows do"),
    (r"inputs_json/(mixed|broken|shape)/.*", "one rule for both orders of types, and faults are errors"),
    (r"inputs_csv/.*", "a header alone makes a table without rows, and a limit holds for loading"),
    (r"inputs_arrow/.*", "every Arrow type loads, and the zone of timestamps is kept"),
    (r"(a|ms|us|s|ns)/.*", "the zone of timestamps is kept"),
    (r"updates/arrow/.*", "columns made from JSON and schemas hold 64 bits where needed"),
    (r"updates/index/duplicates_merge_in_constructor", "rows of one key merge in a constructor as in an update"),
    (r"updates/limit/.*", "the total of an emptied table, and the argument named in errors"),
    (r"updates/(fail|replace)/.*", "faults of Arrow streams in the words of our reader"),
    (r"expressions/validate/.*", "positions point into the text as it was written; more functions exist"),
    (r"expressions/.*", "more functions exist, integers stay integers, and empty text is not null"),
    (r"config/wrong/split_twice", "a column can be split by only once"),
    (r"config/echo/.*", "the sorts of columns are echoed as in views of rows"),
    (r"callbacks/.*", "a row group that only lost cells is in the delta as well"),
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
