"""`GenericSQLVirtualServerModel`: the SQL texts that a virtual server over a database asks, for handlers of one's own.

It writes DuckDB's dialect and keeps views as tables of the database: `__GROUPING_ID__` and `__ROW_PATH_n__` are columns
of a grouped one, as `VirtualDataSlice` takes them. It asks nothing itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ._sql import SQLVirtualServerHandler

__all__ = ["GenericSQLVirtualServerModel"]


class _Dialect(SQLVirtualServerHandler):
    natural_order = "rowid"


class GenericSQLVirtualServerModel:
    """Writes the queries of a virtual server; every method gives SQL text.

    Args:
        config: `natural_order`, the column that rows without a sort are ordered by ("rowid").

    Raises:
        ValueError: a config that cannot be written as SQL.

    Example:
        >>> from sightline import GenericSQLVirtualServerModel
        >>> model = GenericSQLVirtualServerModel({})
        >>> model.table_make_view("t", "v", {"columns": ["x"], "filter": [["x", ">", 1]]})
        'CREATE TABLE v AS (SELECT "x" FROM t WHERE ("x" > 1) ORDER BY rowid)'
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        if not isinstance(config, Mapping):
            raise TypeError(f"'{type(config).__name__}' object is not an instance of 'Mapping' (argument `config`)")
        self._order = config.get("natural_order", "rowid")
        self._dialect = _Dialect()

    def get_hosted_tables(self) -> str:
        """All tables."""
        return "SHOW ALL TABLES"

    def table_schema(self, table_id: str) -> str:
        """Columns and types of a table."""
        return f"DESCRIBE {table_id}"

    def table_size(self, table_id: str) -> str:
        """Rows of a table."""
        return f"SELECT COUNT(*) FROM {table_id}"

    def view_schema(self, view_id: str) -> str:
        """Columns and types of a view."""
        return f"DESCRIBE {view_id}"

    def view_size(self, view_id: str) -> str:
        """Rows of a view."""
        return f"SELECT COUNT(*) FROM {view_id}"

    def view_column_size(self, view_id: str) -> str:
        """Columns of a view, with the levels of its groups."""
        return f"SELECT COUNT(*) FROM (DESCRIBE {view_id})"

    def view_delete(self, view_id: str) -> str:
        """Deletes a view."""
        return f"DROP TABLE IF EXISTS {view_id}"

    def expression_describe(self, table_id: str, expression: str) -> str:
        """The type of one expression, or its error."""
        return f"DESCRIBE (SELECT {expression} FROM {table_id})"

    def expressions_describe(self, table_id: str, config: Mapping[str, Any]) -> str:
        """The types of all expressions of a config."""
        columns = [f"{text} AS {self._quote(name)}" for name, text in config.get("expressions", {}).items()]
        if not columns:
            raise ValueError("the config has no expressions")
        return f"DESCRIBE (SELECT {', '.join(columns)} FROM {table_id})"

    def table_describe(self, table_id: str, config: Mapping[str, Any], schema: Any = None) -> str:
        """Columns and types of the view that a config makes."""
        return f"DESCRIBE ({self._view(table_id, config)})"

    def table_make_view(self, table_id: str, view_id: str, config: Mapping[str, Any], schema: Any = None) -> str:
        """Makes a view, as a table."""
        return f"CREATE TABLE {view_id} AS ({self._view(table_id, config)})"

    def view_make_table(
        self, view_id: str, table_id: str, config: Mapping[str, Any], view_schema: Mapping[str, Any], schema: Any = None
    ) -> str:
        """Makes a table of a view."""
        levels = [f'"__ROW_PATH_{n}__" AS {self._quote(name)}' for n, name in enumerate(config.get("group_by", ()))]
        columns = [*levels, *(self._quote(name) for name in view_schema)]
        return f"CREATE TABLE {table_id} AS (SELECT {', '.join(columns)} FROM {view_id})"

    def view_get_data(
        self, view_id: str, config: Mapping[str, Any], viewport: Mapping[str, int], schema: Mapping[str, Any]
    ) -> str:
        """The rows and columns of a viewport; group levels are always with them."""
        groups = config.get("group_by", ())
        levels = [f'"__ROW_PATH_{n}__"' for n in range(len(groups))]
        if groups and config.get("group_rollup_mode", "rollup") == "rollup":
            levels.insert(0, '"__GROUPING_ID__"')
        names = list(schema)[viewport.get("start_col", 0) : viewport.get("end_col")]
        columns = [*levels, *(self._quote(name) for name in names)]
        start, end = viewport.get("start_row", 0), viewport.get("end_row")
        limit = "" if end is None else f" LIMIT {max(end - start, 0)}"
        return f"SELECT {', '.join(columns)} FROM {view_id}{limit} OFFSET {start}"

    def view_get_min_max(self, view_id: str, column_name: str, config: Mapping[str, Any]) -> str:
        """The least and greatest value of a column, over the leaves."""
        name = self._quote(column_name)
        grouped = config.get("group_by") and config.get("group_rollup_mode", "rollup") == "rollup"
        where = ' WHERE "__GROUPING_ID__" = 0' if grouped else ""
        return f"SELECT MIN({name}), MAX({name}) FROM {view_id}{where}"

    def _quote(self, name: str) -> str:
        return self._dialect.quote(name)

    def _view(self, table_id: str, config: Mapping[str, Any]) -> str:
        if config.get("split_by"):
            raise ValueError("`split_by` is not written as SQL: group by these columns too, and pivot what comes back")
        expressions = config.get("expressions", {})
        groups, columns = list(config.get("group_by", ())), list(config.get("columns", ()))
        if not columns and not groups:
            raise ValueError("a flat view without columns cannot be written as SQL")
        terms = [f"({self._dialect._term(*item)})" for item in config.get("filter", ())]
        where = (" WHERE " + (" OR " if config.get("filter_op") == "or" else " AND ").join(terms)) if terms else ""
        source = table_id
        if expressions:
            added = ", ".join(f"{text} AS {self._quote(name)}" for name, text in expressions.items())
            source = f"(SELECT *, {self._order}, {added} FROM {table_id})"
        sorts = [(column, direction) for column, direction in config.get("sort", ()) if direction != "none"]
        mode = config.get("group_rollup_mode", "rollup")
        if not groups and mode != "total":
            order = [*(self._dialect._order(column, direction) for column, direction in sorts), self._order]
            names = ", ".join(self._quote(name) for name in columns)
            return f"SELECT {names} FROM {source}{where} ORDER BY {', '.join(order)}"
        aggregates = {"aggregates": config.get("aggregates", {})}
        # Which columns are numbers is not known here, so a column without an aggregate is counted.
        parts = [f"{self._dialect._aggregate(name, 'string', aggregates)} AS {self._quote(name)}" for name in columns]
        keys = ", ".join(self._quote(name) for name in groups)
        parts += [f'{self._quote(name)} AS "__ROW_PATH_{n}__"' for n, name in enumerate(groups)]
        order = [f'"__ROW_PATH_{n}__" ASC NULLS FIRST' for n in range(len(groups))]
        tail = ""
        if groups and mode == "rollup":
            parts.append(f'GROUPING_ID({keys}) AS "__GROUPING_ID__"')
            # A parent before its children: a level that is summed over comes first among its siblings.
            order = [
                piece
                for n, name in enumerate(groups)
                for piece in (f"GROUPING({self._quote(name)}) DESC", f'"__ROW_PATH_{n}__" ASC NULLS FIRST')
            ]
            tail = f" GROUP BY ROLLUP({keys})"
        elif groups:
            tail = f" GROUP BY {keys}"
        if sorts and len(groups) == 1:
            by = []
            for column, direction in sorts:
                aggregate = self._dialect._aggregate(column, "string", aggregates)
                by.append(f"{aggregate} {'DESC NULLS LAST' if direction.startswith('desc') else 'ASC NULLS FIRST'}")
            order = [*order[:1], *by, *order[1:]] if mode == "rollup" else [*by, *order]
        by_order = f" ORDER BY {', '.join(order)}" if order else ""
        return f"SELECT {', '.join(parts)} FROM {source}{where}{tail}{by_order}"
