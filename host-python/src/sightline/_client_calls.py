"""Plans of the client: tables, joins, hosted tables, system information."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import Message

from ._bulk import Carrying, TableData
from ._config import read_unsigned
from ._exceptions import SightlineError
from ._exchange import random_name
from ._inputs import read_schema, read_table_data
from ._plan import Plan, Subscribe, Unsubscribe, ask
from ._proto import sightline_pb2 as pb

__all__ = [
    "TableInfo",
    "check_callback_id",
    "copy_table",
    "derive_table",
    "hosted_table_names",
    "join",
    "make_table",
    "on_hosted_tables_update",
    "open_table",
    "remove_hosted_tables_update",
    "system_info",
]

_LIST_FLATTEN = {
    "zip": pb.LIST_FLATTEN_ZIP,
    "cartesian": pb.LIST_FLATTEN_CARTESIAN,
    "stringify": pb.LIST_FLATTEN_STRINGIFY,
}
_JOIN_TYPES = {"inner": pb.INNER, "left": pb.LEFT, "outer": pb.OUTER}


@dataclass(frozen=True, slots=True)
class TableInfo:
    """What a table handle knows without asking."""

    name: str
    index: str | None
    limit: int | None


@dataclass(frozen=True, slots=True)
class TableOptions:
    """The checked options of `Client.table`."""

    name: str
    index: str | None
    message: pb.MakeTableReq.MakeTableOptions


def table_options(
    limit: Any, index: Any, name: Any, page_to_disk: Any, list_flatten: Any, schema: Mapping[str, Any] | None
) -> TableOptions:
    """Checks the options of a new table.

    Raises:
        TypeError, ValueError, OverflowError: an option of the wrong type, value or size.
    """
    message = pb.MakeTableReq.MakeTableOptions()
    if limit is not None:
        message.make_limit_table = read_unsigned(limit, "limit")
    if index is not None:
        _check_text(index, "index")
        if limit is not None:
            raise ValueError("Cannot set both `limit` and `index`")
        message.make_index_table = index
    if page_to_disk is not None:
        message.page_to_disk = bool(page_to_disk)
    if list_flatten is not None:
        _check_text(list_flatten, "list_flatten")
        if list_flatten not in _LIST_FLATTEN:
            raise ValueError("Unknown `list_flatten`")
        message.list_flatten = _LIST_FLATTEN[list_flatten]
    if schema is not None:
        message.view_schema.MergeFrom(read_schema(schema))
        message.view_schema.SetInParent()
    if name is not None:
        _check_text(name, "name")
    return TableOptions(name if name is not None else random_name(), index, message)


def make_table(input: Any, format: str | None, options: TableOptions) -> Plan[TableInfo]:
    """Makes a table from data or a schema."""
    data = read_table_data(input, format)
    request: Message | Carrying
    if isinstance(data, pb.Schema):
        request = pb.MakeTableReq(data=pb.MakeTableData(from_schema=data), options=options.message)
    else:
        request = Carrying(pb.MakeTableReq(options=options.message), data)
    yield from ask(options.name, "make_table_req", request)
    limit = options.message.make_limit_table if options.message.HasField("make_limit_table") else None
    return TableInfo(options.name, options.index, limit)


def derive_table(view_id: str, options: TableOptions) -> Plan[TableInfo]:
    """Makes a live, read-only table from a view of the same server."""
    data = pb.MakeTableData(from_view=view_id)
    yield from ask(options.name, "make_table_req", pb.MakeTableReq(data=data, options=options.message))
    return (yield from _info(options.name)) or TableInfo(options.name, None, None)


def copy_table(arrow: bytes, index: str | None, options: TableOptions) -> Plan[TableInfo]:
    """Makes a table from the rows of another server's view, keyed like it unless the options say otherwise."""
    message = pb.MakeTableReq.MakeTableOptions()
    message.CopyFrom(options.message)
    if message.WhichOneof("make_table_type") is None and index is not None:
        message.make_index_table = index
    request = Carrying(pb.MakeTableReq(options=message), TableData("arrow", arrow))
    yield from ask(options.name, "make_table_req", request)
    kind = message.WhichOneof("make_table_type")
    return TableInfo(
        options.name,
        message.make_index_table if kind == "make_index_table" else None,
        message.make_limit_table if kind == "make_limit_table" else None,
    )


