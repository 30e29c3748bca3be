"""Small tables that several themes use. Every value has a purpose: ties, negatives, nulls, words that differ by case."""

from __future__ import annotations

from .steps import rows

# All six types, no nulls.
SALES = rows(
    "region", "city", "units", "price", "paid", "day", "at",
    of=[
        ["East", "Oslo", 3, 1.5, True, "2020-01-01", "2020-01-01 10:00:00"],
        ["West", "Rome", -5, 2.25, False, "2020-01-02", "2020-01-01 11:30:00"],
        ["East", "Rome", 3, -1.0, True, "2020-02-01", "2020-02-01 00:00:00"],
        ["West", "Oslo", 8, 10.0, False, "2020-02-01", "2021-03-04 05:06:07.089"],
        ["North", "Bern", 0, 0.5, True, "2019-12-31", "2019-12-31 23:59:59.999"],
        ["East", "Oslo", 1, 4.0, False, "2020-01-01", "2020-01-01 10:00:00"],
    ],
)  # fmt: skip

# The same columns with nulls; a null given to the constructor sorts least in the reference, as everywhere in Sightline.
GAPS = rows(
    "region", "city", "units", "price", "paid", "day", "at",
    of=[
        ["East", "Oslo", 3, 1.5, True, "2020-01-01", "2020-01-01 10:00:00"],
        [None, "Rome", None, 2.25, False, None, "2020-01-01 11:30:00"],
        ["East", None, 3, None, None, "2020-02-01", None],
        ["West", "Oslo", 8, 10.0, False, "2020-02-01", "2021-03-04 05:06:07.089"],
        [None, None, None, None, None, None, None],
        ["West", "Bern", 1, 4.0, True, "2020-01-01", "2020-01-01 10:00:00"],
    ],
)  # fmt: skip

# Two groups of two levels with whole numbers, as in the worked example of the aggregates.
LEVELS = rows("g", "h", "x", "w", of=[["a", "u", 1, 4], ["a", "u", 2, 1], ["a", "v", 9, 2], ["b", "v", 4, 3]])

TYPES = {"region": "string", "city": "string", "units": "integer", "price": "float", "paid": "boolean", "day": "date", "at": "datetime"}
