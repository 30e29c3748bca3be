"""Plans of a view. Each takes the view's id."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ._client_calls import check_callback
from ._config import COLUMN_TYPES, config_to_dict, read_unsigned, scalar_value
from ._exceptions import SightlineError
from ._plan import Plan, Subscribe, Unsubscribe, ask
from ._proto import sightline_pb2 as pb
from ._window import read_compression, read_edge, read_flags, read_viewport

Window = Mapping[str, Any]
Scalar = str | float | bool | None


def schema(view: str) -> Plan[dict[str, str]]:
    """Output columns and their types."""
    answer: pb.ViewSchemaResp = yield from ask(view, "view_schema_req", pb.ViewSchemaReq())
    return {name: COLUMN_TYPES[kind] for name, kind in answer.schema.items()}


def expression_schema(view: str) -> Plan[dict[str, str]]:
    """Expression columns and their types."""
    answer: pb.ViewExpressionSchemaResp = yield from ask(
        view, "view_expression_schema_req", pb.ViewExpressionSchemaReq()
    )
    return {name: COLUMN_TYPES[kind] for name, kind in answer.schema.items()}


def get_config(view: str) -> Plan[dict[str, Any]]:
    """The config with all defaults filled in."""
    answer: pb.ViewGetConfigResp = yield from ask(view, "view_get_config_req", pb.ViewGetConfigReq())
    return config_to_dict(answer.config)


def dimensions(view: str) -> Plan[dict[str, int]]:
    """Rows and columns of the table and of the view."""
    answer: pb.ViewDimensionsResp = yield from ask(view, "view_dimensions_req", pb.ViewDimensionsReq())
    return {
        "num_table_rows": answer.num_table_rows,
        "num_table_columns": answer.num_table_columns,
        "num_view_rows": answer.num_view_rows,
        "num_view_columns": answer.num_view_columns,
    }


def dimension(view: str, name: str) -> Plan[int]:
    """One of the `dimensions`."""
    return (yield from dimensions(view))[name]


def column_paths(view: str, window: Window) -> Plan[list[list[Scalar]]]:
    """The column axis by levels: one list per split, then the column names."""
    request = pb.ViewColumnPathsReq()
    for name in ("start_col", "end_col"):
        edge = read_edge(window, name)
        if edge is not None:
            setattr(request, name, edge)
    answer: pb.ViewColumnPathsResp = yield from ask(view, "view_column_paths_req", request)
    return [[scalar_value(value) for value in level.values] for level in answer.area]


def get_min_max(view: str, column_name: Any) -> Plan[tuple[Scalar, Scalar]]:
    """The least and greatest value of a column."""
    if not isinstance(column_name, str):
        kind = type(column_name).__name__
        raise TypeError(f"'{kind}' object is not an instance of 'str' (argument `column_name`)")
    request = pb.ViewGetMinMaxReq(column_name=column_name)
    answer: pb.ViewGetMinMaxResp = yield from ask(view, "view_get_min_max_req", request)
    return scalar_value(answer.min), scalar_value(answer.max)


def expand(view: str, index: Any) -> Plan[int]:
    """Opens a row; gives the number of rows that appeared."""
    request = pb.ViewExpandReq(row_index=read_unsigned(index, "index"))
    answer: pb.ViewExpandResp = yield from ask(view, "view_expand_req", request)
    return answer.num_changed


def collapse(view: str, index: Any) -> Plan[int]:
    """Closes a row; gives the number of rows that went."""
    request = pb.ViewCollapseReq(row_index=read_unsigned(index, "index"))
    answer: pb.ViewCollapseResp = yield from ask(view, "view_collapse_req", request)
    return answer.num_changed


def set_depth(view: str, depth: Any) -> Plan[None]:
    """Opens all rows down to a depth."""
    yield from ask(view, "view_set_depth_req", pb.ViewSetDepthReq(depth=read_unsigned(depth, "depth")))


def to_columns_string(view: str, window: Window) -> Plan[str]:
    """JSON text of columns."""
    request = pb.ViewToColumnsStringReq(viewport=read_viewport(window), **read_flags(window))
    read_compression(window)
    answer: pb.ViewToColumnsStringResp = yield from ask(view, "view_to_columns_string_req", request)
    return answer.json_string


def to_rows_string(view: str, window: Window) -> Plan[str]:
    """JSON text of rows."""
    request = pb.ViewToRowsStringReq(viewport=read_viewport(window), **read_flags(window))
    read_compression(window)
    answer: pb.ViewToRowsStringResp = yield from ask(view, "view_to_rows_string_req", request)
    return answer.json_string


def to_ndjson(view: str, window: Window) -> Plan[str]:
    """One JSON object per line."""
    request = pb.ViewToNdjsonStringReq(viewport=read_viewport(window), **read_flags(window))
    answer: pb.ViewToNdjsonStringResp = yield from ask(view, "view_to_ndjson_string_req", request)
    return answer.ndjson_string


def to_csv(view: str, window: Window) -> Plan[str]:
    """CSV text."""
    request = pb.ViewToCSVReq(viewport=read_viewport(window))
    answer: pb.ViewToCSVResp = yield from ask(view, "view_to_csv_req", request)
    return answer.csv


def to_arrow(view: str, window: Window) -> Plan[bytes]:
    """An Arrow IPC stream."""
    request = pb.ViewToArrowReq(viewport=read_viewport(window))
    compression = read_compression(window)
    if compression is not None:
        request.compression = compression
    answer: pb.ViewToArrowResp = yield from ask(view, "view_to_arrow_req", request)
    return answer.arrow


def delete(view: str) -> Plan[None]:
    """Deletes the view."""
    yield from ask(view, "view_delete_req", pb.ViewDeleteReq())


def on_update(view: str, callback: Callable[..., object], mode: Any) -> Plan[int]:
    """Calls back after each change with the port, and with the changed rows as Arrow if any subscriber asked for
    them.
    """
    check_callback(callback)
    request = pb.ViewOnUpdateReq()
    if mode is not None:
        if not isinstance(mode, str):
            raise TypeError(f"'{type(mode).__name__}' object is not an instance of 'str' (argument `mode`)")
        if mode != "row":
            raise SightlineError(f"Unwrapped option: `mode` is None or 'row', not '{mode}'")
        request.mode = pb.ViewOnUpdateReq.ROW

    def notify(response: pb.Response) -> None:
        answer = response.view_on_update_resp
        if answer.HasField("delta"):
            callback(answer.port_id, answer.delta)
        else:
            callback(answer.port_id)

    subscription: int = yield Subscribe(view, "view_on_update_req", request, notify)
    return subscription


def remove_update(view: str, callback_id: Any) -> Plan[None]:
    """Undoes `on_update`."""
    number = read_unsigned(callback_id, "callback_id")
    if not (yield Unsubscribe(number)):
        raise SightlineError("Unknown error: remove_update")
    yield from ask(view, "view_remove_on_update_req", pb.ViewRemoveOnUpdateReq(id=number))


def on_remove(view: str, callback: Callable[[int, bytes], object]) -> Plan[int]:
    """Calls back after rows were removed, with the port and their index values as Arrow."""
    check_callback(callback)

    def notify(response: pb.Response) -> None:
        answer = response.view_on_remove_resp
        callback(answer.port_id, answer.indices)

    subscription: int = yield Subscribe(view, "view_on_remove_req", pb.ViewOnRemoveReq(), notify)
    return subscription


def remove_remove(view: str, callback_id: Any) -> Plan[None]:
    """Undoes `on_remove`."""
    number = read_unsigned(callback_id, "callback_id")
    if not (yield Unsubscribe(number)):
        raise SightlineError("Unknown error: remove_update")
    yield from ask(view, "view_remove_on_remove_req", pb.ViewRemoveOnRemoveReq(id=number))


def on_delete(view: str, callback: Callable[[], object]) -> Plan[int]:
    """Calls back once, when the view is deleted."""
    check_callback(callback)
    step = Subscribe(view, "view_on_delete_req", pb.ViewOnDeleteReq(), lambda _: callback(), once=True)
    subscription: int = yield step
    return subscription


def remove_delete(view: str, callback_id: Any) -> Plan[None]:
    """Undoes `on_delete`; an unknown id is no error."""
    number = read_unsigned(callback_id, "callback_id")
    yield Unsubscribe(number)
    yield from ask(view, "view_remove_delete_req", pb.ViewRemoveDeleteReq(id=number))
