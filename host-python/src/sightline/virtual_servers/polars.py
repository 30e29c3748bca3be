"""Virtual tables over Polars frames, by Polars' own SQL.

>>> import polars
>>> import sightline
>>> from sightline.virtual_servers.polars import PolarsVirtualServer
>>> sales = polars.DataFrame({"city": ["Rome", "Oslo", "Rome"], "n": [3, 4, 5]})
>>> client = sightline.Client(lambda request: session.handle_request(request))
>>> session = PolarsVirtualServer({"sales": sales}).new_session(client.handle_response)
>>> client.open_table("sales").view(group_by=["city"], columns=["n"]).to_columns()
{'__ROW_PATH__': [[], ['Oslo'], ['Rome']], 'n': [12, 4, 8]}
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from .. import virtual_servers
from ._sql import SQLVirtualServer, SQLVirtualServerHandler

__all__ = ["PolarsVirtualServer", "PolarsVirtualServerHandler", "PolarsVirtualSession"]

_OTHER = {
    "stddev": "STDDEV({})",
    "var": "VARIANCE({})",
    "first": "FIRST({})",
    "last": "LAST({})",
    "any": "FIRST({})",
    "any_value": "FIRST({})",
}


class PolarsVirtualServerHandler(SQLVirtualServerHandler):
    """Asks frames and lazy frames, by name."""

    aggregate_functions: ClassVar[Mapping[str, str]] = {
        **SQLVirtualServerHandler.aggregate_functions,
        **_OTHER,
        "any_value": "FIRST({})",
    }

    def __init__(self, tables: Mapping[str, Any]) -> None:
        import polars

        super().__init__()
        self._tables = tables
        self._context: Any = polars.SQLContext(frames=dict(tables), eager=True)

    def query(self, sql: str) -> Any:
        """Runs a query; gives a pyarrow.Table."""
        return self._context.execute(sql).to_arrow()

    def source(self, table_name: str) -> str:
        """Names may hold dots here, and mean nothing."""
        return self.quote(table_name)

    def get_hosted_tables(self) -> list[Any]:
        """The names that were given."""
        return list(self._tables)


class PolarsVirtualSession(virtual_servers.VirtualSession):
    """One client's session over frames."""

    def __init__(self, callback: Any, tables: Mapping[str, Any]) -> None:
        super().__init__(callback, PolarsVirtualServerHandler(tables))


class PolarsVirtualServer(SQLVirtualServer):
    """Serves Polars frames.

    Args:
        tables: frames or lazy frames by name.
    """

    def __init__(self, tables: Mapping[str, Any]) -> None:
        super().__init__(lambda: PolarsVirtualServerHandler(tables))
