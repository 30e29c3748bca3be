"""Sends a dialogue to the engine under wasmtime and prints it as JSON: requests and responses in hexadecimal.

`fronts.test.mjs` has the same requests answered by the engine in Node, which must give the same bytes. The dialogue holds
nothing that depends on time, chance or memory.

    python tests/wire/host.py
    [{"session": 0, "request": "0801...", "responses": [[0, "0801..."]]}, ...]
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa

from sightline import Server
from sightline._proto import sightline_pb2 as pb

N_ROWS = 2_000


def arrow(seed: int, n_rows: int = N_ROWS) -> bytes:
    """A table of every type that a column can have, with nulls."""
    draw = random.Random(seed)

    def some(make: Callable[[], Any]) -> list[Any]:
        return [make() if draw.random() > 0.1 else None for _ in range(n_rows)]

    table = pa.table(
        {
            "id": pa.array(range(seed * 100, seed * 100 + n_rows), pa.int32()),
            "big": pa.array(some(lambda: draw.randrange(-(2**62), 2**62)), pa.int64()),
            "price": pa.array(some(lambda: draw.uniform(-1e6, 1e6)), pa.float64()),
            "tiny": pa.array(some(lambda: draw.uniform(-1, 1)), pa.float32()),
            "name": pa.array(some(lambda: draw.choice(["a", "Émile", "z" * 40, ""])), pa.string()),
            "flag": pa.array(some(lambda: draw.random() > 0.5), pa.bool_()),
            "day": pa.array(some(lambda: draw.randrange(-40_000, 40_000)), pa.date32()),
            "at": pa.array(some(lambda: draw.randrange(-(10**12), 10**13)), pa.timestamp("ms")),
        }
    )
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    data: bytes = sink.getvalue().to_pybytes()
    return data


EXPRESSIONS = {
    "ratio": '"price" / "tiny"',
    "trig": 'sin("price") + exp("tiny") + log(abs("price")) + "price" ^ 0.3',
    "label": 'concat(upper("name"), \' \', string("price"))',
    "month": "bucket(\"at\", 'M')",
}

CONFIGS: list[dict[str, Any]] = [
    {},
    {"group_by": ["name", "flag"], "columns": ["price", "big", "tiny"]},
    {"group_by": ["name"], "split_by": ["flag"], "columns": ["price", "big"]},
    {"group_by": ["month"], "expressions": EXPRESSIONS, "columns": ["ratio", "trig", "label"]},
    {"sort": [("price", pb.SORT_DESC_ABS), ("name", pb.SORT_ASC)], "columns": ["name", "price", "day", "at"]},
]

AGGREGATES = {"price": "stddev", "big": "sum", "tiny": "median", "ratio": "avg", "trig": "var", "label": "unique"}


def config(options: dict[str, Any]) -> pb.ViewConfig:
    """The message of a configuration; named columns get an aggregate that computes."""
    message = pb.ViewConfig()
    message.group_by.extend(options.get("group_by", []))
    message.split_by.extend(options.get("split_by", []))
    columns = options.get("columns", [])
    if columns:
        message.columns.columns.columns.extend(columns)
    for column, op in options.get("sort", []):
        message.sort.add(column=column, op=op)
    for alias, text in options.get("expressions", {}).items():
        message.expressions[alias] = text
    if message.group_by:
        for column in columns:
            message.aggregates[column].aggregations.append(AGGREGATES[column])
    return message


def requests() -> Iterator[tuple[int, str, str, Any]]:
    """The dialogue: session, entity, kind and message of each request."""
    options = pb.MakeTableReq.MakeTableOptions(make_index_table="id")
    data = pb.MakeTableData(from_arrow=arrow(1))
    yield 0, "t", "make_table_req", pb.MakeTableReq(data=data, options=options)
    yield 0, "t", "table_schema_req", pb.TableSchemaReq()
    for number, view_options in enumerate(CONFIGS):
        request = pb.TableMakeViewReq(view_id=f"v{number}", config=config(view_options))
        yield 1, "t", "table_make_view_req", request
    yield 1, "v0", "view_on_update_req", pb.ViewOnUpdateReq(mode=pb.ViewOnUpdateReq.ROW)
    yield 1, "v1", "view_on_update_req", pb.ViewOnUpdateReq()
    for step in range(3):
        rows = json.dumps([{"id": 100 + 7 * i, "price": i / (step + 3), "name": None} for i in range(200)])
        for update in (pb.MakeTableData(from_rows=rows), pb.MakeTableData(from_arrow=arrow(step + 2, 300))):
            yield 0, "t", "table_update_req", pb.TableUpdateReq(data=update)
        yield 0, "t", "table_remove_req", pb.TableRemoveReq(data=pb.MakeTableData(from_rows=f"[{105 + step}, 300]"))
        window = pb.ViewPort(start_row=5, end_row=60)
        for number in range(len(CONFIGS)):
            view = f"v{number}"
            yield 1, view, "view_dimensions_req", pb.ViewDimensionsReq()
            yield 1, view, "view_to_columns_string_req", pb.ViewToColumnsStringReq(viewport=window, id=True)
            yield 1, view, "view_to_rows_string_req", pb.ViewToRowsStringReq(viewport=window, formatted=True)
            yield 1, view, "view_to_csv_req", pb.ViewToCSVReq(viewport=window)
            yield 1, view, "view_to_arrow_req", pb.ViewToArrowReq(viewport=window, compression="lz4")
            yield 1, view, "view_to_arrow_req", pb.ViewToArrowReq()
    yield 1, "nobody", "view_schema_req", pb.ViewSchemaReq()
    yield 1, "v1", "view_delete_req", pb.ViewDeleteReq()
    yield 0, "t", "table_delete_req", pb.TableDeleteReq(is_immediate=True)


def main() -> None:
    dialogue = []
    heard: list[tuple[int, str]] = []

    def listener(number: int) -> Callable[[bytes], None]:
        return lambda data: heard.append((number, data.hex()))

    with Server() as server:
        sessions = [server.new_session(listener(number)) for number in (0, 1)]
        messages = []
        for at, (session, entity, kind, message) in enumerate(requests()):
            request = pb.Request(msg_id=at + 1, entity_id=entity)
            getattr(request, kind).CopyFrom(message)
            messages.append((session, request.SerializeToString()))
        # What no client sends.
        messages += [(1, b""), (1, b"\xff\xff\xff"), (0, b"\x08\x01"), (0, b"\x08\x01\x12\x01t\x52\x00")]
        for session, data in messages:
            heard.clear()
            sessions[session].handle_request(data)
            dialogue.append({"session": session, "request": data.hex(), "responses": list(heard)})
    print(json.dumps(dialogue))


if __name__ == "__main__":
    main()
