"""Virtual servers: the Table and View API over data that stays where it is.

A *handler* answers for its data: which tables there are, what a view of one holds. `VirtualServer` speaks the protocol
for it, so that every client and user interface works on it. `sightline.virtual_servers.duckdb` and `.polars` have
handlers that translate a view to SQL; `.ibis` does so for whatever Ibis connects to (ClickHouse, Postgres, Trino,
Snowflake, BigQuery, Spark...). Each is imported only when it is asked for, with its library.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .._virtual import VirtualServer

__all__ = ["VirtualServerHandler", "VirtualSession", "describe_via_make_view"]


class VirtualServerHandler:
    """What a virtual server asks. Derive from it, and offer what the docstrings call required.

    Types are "string", "integer", "float", "boolean", "date" and "datetime"; `config` is a dict as `View.get_config`
    gives it, with all columns named. An exception becomes the error of the request.
    """

    def get_features(self) -> dict[str, Any]:
        """What a user interface may offer: `group_by`, `split_by`, `sort`, `expressions` (bool), `group_rollup_mode`,
        `split_rollup_mode` (lists), `filter_ops` and `aggregates` (by column type).
        """
        return {}

    def get_hosted_tables(self) -> list[Any]:
        """Required. The tables: names, or dicts of `name`, `index` and `limit`."""
        raise NotImplementedError("get_hosted_tables not implemented")

    def table_schema(self, table_name: str) -> dict[str, str]:
        """Required. Columns and their types."""
        raise NotImplementedError("table_schema not implemented")

    def table_size(self, table_name: str) -> int:
        """Required. The number of rows."""
        raise NotImplementedError("table_size not implemented")

    def table_describe(self, table_name: str, config: dict[str, Any]) -> dict[str, Any]:
        """Required. `{expression_schema, view_schema}`, or with `expression_errors` or `config_error`."""
        raise NotImplementedError("table_describe not implemented")

    def table_make_view(self, table_name: str, view_name: str, config: dict[str, Any]) -> None:
        """Required. Makes a view."""
        raise NotImplementedError("table_make_view not implemented")

    def view_schema(self, view_name: str, config: dict[str, Any]) -> dict[str, str]:
        """Columns of a view and their types; by default, views are tables."""
        return self.table_schema(view_name)

    def view_size(self, view_name: str) -> int:
        """The number of rows of a view; by default, views are tables."""
        return self.table_size(view_name)

    def view_delete(self, view_name: str) -> None:
        """Required. Deletes a view."""
        raise NotImplementedError("view_delete not implemented")

    def view_get_min_max(self, view_name: str, column_name: str, config: dict[str, Any]) -> tuple[Any, Any]:
        """The least and greatest value of a column."""
        raise NotImplementedError("view_get_min_max not implemented")

    def view_get_data(
        self, view_name: str, config: dict[str, Any], schema: Mapping[str, str], viewport: dict[str, int], data: Any
    ) -> None:
        """Required. Fills `data`, a `VirtualDataSlice`, with the rows and columns of `viewport`."""
        raise NotImplementedError("view_get_data not implemented")


class VirtualSession:
    """One client's session: requests in, each answered through `callback`. Made by `new_session`."""

    def __init__(self, callback: Callable[[bytes], object], handler: VirtualServerHandler) -> None:
        self._callback = callback
        self._server = VirtualServer(handler)

    def handle_request(self, msg: bytes) -> None:
        """Handles one request; it is answered when this returns."""
        response = self._server.handle_request(msg)
        if response:
            self._callback(response)

    def close(self) -> None:
        """Deletes the session's views."""
        self._server.close()


def describe_via_make_view(handler: Any, table_name: str, config: dict[str, Any]) -> dict[str, Any]:
    """A `table_describe` for handlers that can only tell by trying: makes the view, asks, and deletes it."""
    view = "__describe__"
    try:
        handler.table_make_view(table_name, view, config)
    except Exception as error:
        return {"config_error": str(error)}
    try:
        schema = dict(handler.view_schema(view, config))
    finally:
        handler.view_delete(view)
    return {
        "expression_schema": {name: schema[name] for name in config["expressions"] if name in schema},
        "view_schema": schema,
    }
