"""The `trades` data: made from a seed, the same on every machine, kept as files in a folder that is not tracked.

Eight columns, 40 bytes a row as Arrow with dictionaries: symbol (500 values, a few much traded), side (2), venue (20),
price (quarters, so that sums are exact), qty, ts (milliseconds), client (10,000 values) and id (unique).
"""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv

N_SYMBOLS, N_VENUES, N_CLIENTS = 500, 20, 10_000
START_MS = 1_700_000_000_000
SYMBOLS = [f"S{number:03}" for number in range(N_SYMBOLS)]
SIDES = ["buy", "sell"]
VENUES = [f"venue {number:02}" for number in range(N_VENUES)]
CLIENTS = [f"client {number:05}" for number in range(N_CLIENTS)]


def trades(n_rows: int, first_id: int = 0, plain: bool = False) -> pa.Table:
    """Rows `first_id` and following; `plain` gives text as utf8 rather than dictionaries."""
    random = np.random.default_rng([7, first_id])

    def words(values: list[str], codes: np.ndarray[Any, Any]) -> pa.Array:
        array = pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)), pa.array(values))
        return array.cast(pa.string()) if plain else array

    return pa.table(
        {
            "symbol": words(SYMBOLS, (random.random(n_rows) ** 2 * N_SYMBOLS).astype(np.int64)),
            "side": words(SIDES, random.integers(0, 2, n_rows)),
            "venue": words(VENUES, random.integers(0, N_VENUES, n_rows)),
            "price": pa.array(random.integers(4, 4000, n_rows) / 4.0),
            "qty": pa.array(random.integers(1, 1000, n_rows).astype(np.int32)),
            "ts": pa.array((START_MS + np.arange(first_id, first_id + n_rows) * 10).astype("datetime64[ms]")),
            "client": words(CLIENTS, random.integers(0, N_CLIENTS, n_rows)),
            "id": pa.array(np.arange(first_id, first_id + n_rows, dtype=np.int64)),
        }
    )


def ipc(data: pa.Table) -> bytes:
    """Arrow IPC stream bytes."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, data.schema) as writer:
        writer.write_table(data)
    return bytes(sink.getvalue())


class Files:
    """The data of one size on disk, written on first use."""

    def __init__(self, folder: Path, n_rows: int) -> None:
        self.folder = folder
        self.n_rows = n_rows

    def path(self, form: str, n_rows: int | None = None) -> Path:
        """A file in one of the forms `dictionary`, `plain`, `csv`, `rows` (JSON), `columns` (JSON) and `ndjson`."""
        n_rows = n_rows or self.n_rows
        suffix = {"dictionary": "arrow", "plain": "arrow", "csv": "csv"}.get(form, "json")
        path = self.folder / f"trades-{n_rows}-{form}.{suffix}"
        if not path.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            fresh = path.with_suffix(".new")
            self.write(form, n_rows, fresh)
            fresh.rename(path)
        return path

    def write(self, form: str, n_rows: int, path: Path) -> None:
        data = trades(n_rows, plain=form == "plain")
        if form in ("dictionary", "plain"):
            path.write_bytes(ipc(data))
        elif form == "csv":
            pa.csv.write_csv(data.cast(plain_schema(data.schema)), path)
        else:
            milliseconds = data.set_column(5, "ts", data["ts"].cast(pa.int64()))
            if form == "columns":
                path.write_text(json.dumps(milliseconds.to_pydict()))
            elif form == "rows":
                path.write_text(json.dumps(milliseconds.to_pylist()))
            else:
                path.write_text("\n".join(map(json.dumps, milliseconds.to_pylist())))


def plain_schema(schema: pa.Schema) -> pa.Schema:
    """The schema with plain text instead of dictionaries, which the CSV writer asks for."""
    fields = [pa.field(f.name, pa.string()) if pa.types.is_dictionary(f.type) else f for f in schema]
    return pa.schema(fields)


def epoch_ms(value: datetime.datetime) -> int:
    """Milliseconds since 1970 of a time without zone, which is UTC."""
    return round(value.replace(tzinfo=datetime.UTC).timestamp() * 1000)
