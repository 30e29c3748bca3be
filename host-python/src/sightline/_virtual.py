"""`VirtualServer`: answers the protocol's requests by asking a handler, which has its data elsewhere.

Requests in, responses out, one for one; nothing is computed here. What a handler must offer is written down in
`sightline.virtual_servers.VirtualServerHandler`. An exception of the handler becomes the error of that request.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from google.protobuf.message import DecodeError, Message

from ._config import COLUMN_TYPES, config_to_dict
from ._proto import sightline_pb2 as pb
from ._session import read_bytes
from ._virtual_data import VirtualDataSlice

__all__ = ["VirtualServer"]

logger = logging.getLogger("sightline")

_TYPES = {name: number for number, name in COLUMN_TYPES.items()}
_GROUP_ROLLUPS = {"rollup": pb.ROLLUP, "flat": pb.FLAT, "total": pb.TOTAL}
_SPLIT_ROLLUPS = {"flat": pb.SPLIT_ROLLUP_MODE_FLAT, "rollup": pb.SPLIT_ROLLUP_MODE_ROLLUP}


class _View:
    def __init__(self, table: str, config: pb.ViewConfig) -> None:
        self.table = table
        self.message = config
        self.config = config_to_dict(config)


class _UnknownViewError(Exception):
    """A view that this server does not have."""


class VirtualServer:
    """A server whose tables are answered by `handler`.

    Args:
        handler: an object with the methods of `sightline.virtual_servers.VirtualServerHandler`.

    Example:
        >>> import sightline
        >>> from sightline.virtual_servers import VirtualServerHandler
        >>> class Empty(VirtualServerHandler):
        ...     def get_hosted_tables(self):
        ...         return ["nothing"]
        >>> server = sightline.VirtualServer(Empty())
        >>> client = sightline.Client(lambda request: client.handle_response(server.handle_request(request)))
        >>> client.get_hosted_table_names()
        ['nothing']
    """

    def __init__(self, handler: Any) -> None:
        self._handler = handler
        self._views: dict[str, _View] = {}

    def handle_request(self, bytes: bytes) -> bytes:
        """Answers one request.

        Raises:
            TypeError: no bytes. ValueError: the bytes are no request.

        Returns:
            The response; empty for a subscription, which has none.
        """
        try:
            request = pb.Request.FromString(_whole(bytes))
        except DecodeError as error:
            raise ValueError(f"failed to decode Protobuf message: {error}") from None
        response = pb.Response(msg_id=request.msg_id, entity_id=request.entity_id)
        kind = request.WhichOneof("client_req") or ""
        if kind in _SUBSCRIPTIONS or (kind == "get_hosted_tables_req" and request.get_hosted_tables_req.subscribe):
            # The data does not tell of changes, so nothing will ever be sent; subscribing has no answer of its own.
            return b""
        try:
            answer = _ANSWERS.get(kind)
            if answer is None:
                raise NotImplementedError(f"a virtual table does not answer `{kind or 'an empty request'}`")
            body = answer(self, request.entity_id, getattr(request, kind))
            getattr(response, kind.removesuffix("_req") + "_resp").CopyFrom(body)
        except _UnknownViewError:
            response.server_error.message = f"View not found '{request.entity_id}'"
            response.server_error.status_code = pb.VIEW_NOT_FOUND
        except Exception as error:
            logger.debug("a virtual table could not answer", exc_info=True)
            response.server_error.message = str(error) or type(error).__name__
            response.server_error.status_code = pb.SERVER_ERROR
        return response.SerializeToString()

    def close(self) -> None:
        """Deletes every view this server still holds."""
        views, self._views = self._views, {}
        for view in views:
            try:
                self._handler.view_delete(view)
            except Exception:
                logger.warning("the view %s could not be deleted", view, exc_info=True)

    # Answers

    def _features(self, _entity: str, _request: Any) -> Message:
        return _features_message(self._optional("get_features") or {})

    def _hosted_tables(self, _entity: str, _request: Any) -> Message:
        answer = pb.GetHostedTablesResp()
        for item in self._handler.get_hosted_tables():
            given = {"name": item} if isinstance(item, str) else item
            answer.table_infos.add(entity_id=given["name"], index=given.get("index"), limit=given.get("limit"))
        return answer

    def _make_port(self, table: str, _request: Any) -> Message:
        return pb.TableMakePortResp(port_id=self._optional("table_make_port", table) or 0)

    def _table_schema(self, table: str, _request: Any) -> Message:
        answer = pb.TableSchemaResp()
        for name, kind in self._handler.table_schema(table).items():
            answer.schema.schema.add(name=name, type=_type_of(name, kind))
        return answer

    def _table_size(self, table: str, _request: Any) -> Message:
        return pb.TableSizeResp(size=self._handler.table_size(table))

    def _describe(self, table: str, request: Any) -> Message:
        told = self._handler.table_describe(table, self._complete(table, request.config))
        answer = pb.TableDescribeResp()
        for name, kind in (told.get("expression_schema") or {}).items():
            answer.expression_schema[name] = _type_of(name, kind)
        errors = told.get("expression_errors") or {}
        for name, error in errors.items():
            answer.expression_errors[name].CopyFrom(_expression_error(pb.ExpressionError(), error))
        if told.get("config_error") is not None:
            answer.config_error = told["config_error"]
        elif not errors:
            answer.view.SetInParent()
            for name, kind in (told.get("view_schema") or {}).items():
                answer.view.schema[name] = _type_of(name, kind)
        return answer

    def _validate(self, table: str, request: Any) -> Message:
        config = pb.ViewConfig(expressions=dict(request.column_to_expr))
        config.columns.columns.SetInParent()
        told = self._handler.table_describe(table, config_to_dict(config))
        answer = pb.TableValidateExprResp(expression_alias=dict(request.column_to_expr))
        for name, kind in (told.get("expression_schema") or {}).items():
            answer.expression_schema[name] = _type_of(name, kind)
        for name, error in (told.get("expression_errors") or {}).items():
            _expression_error(answer.errors[name], error)
        return answer

    def _make_view(self, table: str, request: Any) -> Message:
        if request.view_id in self._views:
            raise ValueError(f"View `{request.view_id}` already exists")
        config = self._complete(table, request.config)
        self._handler.table_make_view(table, request.view_id, config)
        view = _View(table, request.config)
        view.config = config
        self._views[request.view_id] = view
        return pb.TableMakeViewResp(view_id=request.view_id)

    def _make_table(self, name: str, request: Any) -> Message:
        if request.data.WhichOneof("data") == "from_view":
            source = request.data.from_view
            view = self._view(source)
            self._required("view_make_table")(source, name, view.config)
        else:
            self._required("make_table")(name, request.data, request.options)
        return pb.MakeTableResp()

    def _view_schema(self, view_id: str, _request: Any) -> Message:
        schema = self._schema_of(view_id)
        return pb.ViewSchemaResp(schema={name: _type_of(name, kind) for name, kind in schema.items()})

    def _expression_schema(self, view_id: str, _request: Any) -> Message:
        view = self._view(view_id)
        if not view.config["expressions"]:
            return pb.ViewExpressionSchemaResp()
        told = self._handler.table_describe(view.table, view.config).get("expression_schema") or {}
        return pb.ViewExpressionSchemaResp(schema={name: _type_of(name, kind) for name, kind in told.items()})

    def _get_config(self, view_id: str, _request: Any) -> Message:
        view = self._view(view_id)
        config = pb.ViewConfig()
        config.CopyFrom(view.message)
        config.columns.columns.columns[:] = view.config["columns"]
        return pb.ViewGetConfigResp(config=config)

    def _dimensions(self, view_id: str, _request: Any) -> Message:
        view = self._view(view_id)
        return pb.ViewDimensionsResp(
            num_table_rows=self._handler.table_size(view.table),
            num_table_columns=self._table_columns(view.table),
            num_view_rows=self._handler.view_size(view_id),
            num_view_columns=self._view_columns(view_id, view),
        )

    def _column_paths(self, view_id: str, request: Any) -> Message:
        view = self._view(view_id)
        splits = len(view.config["split_by"])
        names = list(self._schema_of(view_id))
        if splits:
            names = self._data(view_id, pb.ViewPort(start_row=0, end_row=1)).data_names
        start = request.start_col if request.HasField("start_col") else 0
        names = names[start : request.end_col if request.HasField("end_col") else None]
        answer = pb.ViewColumnPathsResp(paths=names)
        paths = [name.split("|", splits) for name in names]
        for level in range(splits + 1):
            values = answer.area.add().values
            for path in paths:
                values.add(string=path[min(level, len(path) - 1)])
        return answer

    def _min_max(self, view_id: str, request: Any) -> Message:
        view = self._view(view_id)
        least, greatest = self._required("view_get_min_max")(view_id, request.column_name, view.config)
        return pb.ViewGetMinMaxResp(min=_scalar(least), max=_scalar(greatest))

    def _delete_view(self, view_id: str, _request: Any) -> Message:
        self._view(view_id)
        self._handler.view_delete(view_id)
        del self._views[view_id]
        return pb.ViewDeleteResp()

    def _columns_string(self, view_id: str, request: Any) -> Message:
        return pb.ViewToColumnsStringResp(json_string=self._data(view_id, request.viewport).render_to_columns_json())

    def _rows_string(self, view_id: str, request: Any) -> Message:
        return pb.ViewToRowsStringResp(json_string=self._data(view_id, request.viewport).rows_json())

    def _ndjson(self, view_id: str, request: Any) -> Message:
        return pb.ViewToNdjsonStringResp(ndjson_string=self._data(view_id, request.viewport).ndjson())

    def _csv(self, view_id: str, request: Any) -> Message:
        view = self._view(view_id)
        return pb.ViewToCSVResp(csv=self._data(view_id, request.viewport).csv(view.config))

    def _arrow(self, view_id: str, request: Any) -> Message:
        view = self._view(view_id)
        data = self._data(view_id, request.viewport)
        return pb.ViewToArrowResp(arrow=data.arrow(view.config, request.compression))

    def _nothing(self, _entity: str, request: Any) -> Message:
        """The end of a subscription, of which nothing was kept."""
        answer: Message = getattr(pb, type(request).__name__.removesuffix("Req") + "Resp")()
        return answer

    # Help

    def _view(self, view_id: str) -> _View:
        view = self._views.get(view_id)
        if view is None:
            raise _UnknownViewError
        return view

    def _data(self, view_id: str, viewport: pb.ViewPort) -> VirtualDataSlice:
        view = self._view(view_id)
        given = {field.name: value for field, value in viewport.ListFields()}
        window = {name: given[name] for name in ("start_row", "end_row", "start_col", "end_col") if name in given}
        data = VirtualDataSlice()
        self._handler.view_get_data(view_id, view.config, self._schema_of(view_id), window, data)
        data.is_total = view.config["group_rollup_mode"] == "total"
        data.consume()
        return data

    def _schema_of(self, view_id: str) -> Mapping[str, str]:
        view = self._view(view_id)
        schema: Mapping[str, str] | None = self._optional("view_schema", view_id, view.config)
        return self._handler.table_schema(view_id) if schema is None else schema

    def _table_columns(self, table: str) -> int:
        told: int | None = self._optional("table_column_size", table)
        return len(self._handler.table_schema(table)) if told is None else told

    def _view_columns(self, view_id: str, view: _View) -> int:
        told: int | None = self._optional("view_column_size", view_id, view.config)
        return len(self._schema_of(view_id)) if told is None else told

    def _complete(self, table: str, message: pb.ViewConfig) -> dict[str, Any]:
        """The config with its default columns: all of the table, then expressions, then windows."""
        config = config_to_dict(message)
        config.setdefault("filter_op", "and")
        if message.columns.WhichOneof("opt_columns") != "columns":
            names = [*self._handler.table_schema(table), *config["expressions"], *config.get("windows", {})]
            config["columns"] = names
        return config

    def _optional(self, name: str, *arguments: Any) -> Any:
        method = getattr(self._handler, name, None)
        return None if method is None else method(*arguments)

    def _required(self, name: str) -> Callable[..., Any]:
        method: Callable[..., Any] | None = getattr(self._handler, name, None)
        if method is None:
            raise NotImplementedError(f"{name} not implemented")
        return method


_SUBSCRIPTIONS = {"view_on_update_req", "view_on_remove_req", "view_on_delete_req", "table_on_delete_req"}

_ANSWERS: dict[str, Callable[[VirtualServer, str, Any], Message]] = {
    "get_features_req": VirtualServer._features,
    "get_hosted_tables_req": VirtualServer._hosted_tables,
    "table_make_port_req": VirtualServer._make_port,
    "table_schema_req": VirtualServer._table_schema,
    "table_size_req": VirtualServer._table_size,
    "table_describe_req": VirtualServer._describe,
    "table_validate_expr_req": VirtualServer._validate,
    "table_make_view_req": VirtualServer._make_view,
    "make_table_req": VirtualServer._make_table,
    "view_schema_req": VirtualServer._view_schema,
    "view_expression_schema_req": VirtualServer._expression_schema,
    "view_get_config_req": VirtualServer._get_config,
    "view_dimensions_req": VirtualServer._dimensions,
    "view_column_paths_req": VirtualServer._column_paths,
    "view_get_min_max_req": VirtualServer._min_max,
    "view_delete_req": VirtualServer._delete_view,
    "view_to_columns_string_req": VirtualServer._columns_string,
    "view_to_rows_string_req": VirtualServer._rows_string,
    "view_to_ndjson_string_req": VirtualServer._ndjson,
    "view_to_csv_req": VirtualServer._csv,
    "view_to_arrow_req": VirtualServer._arrow,
    "table_remove_delete_req": VirtualServer._nothing,
    "view_remove_on_update_req": VirtualServer._nothing,
    "view_remove_on_remove_req": VirtualServer._nothing,
    "view_remove_delete_req": VirtualServer._nothing,
    "remove_hosted_tables_update_req": VirtualServer._nothing,
}


def _whole(data: object) -> bytes:
    message = read_bytes(data)
    return bytes(message)


def _type_of(name: str, kind: str) -> Any:
    if kind not in _TYPES:
        raise ValueError(f"Unknown type '{kind}' of column `{name}`, expected one of {', '.join(_TYPES)}")
    return _TYPES[kind]


def _scalar(value: Any) -> pb.Scalar:
    if value is None:
        return pb.Scalar(null=0)  # type: ignore[arg-type]
    if isinstance(value, bool):
        return pb.Scalar(bool=value)
    if isinstance(value, str):
        return pb.Scalar(string=value)
    return pb.Scalar(float=float(value))


def _expression_error(into: Any, error: Mapping[str, Any]) -> Any:
    into.error_message = error.get("error_message", "")
    into.line = error.get("line", 0)
    into.column = error.get("column", 0)
    return into


def _features_message(told: Mapping[str, Any]) -> pb.GetFeaturesResp:
    flags = ("group_by", "split_by", "sort", "expressions", "on_update", "unordered", "view_derivations")
    answer = pb.GetFeaturesResp()
    for flag in flags:
        setattr(answer, flag, bool(told.get(flag, False)))
    answer.group_rollup_mode.extend(_GROUP_ROLLUPS[name] for name in told.get("group_rollup_mode", ()))
    answer.split_rollup_mode.extend(_SPLIT_ROLLUPS[name] for name in told.get("split_rollup_mode", ()))
    for kind, names in told.get("filter_ops", {}).items():
        answer.filter_ops[_type_of("filter_ops", kind)].options.extend(names)
    for kind, names in told.get("aggregates", {}).items():
        options = answer.aggregates[_type_of("aggregates", kind)].aggregates
        for item in names:
            name, arguments = (item, ()) if isinstance(item, str) else item
            options.add(name=name, args=[_type_of(name, argument) for argument in arguments])
    for kind, specs in told.get("window_aggregates", {}).items():
        windows = answer.window_aggregates[_type_of("window_aggregates", kind)].options
        for spec in specs:
            added = windows.add(
                name=spec["name"],
                frames=spec.get("frames", ()),
                offset=bool(spec.get("offset")),
                alpha=bool(spec.get("alpha")),
            )
            if spec.get("result_type") is not None:
                added.result_type = _type_of(spec["name"], spec["result_type"])
    return answer
