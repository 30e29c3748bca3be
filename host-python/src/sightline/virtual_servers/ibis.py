"""Virtual tables over any engine that Ibis connects to: ClickHouse, Postgres, Trino, Snowflake, BigQuery, Spark...

The SQL of a view is written in one dialect and translated by Ibis to that of the engine; expressions of users are
written in that one dialect (`dialect=`) too.

    import ibis
    from sightline.virtual_servers.ibis import IbisVirtualServer

    server = IbisVirtualServer(ibis.clickhouse.connect(host="..."))
"""

from __future__ import annotations

from typing import Any

from ._sql import SQLVirtualServer, SQLVirtualServerHandler

__all__ = ["IbisVirtualServer", "IbisVirtualServerHandler"]


class IbisVirtualServerHandler(SQLVirtualServerHandler):
    """Asks an Ibis connection.

    Args:
        connection: what `ibis.<backend>.connect` gives.
        dialect: in which views, and the expressions of users, are written.
    """

    def __init__(self, connection: Any, dialect: str = "duckdb") -> None:
        super().__init__()
        self._connection = connection
        self._dialect = dialect

    def query(self, sql: str) -> Any:
        """Runs a query; gives a pyarrow.Table."""
        return self._connection.sql(sql, dialect=self._dialect).to_pyarrow()

    def get_hosted_tables(self) -> list[Any]:
        """The tables of the connection's current database."""
        return list(self._connection.list_tables())


class IbisVirtualServer(SQLVirtualServer):
    """Serves the tables of an Ibis connection.

    Args:
        connection: what `ibis.<backend>.connect` gives.
        dialect: in which views, and the expressions of users, are written.
    """

    def __init__(self, connection: Any, dialect: str = "duckdb") -> None:
        super().__init__(lambda: IbisVirtualServerHandler(connection, dialect))
