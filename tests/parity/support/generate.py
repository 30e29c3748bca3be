"""Makes random scenarios: a table, views with random configs, updates, and reads after each change.

A seed gives the same scenario everywhere. What is made stays where the reference can be trusted, so that every
difference counts:

- Nulls come in with the table or by leaving a cell out, never as an explicit null in an update (the reference knows two
  kinds of null); columns that hold nulls get no aggregate, window or sort in which the reference lets null win.
- Numbers are multiples of a quarter and small, so that sums are exact in any order.
- `high` and `low` are left out (live water marks), as is text that looks like something else.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

from . import steps
from .steps import Scenario, Step

WORDS = ["East", "West", "east", "Ost", "", "a b", "äöü", "日本", "🙂", "x,y", 'q"q', "zz top", "Überall"]
DAYS = ["2020-01-01", "2020-01-02", "2020-02-29", "1969-12-31", "2021-12-31", "2020-02-01"]
TIMES = ["2020-01-01 10:00:00.000", "2020-01-01 10:00:00.250", "2020-01-01 11:30:00.000", "1969-12-31 23:59:59.500", "2021-03-04 05:06:07.089"]

COLUMNS = {
    "i": "integer", "j": "integer", "f": "float", "g": "float", "s": "string", "t": "string", "b": "boolean", "d": "date", "at": "datetime",
}  # fmt: skip
ARROW_TYPES = {
    "integer": ["int32", "int64", "int16"], "float": ["float64"], "string": ["string", "dictionary<int32;string>"], "boolean": ["bool"],
}  # fmt: skip

ANY = ["count", "distinct count", "first", "last", "last by index", "dominant", "unique"]
NUMBER = ["sum", "sum not null", "abs sum", "sum abs", "avg", "mean", "stddev", "var", "pct sum parent", "pct sum total"]
NO_NULLS_ANY = ["any", "distinct leaf", "median", "q1", "q3"]
NO_NULLS_NUMBER = ["min", "max", "high minus low", "mul", "last minus first"]
AGGREGATES: dict[str, tuple[list[str], list[str]]] = {
    "integer": (ANY + NUMBER, NO_NULLS_ANY + NO_NULLS_NUMBER),
    "float": (ANY + NUMBER, NO_NULLS_ANY + NO_NULLS_NUMBER),
    "string": ([*ANY, "join"], [*NO_NULLS_ANY, "min", "max"]),
    "boolean": ([*ANY, "and", "or"], ["any"]),
    "date": (ANY, [*NO_NULLS_ANY, "min", "max"]),
    "datetime": (ANY, [*NO_NULLS_ANY, "min", "max"]),
}

# alias -> (text, type, the columns it needs)
EXPRESSIONS: dict[str, tuple[str, str, list[str]]] = {
    "e_sum": ('"f" + "g"', "float", ["f", "g"]),
    "e_scaled": ('"f" * 2 - 1', "float", ["f"]),
    "e_ratio": ('"f" / 4', "float", ["f"]),
    "e_choice": ('if ("i" > 0) 1; else 2;', "float", ["i"]),
    "e_positive": ('"f" > 0', "boolean", ["f"]),
    "e_bucket": ('bucket("i", 3)', "float", ["i"]),
    "e_month": ("bucket(\"d\", 'M')", "date", ["d"]),
    "e_hour": ("hour_of_day(\"at\")", "float", ["at"]),
    "e_day": ("day_of_week(\"d\")", "string", ["d"]),
    "e_pair": ("concat(\"s\", '-', \"t\")", "string", ["s", "t"]),
    "e_length": ('length("t")', "float", ["t"]),
    "e_null": ('is_null("s")', "boolean", ["s"]),
    "e_match": ("match(\"s\", '[A-Z]')", "boolean", ["s"]),
    "e_round": ('floor("f") + ceil("g")', "float", ["f", "g"]),
}

# Frames of window columns; the order is by a column without nulls.
FRAMES: list[dict[str, Any]] = [{}, {"rows": 0}, {"rows": 2}, {"rows": 7}, {"cumulative": True}]


@dataclass
class Maker:
    """The choices of one scenario."""

    seed: int
    n_rows: int = 0
    random: random.Random = field(init=False)
    columns: list[str] = field(init=False)
    nullable: set[str] = field(init=False)
    index: str | None = field(init=False)
    limit: int | None = field(init=False)
    next_key: int = 0
    n_views: int = 1
    removed: bool = False  # Whether keys handed out may be gone from the table.

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        pick = self.random
        self.columns = pick.sample(list(COLUMNS), pick.randint(3, len(COLUMNS)))
        self.nullable = {name for name in self.columns if pick.random() < 0.35}
        mode = pick.choice(["index", "index", "plain", "plain", "limit"])
        self.index = "k" if mode == "index" else None
        self.limit = pick.randint(1, 30) if mode == "limit" else None
        self.n_rows = self.n_rows or pick.choice([0, 1, 2, 5, 12, 30, 60])

    # Values -----------------------------------------------------------------------------------------------------------

    def value(self, name: str) -> Any:
        pick = self.random
        match COLUMNS[name]:
            case "integer":
                return pick.randint(-9, 9) if name == "i" else pick.choice([0, 1, 2, 1000, -1000])
            case "float":
                return pick.randint(-40, 40) / 4 if name == "f" else pick.choice([0.25, 1.5, -2.0, 8.0])
            case "string":
                return pick.choice(WORDS[:4] if name == "s" else WORDS)
            case "boolean":
                return pick.random() < 0.5
            case "date":
                return pick.choice(DAYS)
            case _:
                return pick.choice(TIMES)

    def row(self, new: bool = True) -> dict[str, Any]:
        """A row in full, but for the cells that may be null."""
        row: dict[str, Any] = {}
        if self.index:
            if new or not self.next_key:
                self.next_key += 1
                row["k"] = self.next_key * 7 % 1009
            else:
                row["k"] = self.random.randint(1, self.next_key) * 7 % 1009
        for name in self.columns:
            if name not in self.nullable or self.random.random() < 0.7:
                row[name] = self.value(name)
        return row

    def fields(self) -> list[str]:
        return (["k"] if self.index else []) + self.columns

    def kind(self, name: str) -> str:
        return "integer" if name == "k" else COLUMNS[name]

    # Tables and changes -----------------------------------------------------------------------------------------------

    def table(self) -> list[Step]:
        pick = self.random
        options: dict[str, Any] = {}
        if self.index:
            options["index"] = self.index
        if self.limit:
            options["limit"] = self.limit
        rows = [self.row() for _ in range(self.n_rows)]
        types = {name: self.kind(name) for name in self.fields()}
        first = [steps.table({"$schema": types}, **options)]
        form = pick.choice(["schema", "schema", "arrow"])
        if form == "arrow" and all(self.kind(name) in ARROW_TYPES for name in self.fields()):
            kinds = {name: "int64" if name == "k" else pick.choice(ARROW_TYPES[self.kind(name)]) for name in self.fields()}
            data = [(name, kinds[name], [row.get(name) for row in rows]) for name in self.fields()]
            return [steps.table(steps.arrow(*data), **options)]
        return first + ([steps.update(rows)] if rows else [])

    def change(self) -> Step:
        pick = self.random
        choices = ["append", "append", "upsert", "upsert", "partial"] + (["remove", "remove"] if self.index else [])
        match pick.choice([*choices, "rare"]):
            case "append":
                return steps.update([self.row() for _ in range(pick.randint(1, 6))])
            case "upsert":
                return steps.update([self.row(new=False) for _ in range(pick.randint(1, 6))])
            case "partial":
                rows = []
                for _ in range(pick.randint(1, 4)):
                    row = self.row(new=False)
                    # A cell that cannot be null must be there in a row that may be new.
                    kept = {name: value for name, value in row.items() if name == "k" or name in self.nullable or not self.index or pick.random() < 0.5}
                    rows.append(kept if self.index and self.knows(row) else row)
                return steps.update(rows)
            case "remove":
                keys = [pick.randint(1, self.next_key + 2) * 7 % 1009 for _ in range(pick.randint(1, 4))]
                self.removed = True
                return steps.remove(keys)
            case _ if self.n_views > 1:
                return steps.update([self.row()])
            case _:
                self.removed = True
                if pick.random() < 0.5:
                    return steps.call("t", "clear")
                return steps.call("t", "replace", [self.row() for _ in range(pick.randint(1, 8))])

    def knows(self, row: dict[str, Any]) -> bool:
        """Whether the key of a row is surely in the table, so that cells may be left out."""
        return bool(self.index) and not self.removed and bool(self.next_key) and row["k"] != self.next_key * 7 % 1009

    # Views ------------------------------------------------------------------------------------------------------------

    def config(self) -> dict[str, Any]:
        pick = self.random
        config: dict[str, Any] = {}
        usable = {name: COLUMNS[name] for name in self.columns}
        nullable = set(self.nullable)
        expressions = {name: spec for name, spec in EXPRESSIONS.items() if set(spec[2]) <= set(self.columns)}
        for name in pick.sample(list(expressions), min(len(expressions), pick.choice([0, 0, 1, 2]))):
            text, kind, needs = expressions[name]
            config.setdefault("expressions", {})[name] = text
            usable[name] = kind
            if nullable & set(needs):
                nullable.add(name)
        names = list(usable)
        for key, chance in [("group_by", 0.65), ("split_by", 0.35)]:
            if pick.random() < chance:
                config[key] = pick.sample(names, min(len(names), pick.choice([1, 1, 2, 3] if key == "group_by" else [1, 1, 2])))
        if pick.random() < 0.2 and (sources := [name for name in self.columns if name not in nullable]):
            config["windows"], kinds = self.windows(sources)
            usable.update(kinds)
            names = list(usable)
            nullable.update(name for name in kinds)
        if "split_by" in config and "group_by" not in config:
            # The reference shows 0.0 for a null float in a view that is only split.
            names = [name for name in names if not (usable[name] == "float" and name in nullable)] or ["i"]
            config["split_by"] = [name for name in config["split_by"] if name in names] or names[:1]
        shown = pick.sample(names, pick.randint(1, min(4, len(names))))
        if "i" in names or "i" in usable:
            config["columns"] = shown
        else:
            config["columns"] = shown
        if pick.random() < 0.45:
            config["filter"] = [self.filter(name, usable[name]) for name in pick.sample(names, pick.choice([1, 1, 2]) if len(names) > 1 else 1)]
            if pick.random() < 0.4:
                config["filter_op"] = pick.choice(["and", "or"])
        grouped = "group_by" in config
        if grouped:
            aggregates = {}
            for name in shown:
                always, without_nulls = AGGREGATES[usable[name]]
                if pick.random() < 0.7:
                    aggregates[name] = pick.choice(always if name in nullable else always + without_nulls)
            if aggregates:
                config["aggregates"] = aggregates
            if pick.random() < 0.2:
                config["group_rollup_mode"] = pick.choice(["rollup", "flat", "flat"])
            if pick.random() < 0.15:
                config["group_by_depth"] = pick.randint(0, 3)
            if "split_by" in config and pick.random() < 0.2:
                config["split_rollup_mode"] = "rollup"
        if pick.random() < 0.45:
            config["sort"] = self.sorts(config, shown, usable, nullable)
            if not config["sort"]:
                del config["sort"]
        return config

    def windows(self, sources: list[str]) -> tuple[dict[str, Any], dict[str, str]]:
        """A window column over one of the sources, and its type."""
        pick = self.random
        source = pick.choice(sources)
        number = COLUMNS[source] in ("integer", "float")
        operation = pick.choice(["sum", "avg", "count", "min", "max", "diff", "lag", "lead"] if number else ["count", "lag", "lead"])
        spec: dict[str, Any] = {"column": source, "aggregate": operation}
        if operation in ("lag", "lead", "diff"):
            spec["offset"] = pick.randint(0, 3)
        else:
            spec |= pick.choice(FRAMES)
        if pick.random() < 0.5:
            spec["partition_by"] = [pick.choice(self.columns)]
        if pick.random() < 0.6:
            spec["order_by"] = [pick.choice(sources), pick.choice(["asc", "desc"])]
        kind = "float" if operation in ("sum", "avg", "diff") else "integer" if operation == "count" else COLUMNS[source]
        return {"w": spec}, {"w": kind}

    def filter(self, name: str, kind: str) -> list[Any]:
        pick = self.random
        if pick.random() < 0.12:
            return [name, pick.choice(["is null", "is not null"]), None]
        sample = name if name in COLUMNS else next(column for column in COLUMNS if COLUMNS[column] == kind)
        value = self.value(sample)
        if kind == "boolean":
            return [name, pick.choice(["==", "!="]), value]
        if kind == "string" and pick.random() < 0.4:
            return [name, pick.choice(["contains", "begins with", "ends with", "not contains"]), pick.choice(["E", "st", "a", "ü", "o", ""])]
        if pick.random() < 0.25 and kind in ("integer", "string"):
            return [name, pick.choice(["in", "not in"]), [self.value(sample) for _ in range(pick.randint(1, 3))]]
        return [name, pick.choice(["==", "!=", ">", "<", ">=", "<="]), value]

    def sorts(self, config: dict[str, Any], shown: list[str], usable: dict[str, str], nullable: set[str]) -> list[list[str]]:
        pick = self.random
        grouped, split = "group_by" in config, "split_by" in config
        choices = [name for name in shown if not grouped or config.get("aggregates", {}).get(name) not in ("join", "unique", "distinct leaf", "stddev", "var")]
        sorts = []
        for name in pick.sample(choices, min(len(choices), pick.choice([1, 1, 2]))):
            number = usable[name] in ("integer", "float")
            directions = ["asc", "desc"] + (["asc abs", "desc abs"] if number and not grouped else [])
            if split and grouped and number and pick.random() < 0.3:
                directions = ["col asc", "col desc"]
            sorts.append([name, pick.choice(directions)])
        return sorts

    # Scenarios --------------------------------------------------------------------------------------------------------

    def reads(self, view: str, full: bool) -> list[Step]:
        found = [steps.read("to_columns", on=view)]
        if full:
            found += [steps.read(method, on=view) for method in ("schema", "num_rows", "num_columns", "column_paths", "to_csv", "to_arrow")]
        elif self.random.random() < 0.3:
            method = self.random.choice(["to_json", "to_csv", "dimensions", "column_paths", "to_arrow"])
            found.append(steps.read(method, on=view))
        elif self.random.random() < 0.2:
            found.append(steps.read("to_columns", on=view, start_row=1, end_row=4, start_col=0, end_col=2))
        return found

    def scenario(self, n_changes: int | None = None, n_views: int | None = None) -> Scenario:
        pick = self.random
        # The reference deadlocks when several grouped views stand on a table that was empty.
        self.n_views = n_views or (pick.choice([1, 1, 2, 3]) if self.n_rows else 1)
        made = self.table()
        views = [f"v{number}" for number in range(self.n_views)]
        made += [steps.view(name_as=name, **self.config()) for name in views]
        for name in views:
            made += self.reads(name, full=True)
        for _ in range(n_changes if n_changes is not None else pick.choice([0, 1, 3, 6])):
            made.append(self.change())
            if pick.random() < 0.7:
                for name in views:
                    made += self.reads(name, full=False)
        for name in views:
            made += self.reads(name, full=True)
        return steps.scenario(f"random/{self.seed}", *made)

    def deltas(self) -> Scenario:
        """Flat views that listen for deltas while the table changes; the views are live in both modules."""
        self.n_rows = max(self.n_rows, 1)
        self.n_views = 2
        made = self.table()
        for name in ("v0", "v1"):
            config = self.config()
            flat = {key: config[key] for key in ("columns", "filter", "filter_op", "expressions") if key in config}
            shown = [name for name in config["columns"] if name != "w"]
            flat["columns"] = shown or self.columns[:1]
            flat["filter"] = [item for item in config.get("filter", []) if item[0] != "w"]
            if sort := [item for item in config.get("sort", []) if not item[1].startswith("col") and item[0] != "w"]:
                flat["sort"] = sort
            made += [steps.view(name_as=name, **flat), steps.listen(on=name, name_as=f"heard {name}", mode="row")]
        for _ in range(self.random.choice([1, 3, 6])):
            made += [self.change(), *(steps.heard(f"heard {name}") for name in ("v0", "v1"))]
        return steps.scenario(f"deltas/{self.seed}", *made)


def make(seed: int) -> Scenario:
    """The scenario of a seed."""
    return Maker(seed).scenario()
