"""Builders for scenarios.

A scenario is plain JSON-able data: a name and a list of steps that create tables and views, call their methods and
collect what they answer. Because it is data, it can be sent to another process, stored, generated and shrunk. The
functions here only save typing; `interpreter` gives them their meaning.

Table input is written as a tagged value, because JSON cannot say "Arrow" or "pandas": see `inputs`.
"""

from __future__ import annotations

from typing import Any

Step = dict[str, Any]
Scenario = dict[str, Any]


def scenario(name: str, *steps: Step | list[Step], **extra: Any) -> Scenario:
    """A named list of steps; a step given as a list is spliced in."""
    flat: list[Step] = []
    for step in steps:
        flat.extend(step if isinstance(step, list) else [step])
    return {"name": name, "steps": flat, **extra}


def table(data: Any, *, name_as: str = "t", **options: Any) -> Step:
    """`client.table(data, **options)`, known to later steps as `name_as`."""
    return {"do": "table", "as": name_as, "data": data, "options": options}


def view(*, name_as: str = "v", on: str = "t", **config: Any) -> Step:
    """`table.view(**config)`, known to later steps as `name_as`."""
    return {"do": "view", "as": name_as, "on": on, "config": config}


def call(on: str, method: str, *args: Any, **kwargs: Any) -> Step:
    """A method call on a table, a view or `client`; its answer, unless None, is an output of the scenario."""
    return {"do": "call", "on": on, "method": method, "args": list(args), "kwargs": kwargs}


def read(method: str, *args: Any, on: str = "v", **kwargs: Any) -> Step:
    """A method call on a view (`v` unless told otherwise)."""
    return call(on, method, *args, **kwargs)


def update(data: Any, on: str = "t", **kwargs: Any) -> Step:
    """`table.update(data)`."""
    return call(on, "update", data, **kwargs)


def remove(keys: Any, on: str = "t", **kwargs: Any) -> Step:
    """`table.remove(keys)`."""
    return call(on, "remove", keys, **kwargs)


def join(left: str, right: str, on: str, *args: Any, name_as: str = "j", **kwargs: Any) -> Step:
    """`client.join(left, right, on, ...)` of two known tables."""
    return {"do": "join", "as": name_as, "left": left, "right": right, "on": on, "args": list(args), "kwargs": kwargs}


def listen(event: str = "on_update", *, on: str = "v", name_as: str = "heard", **kwargs: Any) -> Step:
    """Registers a callback that remembers the arguments of each call."""
    return {"do": "listen", "as": name_as, "on": on, "event": event, "kwargs": kwargs}


def heard(of: str = "heard") -> Step:
    """An output: the arguments of the calls since the last look."""
    return {"do": "heard", "of": of}


def unlisten(method: str = "remove_update", *, on: str = "v", of: str = "heard") -> Step:
    """Takes a callback away again."""
    return {"do": "unlisten", "of": of, "on": on, "method": method}


def differs(step: Step, expected: Any, why: str) -> Step:
    """The step answers `expected` rather than what the reference answers, for a reason that is written down."""
    return {**step, "expect": expected, "why": why}


def raises(text: str = "") -> dict[str, Any]:
    """An expected error, for `differs`: any exception whose message contains `text`."""
    return {"$raises": text}


def unstable(step: Step, why: str) -> Step:
    """The step must succeed, but its value is not compared (time, chance, memory...)."""
    return {**step, "unstable": why}


def rows(*keys: str, of: list[list[Any]]) -> list[dict[str, Any]]:
    """Rows JSON from a header and lists of values."""
    return [dict(zip(keys, row, strict=True)) for row in of]


def grid(name: str, data: Any, *, options: dict[str, Any] | None = None, **config: Any) -> Scenario:
    """The most common shape: a table, a view over it, its values and its types."""
    return scenario(name, table(data, **(options or {})), view(**config), read("to_columns"), read("schema"))


# Table inputs -------------------------------------------------------------------------------------------------------


def csv(text: str) -> dict[str, Any]:
    """CSV text."""
    return {"$csv": text}


def text(value: str) -> dict[str, Any]:
    """Text that is given to the module as it is; the format is named in the options."""
    return {"$text": value}


def schema(**types: str) -> dict[str, Any]:
    """A table schema."""
    return {"$schema": types}


def arrow(*fields: tuple[str, str, list[Any]], **options: Any) -> dict[str, Any]:
    """Arrow IPC bytes from (name, type, values); options `file`, `compression`, `batch_rows`."""
    return {"$arrow": {"fields": [list(field) for field in fields], **options}}


def frame(kind: str, *fields: tuple[str, str, list[Any]], **options: Any) -> dict[str, Any]:
    """A `pyarrow`, `pandas`, `polars` or `lazy` (polars) data frame from (name, Arrow type, values)."""
    return {f"${kind}": {"fields": [list(field) for field in fields], **options}}
