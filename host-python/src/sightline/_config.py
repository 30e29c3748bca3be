"""View configs: keyword arguments to the wire's `ViewConfig`, and back to a dict.

Reading is strict, with the wording that programs written for perspective-python know. Dates, datetimes and numpy
scalars are accepted as filter operands, which the reference refuses.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ._exceptions import ConfigError
from ._proto import sightline_pb2 as pb

__all__ = ["COLUMN_TYPES", "config_to_dict", "read_expressions", "read_unsigned", "read_view_config", "scalar_value"]

COLUMN_TYPES = {
    pb.STRING: "string",
    pb.DATE: "date",
    pb.DATETIME: "datetime",
    pb.INTEGER: "integer",
    pb.FLOAT: "float",
    pb.BOOLEAN: "boolean",
}

_SORTS = {
    "none": pb.SORT_NONE,
    "desc": pb.SORT_DESC,
    "asc": pb.SORT_ASC,
    "col desc": pb.SORT_COL_DESC,
    "col asc": pb.SORT_COL_ASC,
    "desc abs": pb.SORT_DESC_ABS,
    "asc abs": pb.SORT_ASC_ABS,
    "col desc abs": pb.SORT_COL_DESC_ABS,
    "col asc abs": pb.SORT_COL_ASC_ABS,
}
_GROUP_ROLLUPS = {"rollup": pb.ROLLUP, "flat": pb.FLAT, "total": pb.TOTAL}
_SPLIT_ROLLUPS = {"flat": pb.SPLIT_ROLLUP_MODE_FLAT, "rollup": pb.SPLIT_ROLLUP_MODE_ROLLUP}
_FILTER_OPS = {"and": pb.ViewConfig.AND, "or": pb.ViewConfig.OR}
_FRAMES = ("rows", "range", "cumulative")
_EXACT_FLOAT = 2**53
_MAX_INTEGER = 2**64


def read_view_config(config: Mapping[str, Any]) -> pb.ViewConfig:
    """Turns keyword arguments of `Table.view` into the wire's message.

    Raises:
        ConfigError: an unknown key or an unknown value of an option.
        TypeError, ValueError, OverflowError: a value of the wrong type, length or size.
    """
    result = pb.ViewConfig()
    for key, value in config.items():
        read = _READERS.get(key)
        if read is None:
            raise _unknown_field(key, _READERS)
        if value is not None:
            read(result, value)
    return result


def read_expressions(value: Any) -> dict[str, str]:
    """Reads `{alias: text}`, or a list of texts each named by a leading `// name` line or else by itself."""
    mismatch = ConfigError("data did not match any variant of untagged enum ExpressionsDeserde")
    if isinstance(value, Mapping):
        if not all(isinstance(item, str) for pair in value.items() for item in pair):
            raise mismatch
        return dict(value)
    if isinstance(value, str) or not isinstance(value, Sequence) or not all(isinstance(item, str) for item in value):
        raise mismatch
    expressions = {}
    for text in value:
        first, separator, rest = text.partition("\n")
        if separator and first.startswith("//"):
            expressions[first.removeprefix("//").strip()] = rest
        else:
            expressions[text] = text
    return expressions


def read_unsigned(value: Any, name: str) -> int:
    """Checks an unsigned 32-bit argument.

    Raises:
        TypeError: not an integer. OverflowError: negative or too large.
    """
    if not hasattr(type(value), "__index__"):
        raise TypeError(f"'{type(value).__name__}' object cannot be interpreted as an integer (argument `{name}`)")
    number = int(value.__index__())
    if number < 0:
        raise OverflowError(f"number too small to fit in target type (argument `{name}`)")
    if number > 0xFFFFFFFF:
        raise OverflowError(f"number too large to fit in target type (argument `{name}`)")
    return number


def scalar_value(scalar: pb.Scalar) -> str | float | bool | None:
    """The Python value of a wire scalar."""
    kind = scalar.WhichOneof("scalar")
    if kind == "string":
        return scalar.string
    if kind == "float":
        return scalar.float
    if kind == "bool":
        return scalar.bool
    return None


def config_to_dict(config: pb.ViewConfig) -> dict[str, Any]:
    """The dict that `View.get_config` answers."""
    sorts = {number: text for text, number in _SORTS.items()}
    result: dict[str, Any] = {
        "group_by": list(config.group_by),
        "split_by": list(config.split_by),
        "sort": [(sort.column, sorts[sort.op]) for sort in config.sort],
        "filter": [(item.column, item.op, _operand(item.value)) for item in config.filter],
        "group_rollup_mode": _name_of(_GROUP_ROLLUPS, config.group_rollup_mode),
        "split_rollup_mode": _name_of(_SPLIT_ROLLUPS, config.split_rollup_mode),
    }
    if config.filter_op == pb.ViewConfig.OR:
        result["filter_op"] = "or"
    result["expressions"] = dict(config.expressions)
    result["columns"] = list(config.columns.columns.columns)
    result["aggregates"] = {name: _aggregate_value(item.aggregations) for name, item in config.aggregates.items()}
    if config.HasField("group_by_depth"):
        result["group_by_depth"] = config.group_by_depth
    if config.windows:
        result["windows"] = {name: _window_to_dict(spec) for name, spec in config.windows.items()}
    return result


def _name_of(names: Mapping[str, int], number: int) -> str:
    return next((name for name, value in names.items() if value == number), str(number))


def _operand(values: Sequence[pb.Scalar]) -> Any:
    items = [scalar_value(value) for value in values]
    return items[0] if len(items) == 1 else items


def _aggregate_value(parts: Sequence[str]) -> str | tuple[str, list[str]]:
    return parts[0] if len(parts) < 2 else (parts[0], parts[1].split(","))


def _window_to_dict(spec: pb.WindowSpec) -> dict[str, Any]:
    result: dict[str, Any] = {"column": spec.source, "aggregate": spec.op}
    if spec.partition_by:
        result["partition_by"] = list(spec.partition_by)
    if spec.HasField("order_by"):
        result["order_by"] = (spec.order_by.column, "desc" if spec.order_by.desc else "asc")
    frame = spec.WhichOneof("frame")
    if frame is not None:
        result[frame] = True if frame == "cumulative" else getattr(spec, frame)
    for name in ("offset", "alpha"):
        if spec.HasField(name):
            result[name] = getattr(spec, name)
    return result


# Readers, one per key. Each is given a value that is not None.


def _group_by(config: pb.ViewConfig, value: Any) -> None:
    config.group_by.extend(_strings(value, "group_by"))


def _split_by(config: pb.ViewConfig, value: Any) -> None:
    config.split_by.extend(_strings(value, "split_by"))


def _columns(config: pb.ViewConfig, value: Any) -> None:
    names = [value] if isinstance(value, str) else [name for name in _items(value, "columns") if name is not None]
    config.columns.columns.columns.extend(_strings(names, "columns"))
    config.columns.columns.SetInParent()


def _filter(config: pb.ViewConfig, value: Any) -> None:
    for item in _items(value, "filter"):
        column, op, operand = _tuple(item, 3)
        terms = list(operand) if _is_list(operand) else [operand]
        config.filter.add(
            column=_string(column, "filter"), op=_string(op, "filter"), value=[_scalar(term) for term in terms]
        )


def _filter_op(config: pb.ViewConfig, value: Any) -> None:
    config.filter_op = pb.ViewConfig.FilterReducer.ValueType(_variant(value, _FILTER_OPS))


def _sort(config: pb.ViewConfig, value: Any) -> None:
    for item in _items(value, "sort"):
        column, direction = _tuple(item, 2)
        op = pb.SortOp.ValueType(_variant(direction, _SORTS))
        config.sort.add(column=_string(column, "sort"), op=op)


def _expressions(config: pb.ViewConfig, value: Any) -> None:
    config.expressions.update(read_expressions(value))


def _aggregates(config: pb.ViewConfig, value: Any) -> None:
    for column, aggregate in _mapping(value, "aggregates").items():
        config.aggregates[_string(column, "aggregates")].aggregations.extend(_aggregate(aggregate))


def _aggregate(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if _is_list(value) and len(value) == 2 and isinstance(value[0], str) and _is_list(value[1]):
        name, columns = value
        if all(isinstance(column, str) for column in columns):
            return [name, ",".join(columns)]
    raise ConfigError("data did not match any variant of untagged enum Aggregate")


def _group_by_depth(config: pb.ViewConfig, value: Any) -> None:
    config.group_by_depth = read_unsigned(value, "group_by_depth")


def _group_rollup_mode(config: pb.ViewConfig, value: Any) -> None:
    config.group_rollup_mode = pb.GroupRollupMode.ValueType(_variant(value, _GROUP_ROLLUPS))


def _split_rollup_mode(config: pb.ViewConfig, value: Any) -> None:
    config.split_rollup_mode = pb.SplitRollupMode.ValueType(_variant(value, _SPLIT_ROLLUPS))


def _windows(config: pb.ViewConfig, value: Any) -> None:
    for alias, spec in _mapping(value, "windows").items():
        _window(config.windows[_string(alias, "windows")], _mapping(spec, "windows"))


def _window(result: pb.WindowSpec, spec: Mapping[str, Any]) -> None:
    for key in spec:
        if key not in _WINDOW_KEYS:
            raise _unknown_field(key, _WINDOW_KEYS)
    for key in ("column", "aggregate"):
        if key not in spec:
            raise ConfigError(f"missing field `{key}`")
    given = {key: value for key, value in spec.items() if value is not None}
    if sum(frame in given for frame in _FRAMES) > 1:
        raise ConfigError("`rows`, `range` and `cumulative` are mutually exclusive")
    result.source = _string(spec["column"], "windows")
    result.op = _string(spec["aggregate"], "windows")
    result.partition_by.extend(_strings(given.get("partition_by", ()), "partition_by"))
    if "order_by" in given:
        column, direction = _tuple(given["order_by"], 2)
        result.order_by.column = _string(column, "order_by")
        result.order_by.desc = bool(_variant(direction, {"asc": 0, "desc": 1}))
    if "rows" in given:
        result.rows = read_unsigned(given["rows"], "rows")
    if "range" in given:
        result.range = _real(given["range"], "range")
    if "cumulative" in given:
        if given["cumulative"] is not True:
            raise ConfigError("`cumulative` must be `true` when present")
        result.cumulative = 0  # type: ignore[assignment]
    if "offset" in given:
        result.offset = read_unsigned(given["offset"], "offset")
    if "alpha" in given:
        result.alpha = _real(given["alpha"], "alpha")


_WINDOW_KEYS = (
    "column",
    "aggregate",
    "partition_by",
    "order_by",
    "rows",
    "range",
    "cumulative",
    "offset",
    "alpha",
)

_READERS: dict[str, Callable[[pb.ViewConfig, Any], None]] = {
    "group_by": _group_by,
    "split_by": _split_by,
    "columns": _columns,
    "filter": _filter,
    "sort": _sort,
    "expressions": _expressions,
    "windows": _windows,
    "aggregates": _aggregates,
    "group_by_depth": _group_by_depth,
    "filter_op": _filter_op,
    "group_rollup_mode": _group_rollup_mode,
    "split_rollup_mode": _split_rollup_mode,
}


# Values


def _scalar(value: Any) -> pb.Scalar:
    """One filter operand. Integers that a double cannot hold travel as text, which the engine reads exactly."""
    if type(value).__module__ == "numpy" and hasattr(value, "item"):
        value = value.item()
    if value is None:
        return pb.Scalar(null=0)  # type: ignore[arg-type]
    if isinstance(value, bool):
        return pb.Scalar(bool=value)
    if isinstance(value, int):
        if abs(value) > _MAX_INTEGER:
            raise ConfigError(f"invalid type: integer `{value}` as u128, expected any value")
        return pb.Scalar(string=str(value)) if abs(value) > _EXACT_FLOAT else pb.Scalar(float=float(value))
    if isinstance(value, float):
        return pb.Scalar(float=value)
    if isinstance(value, str):
        return pb.Scalar(string=value)
    if isinstance(value, bytes):
        return pb.Scalar(string=value.decode())
    if isinstance(value, dt.datetime):
        moment = value if value.tzinfo else value.replace(tzinfo=dt.UTC)
        return pb.Scalar(float=float(round(moment.timestamp() * 1000)))
    if isinstance(value, dt.date):
        return pb.Scalar(string=value.isoformat())
    if isinstance(value, Mapping):
        raise ConfigError("data did not match any variant of untagged enum FilterTerm")
    raise TypeError(f"unsupported type {type(value).__name__} (in `filter`)")


def _real(value: Any, name: str) -> float:
    if isinstance(value, str) or not (hasattr(value, "__float__") or hasattr(value, "__index__")):
        raise TypeError(f"must be real number, not {type(value).__name__} (in `{name}`)")
    number = float(value)
    if math.isnan(number):
        raise ConfigError(f"`{name}` must be a number, not NaN")
    return number


def _string(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise TypeError(f"unexpected type: '{type(value).__name__}' object is not an instance of 'str' (in `{name}`)")
    return value


def _strings(value: Any, name: str) -> list[str]:
    return [value] if isinstance(value, str) else [_string(item, name) for item in _items(value, name)]


def _items(value: Any, name: str) -> Iterable[Any]:
    """The items of a list-like value; a text is one too, as it is for the reference."""
    if isinstance(value, (str, Sequence)) or hasattr(value, "__array__"):
        return list(value)
    raise TypeError(f"unexpected type: '{type(value).__name__}' object is not an instance of 'Sequence' (in `{name}`)")


def _mapping(value: Any, name: str) -> Mapping[Any, Any]:
    if not isinstance(value, Mapping):
        raise TypeError(
            f"unexpected type: '{type(value).__name__}' object is not an instance of 'Mapping' (in `{name}`)"
        )
    return value


def _tuple(value: Any, size: int) -> Sequence[Any]:
    if not isinstance(value, Sequence):
        raise TypeError(f"unexpected type: '{type(value).__name__}' object is not an instance of 'Sequence'")
    if len(value) != size:
        raise ValueError(f"expected sequence of length {size}, got {len(value)}")
    return value


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))


def _variant(value: Any, names: Mapping[str, int]) -> int:
    if not isinstance(value, str):
        raise TypeError("expected either a str or dict for enum")
    if value not in names:
        raise ConfigError(f"unknown variant `{value}`, expected {_one_of(names)}")
    return names[value]


def _unknown_field(key: str, names: Iterable[str]) -> ConfigError:
    return ConfigError(f"unknown field `{key}`, expected {_one_of(names)}")


def _one_of(names: Iterable[str]) -> str:
    quoted = [f"`{name}`" for name in names]
    return " or ".join(quoted) if len(quoted) <= 2 else "one of " + ", ".join(quoted)