def join(
    left: str, right: str, on: Any, join_type: Any = None, name: Any = None, right_on: Any = None
) -> Plan[TableInfo]:
    """Makes a live, read-only join of two tables."""
    _check_text(on, "on")
    kind = pb.INNER
    if join_type is not None:
        _check_text(join_type, "join_type")
        if join_type not in _JOIN_TYPES:
            raise ValueError(f'Unknown join type: "{join_type}"')
        kind = _JOIN_TYPES[join_type]
    for label, value in (("name", name), ("right_on", right_on)):
        if value is not None:
            _check_text(value, label)
    name = name if name is not None else random_name()
    message = pb.MakeJoinTableReq(
        left_table_id=left, right_table_id=right, on_column=on, join_type=kind, right_on_column=right_on or ""
    )
    yield from ask(name, "make_join_table_req", message)
    return TableInfo(name, on, None)


def open_table(name: Any) -> Plan[TableInfo]:
    """Looks a table up by name."""
    _check_text(name, "name")
    info = yield from _info(name)
    if info is None:
        raise SightlineError(f'Unknown error: Unknown table "{name}"')
    return info


def hosted_table_names() -> Plan[list[str]]:
    """The names of all tables of the server."""
    infos = yield from _hosted()
    return [info.name for info in infos]


def on_hosted_tables_update(callback: Callable[[], object]) -> Plan[int]:
    """Calls back whenever a table appears or goes."""
    check_callback(callback)
    request = pb.GetHostedTablesReq(subscribe=True)
    subscription: int = yield Subscribe("", "get_hosted_tables_req", request, lambda _: callback())
    return subscription


def remove_hosted_tables_update(callback_id: Any) -> Plan[None]:
    """Undoes `on_hosted_tables_update`."""
    number = read_unsigned(callback_id, "callback_id")
    if not (yield Unsubscribe(number)):
        raise SightlineError("Unknown error: remove_update")
    request = pb.RemoveHostedTablesUpdateReq(id=number)
    yield from ask("", "remove_hosted_tables_update_req", request)


def system_info() -> Plan[dict[str, Any]]:
    """Memory and processor time of the engine."""
    answer: pb.ServerSystemInfoResp = yield from ask("", "server_system_info_req", pb.ServerSystemInfoReq())
    return {
        "heap_size": answer.heap_size,
        "used_size": answer.used_size,
        "cpu_time": answer.cpu_time,
        "cpu_time_epoch": answer.cpu_time_epoch,
        "timestamp": time.time_ns() // 1_000_000,
        "client_heap": None,
        "client_used": None,
    }


def has_expressions() -> Plan[bool]:
    """Whether the server computes expressions; a virtual server may not."""
    answer: pb.GetFeaturesResp = yield from ask("", "get_features_req", pb.GetFeaturesReq(dialect="5.6"))
    return answer.expressions


def check_callback(callback: Any) -> None:
    """Refuses what cannot be called, at the time of subscribing."""
    if not callable(callback):
        raise TypeError(f"'{type(callback).__name__}' object is not callable (argument `callback`)")


def check_callback_id(callback_id: Any) -> int:
    """The id that an `on_...` method returned."""
    return read_unsigned(callback_id, "callback_id")


def _hosted() -> Plan[list[TableInfo]]:
    answer: pb.GetHostedTablesResp = yield from ask("", "get_hosted_tables_req", pb.GetHostedTablesReq())
    return [
        TableInfo(
            info.entity_id,
            info.index if info.HasField("index") else None,
            info.limit if info.HasField("limit") else None,
        )
        for info in answer.table_infos
    ]


def _info(name: str) -> Plan[TableInfo | None]:
    infos = yield from _hosted()
    return next((info for info in infos if info.name == name), None)


def _check_text(value: Any, name: str) -> None:
    if not isinstance(value, str):
        raise TypeError(f"'{type(value).__name__}' object is not an instance of 'str' (argument `{name}`)")
