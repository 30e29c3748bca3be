"""A simulated market: quotes that walk at random, handed out in batches of changes.

What flows in is a seed and, with each batch, the time; what flows out are columns for `Table.update`. Nothing
here knows of servers or tables, and the same seed gives the same market.

A quote is one instrument on one venue. Its key is `id`; a batch holds the key and the columns that move, so
it is a partial update: `symbol`, `sector` and `venue` are sent once, with the opening quotes.
"""

from __future__ import annotations

import random
from typing import Any

__all__ = ["SCHEMA", "Market"]

SCHEMA: dict[str, str] = {
    "id": "integer",
    "symbol": "string",
    "sector": "string",
    "venue": "string",
    "bid": "float",
    "ask": "float",
    "last": "float",
    "change": "float",
    "volume": "integer",
    "updated": "datetime",
}
"""The columns of the table, with `id` its index."""

_SECTORS = ("Energy", "Finance", "Health", "Industry", "Retail", "Software", "Telecom", "Utilities")
_VENUES = ("ALPHA", "BRAVO", "DELTA", "OMEGA", "SIGMA")

Columns = dict[str, list[Any]]


class Market:
    """`symbols` instruments, each quoted on five venues.

    Arguments:
        symbols: how many instruments there are.
        seed: where the randomness starts.
    """

    def __init__(self, symbols: int = 400, seed: int = 1) -> None:
        self._random = random.Random(seed)
        self._symbols = self._names(symbols)
        self._sectors = [self._random.choice(_SECTORS) for _ in range(symbols)]
        opening = [self._random.uniform(5.0, 500.0) for _ in range(symbols)]
        self._opening = [round(price, 2) for price in opening for _ in _VENUES]
        self._last = list(self._opening)
        self._volume = [0] * len(self._last)

    def __len__(self) -> int:
        """The number of quotes, which is the number of rows of the table."""
        return len(self._last)

    def opening(self, now_ms: int) -> Columns:
        """Every quote with all its columns, to fill the table with."""
        quotes = range(len(self))
        columns = self._moving_columns(list(quotes), now_ms)
        return {
            "id": columns.pop("id"),
            "symbol": [self._symbols[quote // len(_VENUES)] for quote in quotes],
            "sector": [self._sectors[quote // len(_VENUES)] for quote in quotes],
            "venue": [_VENUES[quote % len(_VENUES)] for quote in quotes],
            **columns,
        }

    def trade(self, count: int, now_ms: int) -> Columns:
        """Moves `count` different quotes and gives their changed columns."""
        quotes = self._random.sample(range(len(self)), min(count, len(self)))
        for quote in quotes:
            step = self._random.gauss(0.0, 0.0015)
            self._last[quote] = max(0.01, round(self._last[quote] * (1.0 + step), 2))
            self._volume[quote] += self._random.randrange(1, 50) * 100
        return self._moving_columns(quotes, now_ms)

    def _moving_columns(self, quotes: list[int], now_ms: int) -> Columns:
        last = [self._last[quote] for quote in quotes]
        half_spread = [max(0.01, round(price * 0.0004, 2)) for price in last]
        return {
            "id": quotes,
            "bid": [round(price - half, 2) for price, half in zip(last, half_spread, strict=True)],
            "ask": [round(price + half, 2) for price, half in zip(last, half_spread, strict=True)],
            "last": last,
            "change": [
                round(100.0 * (price / self._opening[quote] - 1.0), 3)
                for price, quote in zip(last, quotes, strict=True)
            ],
            "volume": [self._volume[quote] for quote in quotes],
            "updated": [now_ms] * len(quotes),
        }

    def _names(self, count: int) -> list[str]:
        letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
        names: dict[str, None] = {}
        while len(names) < count:
            names["".join(self._random.choices(letters, k=self._random.choice((3, 4))))] = None
        return sorted(names)
