"""A handler over anything that answers SQL with Arrow tables.

A view config becomes one query, or one per group level: `GROUP BY` at each depth rather than `ROLLUP`, which not every
engine has. What comes back is as large as the view, not as the table. Flat views are read by viewport, so they cost
what is looked at; grouped and split ones are read once, when they are made, and ordered here.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from .._virtual_data import VirtualDataSlice, arrow_kind
from . import VirtualServerHandler, VirtualSession

__all__ = ["SQLVirtualServer", "SQLVirtualServerHandler"]

_NUMBERS = ("integer", "float")
_COMPARISONS = {"==": "=", "!=": "<>", ">": ">", ">=": ">=", "<": "<", "<=": "<="}
_TEXT_TERMS = {
    "begins with": "STARTS_WITH({}, {})",
    "contains": "STRPOS({}, {}) > 0",
    "ends with": "ENDS_WITH({}, {})",
}
_FILTERS = [*_COMPARISONS, "is null", "is not null"]
_AGGREGATES = {
    "sum": "SUM({})",
    "abs sum": "ABS(SUM({}))",
    "sum abs": "SUM(ABS({}))",
    "count": "COUNT(*)",
    # Null counts as a value of its own.
    "distinct count": "COUNT(DISTINCT {}) + CASE WHEN COUNT({}) < COUNT(*) THEN 1 ELSE 0 END",
    "avg": "AVG({})",
    "mean": "AVG({})",
    "min": "MIN({})",
    "max": "MAX({})",
    "low": "MIN({})",
    "high": "MAX({})",
    "high minus low": "MAX({}) - MIN({})",
    "any": "MIN({})",
    "unique": "CASE WHEN COUNT(DISTINCT {}) = 1 THEN MIN({}) END",
    "stddev": "STDDEV_POP({})",
    "var": "VAR_POP({})",
    "median": "MEDIAN({})",
}
_ANY_TYPE = ["count", "distinct count", "min", "max", "any", "unique"]
_ARITHMETIC = ["sum", "avg", "abs sum", "sum abs", "high minus low", "stddev", "var", "median"]
_DIRECTIONS = {"asc": (1, False), "desc": (-1, False), "asc abs": (1, True), "desc abs": (-1, True)}


class _View:
    """Rows that were read, or for a flat view only how to read them."""

    def __init__(self, query: str, schema: dict[str, str]) -> None:
        self.query = query
        self.schema = schema
        self.n_rows = 0
        # Of a grouped or split view: (path, {column: value}) in order, and the names of its columns.
        self.rows: list[tuple[tuple[Any, ...], dict[str, Any]]] | None = None
        self.names: list[str] = list(schema)
        self.kinds: dict[str, str] = schema
        self.level_kinds: list[str] = []


class SQLVirtualServerHandler(VirtualServerHandler):
    """Translates views to SQL.

    Derived classes give `query`, `get_hosted_tables`, and where their dialect differs `quote` and `aggregates`.
    Expressions are SQL of the engine.
    """

    natural_order: str | None = None
    """A column that rows without a sort are ordered by."""

    aggregate_functions: ClassVar[Mapping[str, str]] = _AGGREGATES
    """What each aggregate is called in SQL; `{}` stands for the column."""

    def __init__(self) -> None:
        self._views: dict[str, _View] = {}

    def query(self, sql: str) -> Any:
        """Runs a query; gives a pyarrow.Table."""
        raise NotImplementedError

    def quote(self, name: str) -> str:
        """A column's name as an identifier."""
        return '"' + name.replace('"', '""') + '"'

    def source(self, table_name: str) -> str:
        """A table's name as it stands after FROM."""
        return ".".join(self.quote(part) for part in table_name.split("."))

    def get_features(self) -> dict[str, Any]:
        """What the translation knows."""
        known = self.aggregate_functions
        general = [name for name in _ANY_TYPE if name in known]
        numbers = [name for name in [*_ARITHMETIC, *_ANY_TYPE] if name in known]
        kinds = ("string", "boolean", "date", "datetime")
        return {
            "group_by": True,
            "split_by": True,
            "sort": True,
            "expressions": True,
            "group_rollup_mode": ["rollup", "flat", "total"],
            "split_rollup_mode": ["flat"],
            "filter_ops": {
                kind: [*_FILTERS, *((*_TEXT_TERMS, "in", "not in") if kind == "string" else ())]
                for kind in (*_NUMBERS, *kinds)
            },
            "aggregates": dict.fromkeys(_NUMBERS, numbers) | dict.fromkeys(kinds, general),
        }

    def table_schema(self, table_name: str, config: Any = None) -> dict[str, str]:
        """Columns and types, from the types of an empty result."""
        return self._schema(f"SELECT * FROM {self.source(table_name)}")

    def table_size(self, table_name: str) -> int:
        """Counts the rows."""
        return self._count(f"SELECT * FROM {self.source(table_name)}")

    def table_describe(self, table_name: str, config: dict[str, Any]) -> dict[str, Any]:
        """Each expression is tried, then the whole view, without reading rows."""
        schema, errors = {}, {}
        for name, text in config["expressions"].items():
            try:
                tried = self._schema(f"SELECT {text} AS {self.quote(name)} FROM {self.source(table_name)}")
                schema[name] = tried[name]
            except Exception as error:
                errors[name] = {"error_message": str(error), "line": 0, "column": 0}
        if errors:
            return {"expression_schema": schema, "expression_errors": errors}
        try:
            view = self._plan(table_name, config)
        except Exception as error:
            return {"expression_schema": schema, "config_error": str(error)}
        return {"expression_schema": schema, "view_schema": view.schema}

    def table_make_view(self, table_name: str, view_name: str, config: dict[str, Any]) -> None:
        """Checks the config by asking the engine; reads the rows unless the view is flat."""
        view = self._plan(table_name, config)
        if config["group_by"] or config["split_by"] or config["group_rollup_mode"] == "total":
            self._read(view, config)
        self._views[view_name] = view

    def view_schema(self, view_name: str, config: Any = None) -> dict[str, str]:
        """Columns and types."""
        return self._views[view_name].schema

    def view_size(self, view_name: str) -> int:
        """Rows of the view."""
        view = self._views[view_name]
        return self._count(view.query) if view.rows is None else len(view.rows)

    def view_column_size(self, view_name: str, config: Any = None) -> int:
        """Columns of the view, over all splits."""
        return len(self._views[view_name].names)

    def view_delete(self, view_name: str) -> None:
        """Forgets the view."""
        del self._views[view_name]

    def view_get_min_max(self, view_name: str, column_name: str, config: dict[str, Any]) -> tuple[Any, Any]:
        """Over the rows of the view; of its leaves, when it is grouped."""
        view = self._views[view_name]
        if column_name not in view.schema:
            raise ValueError(f"Could not find column index for `{column_name}` as it does not exist in the schema.")
        if view.rows is None:
            column = self.quote(column_name)
            found = self.query(f"SELECT MIN({column}) AS a, MAX({column}) AS b FROM ({view.query}) AS v").to_pylist()[0]
            return _wire_value(found["a"]), _wire_value(found["b"])
        depth = len(config["group_by"])
        names = [name for name in view.names if name == column_name or name.endswith("|" + column_name)]
        values = [row.get(name) for path, row in view.rows if len(path) == depth for name in names]
        present = [value for value in values if value is not None]
        return (_wire_value(min(present)), _wire_value(max(present))) if present else (None, None)

    def view_get_data(
        self,
        view_name: str,
        config: dict[str, Any],
        schema: Mapping[str, str],
        viewport: dict[str, int],
        data: VirtualDataSlice,
    ) -> None:
        """The rows and columns of the viewport."""
        view = self._views[view_name]
        start, end = viewport.get("start_row", 0), viewport.get("end_row")
        names = view.names[viewport.get("start_col", 0) : viewport.get("end_col")]
        if view.rows is None:
            for name in names:
                data.declare(view.schema[name], name)
            columns = ", ".join(self.quote(name) for name in names)
            if not names:
                return
            limit = "" if end is None else f" LIMIT {max(end - start, 0)}"
            offset = f" OFFSET {start}" if start else ""
            if offset and not limit:
                limit = f" LIMIT {2**31 - 1}"
            table = self.query(f"SELECT {columns} FROM ({view.query}) AS v{limit}{offset}")
            for name in names:
                for index, value in enumerate(table.column(name).to_pylist()):
                    data.set_col(view.schema[name], name, index, value)
            return
        depth = len(config["group_by"])
        for level, kind in enumerate(view.level_kinds):
            data.declare(kind, f"__ROW_PATH_{level}__")
        for name in names:
            data.declare(view.kinds[name], name)
        for index, (path, row) in enumerate(view.rows[start:end]):
            summed = (1 << (depth - len(path))) - 1 if depth else None
            for level, kind in enumerate(view.level_kinds):
                value = path[level] if level < len(path) else None
                data.set_col(kind, f"__ROW_PATH_{level}__", index, value, summed)
            for name in names:
                data.set_col(view.kinds[name], name, index, row.get(name), summed)

    # Translation

    def _plan(self, table_name: str, config: dict[str, Any]) -> _View:
        source = self._filtered(table_name, config)
        aggregated = bool(config["group_by"]) or config["group_rollup_mode"] == "total"
        if aggregated:
            known = self._schema(self._aggregation(source, config["group_by"], config))
            view = _View(source, {name: known[name] for name in config["columns"]})
        else:
            names = config["columns"]
            known = self._schema(source)
            missing = [
                name for name in [*names, *config["split_by"], *(s[0] for s in config["sort"])] if name not in known
            ]
            if missing:
                raise ValueError(f"Invalid column '{missing[0]}' found in View columns.")
            view = _View(source, {name: known[name] for name in names})
            order = ", ".join(self._order(column, direction) for column, direction in config["sort"])
            order = ", ".join(part for part in (order, self.natural_order) if part)
            view.query = source + (f" ORDER BY {order}" if order else "")
        view.names, view.kinds = list(view.schema), view.schema
        return view

    def _filtered(self, table_name: str, config: dict[str, Any]) -> str:
        added = [f"{text} AS {self.quote(name)}" for name, text in config["expressions"].items()]
        hidden = [self.natural_order] if self.natural_order else []
        inner = f"SELECT {', '.join(['*', *hidden, *added])} FROM {self.source(table_name)}"
        windows = [f"{self._window(spec)} AS {self.quote(name)}" for name, spec in config.get("windows", {}).items()]
        if windows:
            inner = f"SELECT *, {', '.join(windows)} FROM ({inner}) AS w"
        terms = [self._term(*item) for item in config["filter"]]
        if not terms:
            return inner
        joined = (" OR " if config.get("filter_op") == "or" else " AND ").join(f"({term})" for term in terms)
        return f"SELECT * FROM ({inner}) AS s WHERE {joined}"

    def _term(self, column: str, operator: str, operand: Any) -> str:
        name = self.quote(column)
        if operator in {"is null", "is not null"}:
            return f"{name} {operator.upper()}"
        if operator in {"in", "not in"}:
            values = operand if isinstance(operand, (list, tuple)) else [operand]
            inside = ", ".join(_literal(value) for value in values) or "NULL"
            return f"{name} {operator.upper()} ({inside})"
        if operator in _COMPARISONS:
            return f"{name} {_COMPARISONS[operator]} {_literal(operand)}"
        if operator in _TEXT_TERMS:
            return _TEXT_TERMS[operator].format(f"LOWER({name})", _literal(str(operand).lower()))
        raise ValueError(f"Unknown filter operator string: `{operator}`")

    def _window(self, spec: Mapping[str, Any]) -> str:
        column, name = self.quote(spec["column"]), spec["aggregate"]
        parts = []
        if spec.get("partition_by"):
            parts.append("PARTITION BY " + ", ".join(self.quote(item) for item in spec["partition_by"]))
        order = spec.get("order_by")
        if order:
            direction = "DESC" if order[1] == "desc" else "ASC"
            parts.append(f"ORDER BY {self.quote(order[0])} {direction}")
        elif self.natural_order:
            parts.append(f"ORDER BY {self.natural_order}")
        if name == "row_number":
            return f"ROW_NUMBER() OVER ({' '.join(parts)})"
        if name in {"lag", "lead"}:
            return f"{name.upper()}({column}, {spec.get('offset', 1)}) OVER ({' '.join(parts)})"
        if name not in {"sum", "avg", "count", "min", "max", "stddev", "var"}:
            raise ValueError(f"Window `op` not implemented in this build: {name}")
        if spec.get("range") is not None:
            raise ValueError("Window `range` frames are not available on a virtual table")
        preceding = "UNBOUNDED" if spec.get("rows") is None else str(spec["rows"])
        parts.append(f"ROWS BETWEEN {preceding} PRECEDING AND CURRENT ROW")
        function = {"stddev": "STDDEV_SAMP", "var": "VAR_SAMP"}.get(name, name.upper())
        return f"{function}({column}) OVER ({' '.join(parts)})"

    def _order(self, column: str, direction: str) -> str:
        if direction not in _DIRECTIONS:
            raise ValueError(f"a flat view of a virtual table cannot be sorted `{direction}`")
        sign, absolute = _DIRECTIONS[direction]
        name = f"ABS({self.quote(column)})" if absolute else self.quote(column)
        return f"{name} ASC NULLS FIRST" if sign > 0 else f"{name} DESC NULLS LAST"

    def _level(self, name: str) -> str:
        """A group level's own name, for its column may be aggregated as well."""
        return f"__LEVEL__{name}"

    def _aggregation(self, source: str, keys: Sequence[str], config: dict[str, Any]) -> str:
        known = self._schema(source)
        sorts = [column for column, direction in config["sort"] if direction != "none"]
        wanted = list(dict.fromkeys([*config["columns"], *(name for name in sorts if name not in config["columns"])]))
        for place, names in (("columns", config["columns"]), ("sorts", sorts), ("group_by", keys)):
            for name in names:
                if name not in known:
                    raise ValueError(f"Invalid column '{name}' found in View {place}.")
        parts = [f"{self.quote(name)} AS {self.quote(self._level(name))}" for name in keys]
        parts += [f"{self._aggregate(name, known[name], config)} AS {self.quote(name)}" for name in wanted]
        grouping = f" GROUP BY {', '.join(self.quote(name) for name in keys)}" if keys else ""
        return f"SELECT {', '.join(parts) or 'COUNT(*) AS n'} FROM ({source}) AS t{grouping}"

    def _aggregate(self, column: str, kind: str, config: dict[str, Any]) -> str:
        chosen = config["aggregates"].get(column) or ("sum" if kind in _NUMBERS else "count")
        name: str = chosen if isinstance(chosen, str) else chosen[0]
        arguments: Sequence[str] = () if isinstance(chosen, str) else chosen[1]
        quoted = self.quote(column)
        if name == "weighted mean" and len(arguments) == 1:
            weight = self.quote(arguments[0])
            return f"SUM({quoted} * {weight}) / NULLIF(SUM({weight}), 0)"
        template = self.aggregate_functions.get(name)
        if template is None:
            raise ValueError(f"Invalid aggregate '{name}' for column '{column}' found in View aggregates.")
        return template.replace("{}", quoted)

    # Reading

    def _read(self, view: _View, config: dict[str, Any]) -> None:
        groups, splits = config["group_by"], config["split_by"]
        if not groups and config["group_rollup_mode"] != "total":
            self._read_split_rows(view, config)
            return
        depths = range(len(groups) + 1) if config["group_rollup_mode"] == "rollup" else [len(groups)]
        limit = config.get("group_by_depth")
        rows: dict[tuple[Any, ...], dict[str, Any]] = {}
        totals: dict[tuple[Any, ...], dict[str, Any]] = {}
        headings: dict[tuple[Any, ...], None] = {}
        for depth in depths:
            if limit is not None and depth > limit and config["group_rollup_mode"] == "rollup":
                continue
            for path, _, row in self._groups(view.query, groups[:depth], [], config):
                totals[path] = row
                rows[path] = {} if splits else row
            if splits:
                for path, heading, row in self._groups(view.query, groups[:depth], splits, config):
                    headings[heading] = None
                    prefix = "|".join(_heading(value) for value in heading)
                    rows[path].update((f"{prefix}|{name}", row[name]) for name in view.schema)
        view.rows = [(path, rows[path]) for path in _tree_order(totals, config["sort"], depths[0] == 0)]
        kinds = self._schema(view.query)
        view.level_kinds = [kinds[name] for name in groups]
        self._name_splits(view, splits, headings)

    def _read_split_rows(self, view: _View, config: dict[str, Any]) -> None:
        splits = config["split_by"]
        headings: dict[tuple[Any, ...], None] = {}
        view.rows = []
        for row in self.query(view.query).to_pylist():
            heading = tuple(row[name] for name in splits)
            headings[heading] = None
            prefix = "|".join(_heading(value) for value in heading)
            view.rows.append(((), {f"{prefix}|{name}": row[name] for name in view.schema}))
        self._name_splits(view, splits, headings)

    def _name_splits(self, view: _View, splits: Sequence[str], headings: Mapping[tuple[Any, ...], None]) -> None:
        if splits:
            ordered = sorted(headings, key=lambda heading: [_key(value) for value in heading])
            prefixes = ["|".join(_heading(value) for value in heading) for heading in ordered]
            view.kinds = {f"{prefix}|{name}": kind for prefix in prefixes for name, kind in view.schema.items()}
            view.names = list(view.kinds)

    def _groups(
        self, source: str, groups: Sequence[str], splits: Sequence[str], config: dict[str, Any]
    ) -> list[tuple[tuple[Any, ...], tuple[Any, ...], dict[str, Any]]]:
        keys = list(dict.fromkeys([*groups, *splits]))
        found = self.query(self._aggregation(source, keys, config)).to_pylist()
        return [
            (
                tuple(row[self._level(name)] for name in groups),
                tuple(row[self._level(name)] for name in splits),
                row,
            )
            for row in found
        ]

    def _schema(self, sql: str) -> dict[str, str]:
        table = self.query(f"SELECT * FROM ({sql}) AS q LIMIT 0")
        return {field.name: arrow_kind(field.type) for field in table.schema if field.name != self.natural_order}

    def _count(self, sql: str) -> int:
        return int(self.query(f"SELECT COUNT(*) AS n FROM ({sql}) AS q").column("n")[0].as_py())


