"""Plans of a table. Each takes the table's name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ._bulk import Carrying
from ._client_calls import check_callback
from ._config import COLUMN_TYPES, read_expressions, read_unsigned, read_view_config
from ._exceptions import SightlineError
from ._exchange import random_name
from ._inputs import read_data
from ._plan import Nudge, Plan, Subscribe, Unsubscribe, ask, check
from ._proto import sightline_pb2 as pb


def size(name: str) -> Plan[int]:
    """The number of rows."""
    answer: pb.TableSizeResp = yield from ask(name, "table_size_req", pb.TableSizeReq())
    return answer.size


def schema(name: str) -> Plan[dict[str, str]]:
    """Column names and types, in table order."""
    answer: pb.TableSchemaResp = yield from ask(name, "table_schema_req", pb.TableSchemaReq())
    return {pair.name: COLUMN_TYPES[pair.type] for pair in answer.schema.schema}


def columns(name: str) -> Plan[list[str]]:
    """Column names, in table order."""
    return list((yield from schema(name)))


def make_port(name: str) -> Plan[int]:
    """A new port, by which a subscriber recognises its own writes."""
    answer: pb.TableMakePortResp = yield from ask(name, "table_make_port_req", pb.TableMakePortReq())
    return answer.port_id


def update(name: str, input: Any, port_id: Any, format: str | None) -> Plan[None]:
    """Inserts and changes rows."""
    port = 0 if port_id is None else read_unsigned(port_id, "port_id")
    yield from ask(name, "table_update_req", Carrying(pb.TableUpdateReq(port_id=port), read_data(input, format)))


def replace(name: str, input: Any, format: str | None) -> Plan[None]:
    """Replaces all rows."""
    yield from ask(name, "table_replace_req", Carrying(pb.TableReplaceReq(), read_data(input, format)))


def remove(name: str, input: Any, format: str | None) -> Plan[None]:
    """Removes rows by index value."""
    yield from ask(name, "table_remove_req", Carrying(pb.TableRemoveReq(), read_data(input, format)))


def clear(name: str) -> Plan[None]:
    """Removes all rows."""
    yield from ask(name, "table_replace_req", pb.TableReplaceReq(data=pb.MakeTableData(from_rows="[]")))


def delete(name: str, lazy: bool, wait: bool) -> Plan[None]:
    """Deletes the table; a lazy delete is answered when its last view goes, and waited for only if asked to."""
    message = pb.TableDeleteReq(is_immediate=not lazy)
    if wait or not lazy:
        yield from ask(name, "table_delete_req", message)
        return
    response = yield Nudge(name, "table_delete_req", message)
    if response is not None:
        check(response, "table_delete_req")


def view(name: str, config: Mapping[str, Any]) -> Plan[str]:
    """Makes a view and gives its id."""
    view_id = random_name()
    message = pb.TableMakeViewReq(view_id=view_id, config=read_view_config(config))
    answer: pb.TableMakeViewResp = yield from ask(name, "table_make_view_req", message)
    if answer.view_id != view_id:
        raise SightlineError(f"Unexpected response: view {answer.view_id}, expected {view_id}")
    return view_id


def describe(name: str, config: Mapping[str, Any]) -> Plan[dict[str, Any]]:
    """What a view with this config would be, or why it cannot be."""
    answer: pb.TableDescribeResp = yield from ask(
        name, "table_describe_req", pb.TableDescribeReq(config=read_view_config(config))
    )
    result: dict[str, Any] = {}
    kind = answer.WhichOneof("result")
    if kind == "config_error":
        return {"config_error": answer.config_error}
    result["expression_schema"] = _types(answer.expression_schema)
    if kind == "view":
        result["view_schema"] = _types(answer.view.schema)
    else:
        result["expression_errors"] = _errors(answer.expression_errors)
    return result


def validate_expressions(name: str, expressions: Any) -> Plan[dict[str, Any]]:
    """Types of the valid expressions and errors of the others."""
    texts = read_expressions(expressions)
    config = pb.ViewConfig(expressions=texts)
    config.columns.columns.SetInParent()
    answer: pb.TableDescribeResp = yield from ask(name, "table_describe_req", pb.TableDescribeReq(config=config))
    return {
        "expression_schema": _types(answer.expression_schema),
        "errors": _errors(answer.expression_errors),
        "expression_alias": texts,
    }


def on_delete(name: str, callback: Callable[[], object]) -> Plan[int]:
    """Calls back once, when the table is deleted."""
    check_callback(callback)
    step = Subscribe(name, "table_on_delete_req", pb.TableOnDeleteReq(), lambda _: callback(), once=True)
    subscription: int = yield step
    return subscription


def remove_delete(name: str, callback_id: Any) -> Plan[None]:
    """Undoes `on_delete`; an unknown id is no error."""
    number = read_unsigned(callback_id, "callback_id")
    yield Unsubscribe(number)
    yield from ask(name, "table_remove_delete_req", pb.TableRemoveDeleteReq(id=number))


def _types(schema: Mapping[str, pb.ColumnType.ValueType]) -> dict[str, str]:
    return {name: COLUMN_TYPES[kind] for name, kind in schema.items()}


def _errors(errors: Mapping[str, pb.ExpressionError]) -> dict[str, dict[str, Any]]:
    return {
        name: {"error_message": error.error_message, "line": error.line, "column": error.column}
        for name, error in errors.items()
    }
