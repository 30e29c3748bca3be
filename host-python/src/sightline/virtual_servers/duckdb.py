"""Virtual tables over a DuckDB connection.

>>> import duckdb
>>> import sightline
>>> from sightline.virtual_servers.duckdb import DuckDBVirtualServer
>>> database = duckdb.connect()
>>> _ = database.execute("CREATE TABLE sales AS SELECT * FROM (VALUES ('Rome', 3), ('Oslo', 4)) AS v(city, n)")
>>> client = sightline.Client(lambda request: session.handle_request(request))
>>> session = DuckDBVirtualServer(database).new_session(client.handle_response)
>>> client.open_table("memory.sales").view(group_by=["city"], columns=["n"]).to_columns()
{'__ROW_PATH__': [[], ['Oslo'], ['Rome']], 'n': [7, 4, 3]}
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from .. import virtual_servers
from ._sql import SQLVirtualServer, SQLVirtualServerHandler

__all__ = ["DuckDBVirtualServer", "DuckDBVirtualServerHandler", "DuckDBVirtualSession"]

_TABLES = (
    "SELECT database_name, schema_name, table_name AS name FROM duckdb_tables() WHERE NOT internal UNION ALL "
    "SELECT database_name, schema_name, view_name AS name FROM duckdb_views() WHERE NOT internal ORDER BY ALL"
)
_NATIVE = {
    "any": "ANY_VALUE({})",
    "first": "FIRST({})",
    "last": "LAST({})",
    "q1": "QUANTILE_DISC({}, 0.25)",
    "q3": "QUANTILE_DISC({}, 0.75)",
}
_PLAIN = "any_value arbitrary bit_and bit_or bit_xor bool_and bool_or favg fsum geomean kahan_sum product sumkahan"


class DuckDBVirtualServerHandler(SQLVirtualServerHandler):
    """Asks a DuckDB connection; tables are named `database.table`."""

    aggregate_functions: ClassVar[Mapping[str, str]] = {
        **SQLVirtualServerHandler.aggregate_functions,
        **_NATIVE,
        **{name: name + "({})" for name in _PLAIN.split()},
    }

    def __init__(self, db: Any) -> None:
        super().__init__()
        # A cursor is a connection of its own to the same data: sessions do not disturb each other's results.
        self._db = db.cursor()

    def query(self, sql: str) -> Any:
        """Runs a query; gives a pyarrow.Table. 128-bit integers, as sums are, come as 64-bit ones where they fit."""
        statements = self._db.extract_statements(sql)
        if len(statements) != 1:
            # Expressions come from clients: one must not be able to end the query and begin another.
            raise ValueError(f"an expression is one SQL expression, but this makes {len(statements)} statements")
        relation = self._db.sql(sql)
        wide = {name for name, kind in zip(relation.columns, relation.types, strict=True) if str(kind) == "HUGEINT"}
        if wide:
            columns = [
                f"{self.quote(name)}::BIGINT AS {self.quote(name)}" if name in wide else self.quote(name)
                for name in relation.columns
            ]
            relation = self._db.sql(f"SELECT {', '.join(columns)} FROM ({sql}) AS h")
        return relation.to_arrow_table()

    def get_hosted_tables(self) -> list[Any]:
        """Tables and views of all attached databases."""
        return [
            ".".join(
                [row["database_name"], *([] if row["schema_name"] == "main" else [row["schema_name"]]), row["name"]]
            )
            for row in self.query(_TABLES).to_pylist()
        ]


class DuckDBVirtualSession(virtual_servers.VirtualSession):
    """One client's session over a DuckDB connection."""

    def __init__(self, callback: Any, db: Any) -> None:
        super().__init__(callback, DuckDBVirtualServerHandler(db))


class DuckDBVirtualServer(SQLVirtualServer):
    """Serves the tables of a DuckDB connection.

    Args:
        db: a `duckdb.DuckDBPyConnection`.
    """

    def __init__(self, db: Any) -> None:
        super().__init__(lambda: DuckDBVirtualServerHandler(db))