class SQLVirtualServer:
    """Makes sessions over one handler's data; it can be given to the websocket handlers' place of a server."""

    def __init__(self, make_handler: Callable[[], VirtualServerHandler]) -> None:
        self._make_handler = make_handler

    def new_session(self, callback: Callable[[bytes], object]) -> VirtualSession:
        """A session whose answers go to `callback`."""
        return VirtualSession(callback, self._make_handler())


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, (int, float)):
        return repr(int(value)) if float(value).is_integer() and abs(value) < 2**53 else repr(value)
    return "'" + str(value).replace("'", "''") + "'"


def _heading(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, dt.datetime):
        return value.isoformat(" ", "milliseconds")
    return str(value)


def _wire_value(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return (value if value.tzinfo else value.replace(tzinfo=dt.UTC)).timestamp() * 1000
    if isinstance(value, dt.date):
        return float((value - dt.date(1970, 1, 1)).days * 86_400_000)
    return value


def _key(value: Any) -> Any:
    return (0, 0) if value is None else (1, value)


def _tree_order(
    rows: Mapping[tuple[Any, ...], Mapping[str, Any]], sorts: Sequence[tuple[str, str]], has_total: bool
) -> list[tuple[Any, ...]]:
    """Paths in order: a parent before its children, siblings by the sorts and then by their keys."""
    active = [(column, *_DIRECTIONS[direction]) for column, direction in sorts if direction in _DIRECTIONS]
    children: dict[tuple[Any, ...], list[tuple[Any, ...]]] = {}
    for path in rows:
        children.setdefault(path[:-1] if has_total else (), []).append(path)

    def compare(left: tuple[Any, ...], right: tuple[Any, ...]) -> int:
        for column, sign, absolute in active:
            one, two = (
                None if value is None else abs(value) if absolute else value
                for value in (rows[left][column], rows[right][column])
            )
            if _key(one) != _key(two):
                return sign if _key(one) > _key(two) else -sign
        one_path, two_path = [_key(value) for value in left], [_key(value) for value in right]
        return (one_path > two_path) - (one_path < two_path)

    ordered: list[tuple[Any, ...]] = [()] if () in rows else []

    def descend(parent: tuple[Any, ...]) -> None:
        for path in sorted((item for item in children.get(parent, ()) if item), key=functools.cmp_to_key(compare)):
            ordered.append(path)
            if has_total:
                descend(path)

    descend(())
    return ordered
