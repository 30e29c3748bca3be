"""What is measured: queries, loads, streams and outputs, each with the project's goal for a million rows.

A piece of work is data. Each engine (`engines/`) knows how to do it in its own words and answers with a small
JSON-able digest, by which the run checks that all engines computed the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Query:
    """A view that is made, whose first rows are read, and which is closed again."""

    group_by: list[str] = field(default_factory=list)
    split_by: list[str] = field(default_factory=list)
    columns: list[str] = field(default_factory=lambda: ["qty", "price"])
    aggregates: dict[str, str] = field(default_factory=lambda: {"qty": "sum", "price": "avg"})
    filter: list[tuple[str, str, str | float]] = field(default_factory=list)
    sort: list[tuple[str, str]] = field(default_factory=list)
    expressions: dict[str, str] = field(default_factory=dict)
    first: int = 50


@dataclass(frozen=True)
class Load:
    """A table made from a file that is already in memory. `rows` fixes the size whatever the run's size is."""

    form: str
    index: str | None = None
    rows: int | None = None


@dataclass(frozen=True)
class Stream:
    """An update of so many rows into a table on which a grouped view lives; then the delta and the first rows."""

    rows: int
    query: Query


@dataclass(frozen=True)
class Output:
    """A live view written out: `arrow`, `csv`, `columns`, or `window` (100 rows of a grouped view)."""

    form: str
    rows: int | None = None


@dataclass(frozen=True)
class Work:
    """A named piece of work; `goal` is in milliseconds at a million rows, or None."""

    name: str
    title: str
    goal: float | None
    task: Query | Load | Stream | Output


PAIR = Query(group_by=["symbol", "venue"])
HOLISTIC = Query(
    group_by=["symbol"], aggregates={"qty": "median", "client": "distinct count"}, columns=["qty", "client"]
)
ALL_COLUMNS = ["symbol", "side", "venue", "price", "qty", "ts", "client", "id"]

# Streams come last, because they change the table.
WORKS = [
    Work("flat", "flat view, first 50 rows", 0.7, Query(columns=ALL_COLUMNS)),
    Work("group_venue", "group_by 1 (20 groups), sum + avg", 8, Query(group_by=["venue"])),
    Work("group_pair", "group_by 2 (500 x 20), sum + avg", 15, PAIR),
    Work("group_client", "group_by 10k groups", 15, Query(group_by=["client"])),
    Work("group_id", "group_by unique id", 80, Query(group_by=["id"])),
    Work("split_side", "group_by 500, split_by 2", 15, Query(group_by=["symbol"], split_by=["side"])),
    Work("split_venue", "group_by 500, split_by 20", 20, Query(group_by=["symbol"], split_by=["venue"])),
    Work(
        "filter_flat",
        "filter flat (string == and number >)",
        4,
        Query(columns=ALL_COLUMNS, filter=[("symbol", "==", "S007"), ("price", ">", 500.0)]),
    ),
    Work(
        "filter_group",
        "filter + group_by 2",
        15,
        Query(group_by=["symbol", "venue"], filter=[("side", "==", "buy"), ("price", ">", 100.0)]),
    ),
    Work("sort_flat", "sort flat by a float", 50, Query(columns=["price", "id"], sort=[("price", "desc")])),
    Work("sort_group", "group_by 10k sorted by aggregate", 16, Query(group_by=["client"], sort=[("qty", "desc")])),
    Work(
        "expression",
        "expression price * qty, grouped",
        11,
        Query(
            group_by=["venue"], columns=["value"], aggregates={"value": "sum"}, expressions={"value": '"price" * "qty"'}
        ),
    ),
    Work("median", "median, 500 groups", 30, Query(group_by=["symbol"], columns=["qty"], aggregates={"qty": "median"})),
    Work(
        "distinct",
        "distinct count, 500 groups",
        30,
        Query(group_by=["symbol"], columns=["client"], aggregates={"client": "distinct count"}),
    ),
    Work("load_dictionary", "load Arrow, dictionary strings", 35, Load("dictionary")),
    Work("load_plain", "load Arrow, plain utf8 strings", 70, Load("plain")),
    Work("load_index", "load Arrow with index=id", 120, Load("dictionary", index="id")),
    Work("load_csv", "load CSV", 300, Load("csv")),
    Work("load_csv_100k", "load CSV, 100k rows", 25, Load("csv", rows=100_000)),
    Work("load_rows_100k", "load JSON rows, 100k", 60, Load("rows", rows=100_000)),
    Work("load_columns_100k", "load JSON columns, 100k", 30, Load("columns", rows=100_000)),
    Work("to_arrow", "to_arrow flat", 40, Output("arrow")),
    Work("window", "100-row window of a grouped view, columns string", 0.1, Output("window")),
    Work("to_csv_100k", "to_csv, 100k rows", 25, Output("csv", rows=100_000)),
    Work("to_columns_100k", "to_columns string, 100k rows", 20, Output("columns", rows=100_000)),
    Work("stream_1", "stream 1 row into the 2-level view", 0.1, Stream(1, PAIR)),
    Work("stream_100", "stream 100 rows", 0.5, Stream(100, PAIR)),
    Work("stream_10k", "stream 10k rows", 8, Stream(10_000, PAIR)),
    Work("stream_holistic_1", "stream 1 row, median + distinct count", None, Stream(1, HOLISTIC)),
    Work("stream_holistic_100", "stream 100 rows, median + distinct count", None, Stream(100, HOLISTIC)),
]
