"""Updates: coercion to the column's type, index, limit, `__INDEX__`, remove, replace, clear, ports (semantics 1.7 and 2)."""

from __future__ import annotations

import json
from typing import Any

from ..support.steps import (
    Scenario,
    arrow,
    call,
    csv,
    differs,
    heard,
    listen,
    raises,
    read,
    remove,
    scenario,
    schema,
    table,
    text,
    update,
    view,
)  # fmt: skip

KINDS = ["integer", "float", "string", "boolean", "date", "datetime"]
STRICT = "a value that does not fit the column is refused, not turned into something else"
WIDE = "integers are 64 bits wide: nothing wraps"

# Values given by update to a column of each type, in three forms.
VALUES: dict[str, list[Any]] = {
    "integer": [7, 3.9, -3.9, "12", "-5", None, True, "abc", "", "1.5", [1, 2], {"a": 1}],
    "float": [7, 2.5, "2.5", "1e3", None, True, [1.5]],
    "string": ["x", 5, 1.5, 1e21, 0.1, True, None, "", "ä日🙂", [1], {"a": 1}],
    "boolean": [True, False, 0, 1, "true", "false", None, "maybe"],
    "date": ["2020-01-02", "2020/01/02", "01/02/2020", "2020-01-02 10:00:00", 1577923200000, 1577966400000, -1, 0, None, "x", "20200102"],
    "datetime": ["2020-01-02 10:00:00", "2020-01-02T10:00:00Z", "2020-01-02T10:00:00+02:00", "2020-01-02T10:00:00.123456Z",
                 "2020/01/02 10:00:00", "01/02/2020 10:00:00", "01/02/2020", "1/2/2020, 3:04:05 PM", "2020-01-02 10:00", "2020-01-02",
                 "2020-01-02T10:00:00-0500", 1577959200123, 1577959200123.9, -1, 0, None, "x", "Thu, 02 Jan 2020 10:00:00 GMT",
                 "Jan 2 2020", "20200102T030405", "1577959200123"],
}  # fmt: skip


def coerced(kind: str, number: int, value: Any) -> Scenario:
    return scenario(
        f"coerce/{kind}/{number:02} {json.dumps(value, ensure_ascii=False).replace('/', '-')}", table(schema(k="integer", a=kind)), view(),
        update([{"k": 1, "a": value}]), read("to_columns"), call("t", "size"),
        update({"k": [2], "a": [value]}), read("to_columns"),
    )


COERCE = [coerced(kind, number, value) for kind, values in VALUES.items() for number, value in enumerate(values)] + [
    scenario(f"coerce/exact/{name}", table(schema(a=kind)), view(), differs(update([{"a": value}]), effect[0], effect[2]),
             differs(read("to_columns"), {"a": effect[1]}, effect[2]))
    for name, kind, value, effect in [
        ("integer_3e9", "integer", 3000000000, (None, [3000000000], WIDE)),
        ("integer_2_31", "integer", 2147483648, (None, [2147483648], WIDE)),
        ("integer_2_53_plus_1", "integer", 9007199254740993, (None, [9007199254740993], WIDE)),
        ("float_text", "float", "x", (raises(), [], STRICT)),
        ("date_30_february", "date", "2020-02-30", (raises(), [], STRICT)),
        ("date_month_13", "date", "13/02/2020", (raises(), [], STRICT)),
    ]
] + [
    scenario(f"csv/{kind}/{number}", table(schema(k="integer", a=kind)), view(), update(csv(f"k,a\n1,{value}\n")), read("to_columns"), texts=False)
    for kind, values in {
        "integer": ["7", "", "foo", "1.5"], "float": ["7", "2.5", "", "foo"], "string": ["x", "5", "", "true"],
        "boolean": ["true", "false", "", "maybe"], "date": ["2020-01-02", ""], "datetime": ["2020-01-02 10:00:00", "2020-01-02", ""],
    }.items()
    for number, value in enumerate(values)
] + [
    scenario(f"arrow/{kind}/{given}", table(schema(k="integer", a=kind)), view(), update(arrow(("k", "int32", [1, 2]), ("a", given, values))),
             read("to_columns"))
    for kind, given, values in [
        ("integer", "int64", [5, 6]), ("integer", "int8", [5, None]), ("integer", "float64", [3.9, -3.9]), ("integer", "uint16", [5, 6]),
        ("float", "int32", [5, 6]), ("float", "float32", [0.5, None]), ("float", "int64", [5, None]),
        ("string", "string", ["x", "y"]), ("string", "dictionary<int8;string>", ["x", "x"]), ("string", "large_string", ["x", "y"]),
        ("boolean", "bool", [True, False]), ("date", "date32", [1, 18262]), ("datetime", "timestamp[ms]", [1, 1577836800123]),
        ("datetime", "timestamp[us]", [1000, 1577836800123456]), ("datetime", "timestamp[ns;UTC]", [0, 1577836800123456789]),
        ("string", "int32", [5, 6]), ("boolean", "int32", [0, 1]), ("date", "timestamp[ms]", [0, 1]), ("datetime", "date32", [1, 2]),
        ("integer", "string", ["1", "2"]),
    ]
]  # fmt: skip

KEYED = schema(k="string", x="integer", y="float")


def keyed(name: str, *steps: Any, data: Any = None, index: str = "k") -> Scenario:
    start = data if data is not None else [{"k": "b", "x": 1, "y": 1.5}, {"k": "a", "x": 2, "y": 2.5}, {"k": "c", "x": 3, "y": 3.5}]
    return scenario(f"index/{name}", table(start, index=index), view(), *steps, read("to_columns"), call("t", "size"))


INDEX = [
    keyed("ascending_order"),
    keyed("upsert", update([{"k": "a", "x": 20, "y": 0.5}])),
    keyed("partial_row", update([{"k": "a", "x": 20}])),
    keyed("partial_columns", update({"k": ["a", "c"], "y": [9.5, 8.5]})),
    keyed("explicit_null", update([{"k": "a", "x": None}])),
    keyed("insert", update([{"k": "aa", "x": 20, "y": 0.5}])),
    keyed("insert_partial", update([{"k": "d", "x": 20}])),
    keyed("duplicates_in_batch", update([{"k": "z", "x": 1}, {"k": "z", "y": 2.0}])),
    keyed("duplicates_later_wins", update([{"k": "z", "x": 1}, {"k": "z", "x": 2}])),
    keyed("duplicates_then_null", update([{"k": "z", "x": 1}, {"k": "z", "x": None}])),
    keyed("duplicates_in_constructor", data=[{"k": "a", "x": 1}, {"k": "b", "x": 2}, {"k": "a", "x": 3}]),
    keyed("duplicates_merge_in_constructor", data=[{"k": "a", "x": 1, "y": 1.5}, {"k": "b", "x": 2, "y": 0.5}, {"k": "a", "x": 3}]),
    keyed("missing_key", update([{"x": 9}]), update([{"y": 9.5}])),
    keyed("null_key", update([{"k": None, "x": 9}])),
    keyed("remove_null_key", update([{"k": None, "x": 9}]), remove([None])),
    keyed("remove", remove(["a"])),
    keyed("remove_several", remove(["a", "c"])),
    keyed("remove_unknown", remove(["zz"])),
    keyed("remove_none", remove([])),
    keyed("remove_all", remove(["a", "b", "c"])),
    keyed("remove_and_insert", remove(["a"]), update([{"k": "a", "x": 100}])),
    keyed("remove_twice", remove(["a"]), remove(["a"])),
    keyed("remove_then_partial", remove(["a"]), update([{"k": "a", "y": 1.0}])),
    keyed("remove_arrow", remove(arrow(("k", "string", ["a", "b"])))),
    keyed("unicode_keys", update([{"k": k, "x": 1} for k in ["ä", "日", "Z", "", " "]])),
    keyed("integer_keys", data=[{"k": 10, "x": 1}, {"k": -1, "x": 2}, {"k": 3, "x": 3}]),
    keyed("integer_keys_update", update([{"k": 3, "x": 30}, {"k": 4, "x": 4}]), remove([10]), data=[{"k": 10, "x": 1}, {"k": -1, "x": 2}, {"k": 3, "x": 3}]),
    keyed("float_keys", update([{"k": 1.5, "x": 9}]), data=[{"k": 1.5, "x": 1}, {"k": -0.5, "x": 2}]),
    keyed("date_keys", update([{"k": "2020-01-01", "x": 9}]), data=[{"k": "2020-01-02", "x": 1}, {"k": "2020-01-01", "x": 2}]),
    keyed("datetime_keys", update([{"k": 1577836800000, "x": 9}]), data=[{"k": "2020-01-02 00:00:00", "x": 1}, {"k": "2020-01-01 00:00:00", "x": 2}]),
    keyed("key_change_is_insert", update([{"k": "new", "x": 1, "y": 1.5}])),
    keyed("update_with_index_name", update([{"__INDEX__": "a", "x": 77}])),
    keyed("empty_update", update([])),
    keyed("unknown_column", update([{"k": "a", "zz": 5}])),
    keyed("columns_reordered", update([{"y": 5.5, "k": "a", "x": 50}])),
    keyed("json_text", update(text('[{"k": "a", "x": 50}]'), format="json")),
    keyed("columns_text", update(text('{"k": ["a"], "x": [50]}'), format="columns")),
    keyed("ndjson_text", update(text('{"k": "a", "x": 50}\n{"k": "b", "x": 60}'), format="ndjson")),
    keyed("csv_text", update(csv("k,x\na,50\n"))),
    keyed("arrow_partial", update(arrow(("k", "string", ["a", "zz"]), ("x", "int64", [50, 60])))),
    keyed("schema_first", update([{"k": "b", "x": 1}]), update([{"k": "a", "x": 2}]), data=KEYED),
    keyed("not_first_column", data=[{"x": 2, "k": "b"}, {"x": 1, "k": "a"}]),
    scenario("index/boolean_refused", table([{"k": True, "x": 1}], index="k")),
    scenario("index/unknown_refused", table([{"k": 1}], index="nope")),
    scenario("index/with_limit_refused", table([{"k": 1}], index="k", limit=2)),
    scenario("index/get_index", table([{"k": 1}], index="k", name="nm"), call("t", "get_index"), call("t", "get_limit"), call("t", "get_name")),
    scenario("index/get_none", table([{"k": 1}], name="nm"), call("t", "get_index"), call("t", "get_limit"), call("t", "get_name")),
    scenario("index/name_listed", table([{"k": 1}], name="nm"), call("client", "get_hosted_table_names")),
]  # fmt: skip


def plain(name: str, *steps: Any, data: Any = None, **options: Any) -> Scenario:
    start = data if data is not None else [{"x": 1, "s": "a"}, {"x": 2, "s": "b"}, {"x": 3, "s": "c"}]
    return scenario(name, table(start, **options), view(), *steps, read("to_columns"), call("t", "size"))


UNINDEXED = [
    plain("append/rows", update([{"x": 4, "s": "d"}])),
    plain("append/columns", update({"x": [4, 5], "s": ["d", "e"]})),
    plain("append/partial", update([{"x": 4}])),
    plain("append/twice", update([{"x": 4}]), update([{"s": "e"}])),
    plain("append/empty_row", update([{}])),
    plain("append/nothing", update([])),
    plain("append/csv", update(csv("x,s\n4,d\n"))),
    plain("append/csv_reordered", update(csv("s,x\nd,4\n"))),
    plain("append/csv_partial", update(csv("x\n4\n"))),
    plain("append/arrow", update(arrow(("x", "int32", [4]), ("s", "string", ["d"])))),
    plain("append/arrow_empty", update(arrow(("x", "int32", []), ("s", "string", [])))),
    plain("append/unknown_column", update([{"x": 4, "zz": 1}])),
    plain("append/uneven_columns", update({"x": [4, 5], "s": ["d"]})),
    plain("append/empty_dict_refused", update({})),
    plain("append/remove_refused", remove([1])),
    plain("implicit/upsert", update([{"__INDEX__": 1, "x": 20}])),
    plain("implicit/upsert_null", update([{"__INDEX__": 1, "x": None}])),
    plain("implicit/upsert_columns", update({"__INDEX__": [0, 2], "x": [10, 30]})),
    plain("implicit/insert_beyond", update([{"__INDEX__": 5, "x": 20}])),
    scenario("implicit/append_after_upsert", table([{"x": 1}, {"x": 2}, {"x": 3}]), view(), update([{"__INDEX__": 5, "x": 6}]),
             differs(update([{"x": 7}]), None, "the next row number is one beyond the largest"),
             differs(read("to_columns", index=True), {"x": [1, 2, 3, 6, 7], "__INDEX__": [[0], [1], [2], [5], [6]]}, "the next row number is one beyond the largest")),
    plain("limit/constructor", data=[{"x": i} for i in range(5)], limit=3),
    plain("limit/append", update([{"x": 4}]), update([{"x": 5}, {"x": 6}]), limit=4),
    plain("limit/one_large_update", update([{"x": i} for i in range(10, 30)]), limit=4),
    plain("limit/not_reached", update([{"x": 4}]), limit=10),
    plain("limit/exactly", update([{"x": 4}]), limit=4),
    plain("limit/one", update([{"x": 4}]), limit=1),
    plain("limit/clear", call("t", "clear"), update([{"x": 9}]), limit=2),
    plain("limit/schema", update([{"x": i} for i in range(5)]), data=schema(x="integer"), limit=2),
    plain("limit/arrow", update(arrow(("x", "int32", [7, 8, 9]))), limit=2),
    scenario("limit/index_numbers", table([{"x": i} for i in range(5)], limit=3), view(), read("to_columns", index=True)),
    scenario("limit/grouped", table([{"g": "ab"[i % 2], "x": i} for i in range(5)], limit=3), view(group_by=["g"], columns=["x"]),
             update([{"g": "a", "x": 10}]), read("to_columns"), update([{"g": "c", "x": 1}, {"g": "c", "x": 2}, {"g": "c", "x": 3}]), read("to_columns")),
    scenario("limit/sorted", table([{"x": i} for i in range(5)], limit=3), view(sort=[["x", "desc"]]), update([{"x": 3}]), read("to_columns")),
    scenario("limit/get_limit", table([{"x": 1}], limit=3), call("t", "get_limit"), call("t", "get_index")),
    scenario("limit/negative", table([{"x": 1}], limit=-1)),
    scenario("limit/text", table([{"x": 1}], limit="3")),
]

WHOLE = [
    plain("clear/rows", call("t", "clear")),
    plain("clear/append", call("t", "clear"), update([{"x": 9, "s": "z"}])),
    plain("clear/twice", call("t", "clear"), call("t", "clear")),
    plain("replace/rows", call("t", "replace", [{"x": 9, "s": "z"}])),
    plain("replace/columns", call("t", "replace", {"x": [9, 8], "s": ["z", "y"]})),
    plain("replace/partial", call("t", "replace", [{"x": 9}])),
    plain("replace/csv", call("t", "replace", csv("x,s\n9,z\n"))),
    plain("replace/arrow", call("t", "replace", arrow(("x", "int32", [9]), ("s", "string", ["z"])))),
    plain("replace/then_append", call("t", "replace", [{"x": 9}]), update([{"x": 10}])),
    scenario("replace/wrong_type", table([{"x": 1}, {"x": 2}]), view(), call("t", "replace", [{"x": "nope"}]),
             differs(read("to_columns"), {"x": [1, 2]}, "a replace that fails changes nothing")),
    plain("replace/nothing", call("t", "replace", [])),
    keyed("replace", call("t", "replace", [{"k": "b", "x": 9}, {"k": "z", "x": 8}])),
    keyed("clear", call("t", "clear")),
    scenario("delete/no_views", table([{"x": 1}], name="nm"), call("t", "delete"), call("client", "get_hosted_table_names"), call("t", "size")),
    scenario("delete/with_view", table([{"x": 1}]), view(), call("t", "delete"), read("to_columns")),
    scenario("delete/after_view", table([{"x": 1}]), view(), read("delete"), call("t", "delete"), call("t", "size")),
    scenario("delete/twice", table([{"x": 1}]), call("t", "delete"), call("t", "delete")),
    scenario("delete/view_then_read", table([{"x": 1}]), view(), read("delete"), read("to_columns")),
    scenario("delete/view_twice", table([{"x": 1}]), view(), read("delete"), read("delete")),
    scenario("delete/callback", table([{"x": 1}]), listen("on_delete", on="t"), call("t", "delete"), heard()),
    scenario("delete/view_callback", table([{"x": 1}]), view(), listen("on_delete", on="v"), read("delete"), heard()),
    scenario("delete/lazy_no_views", table([{"x": 1}], name="nm"), call("t", "delete", lazy=True), call("client", "get_hosted_table_names")),
    scenario("delete/name_free_again", table([{"x": 1}], name="nm"), call("t", "delete"), table([{"y": 2}], name="nm", name_as="u"), call("u", "columns")),
    scenario("names/open_table", table([{"x": 1}], name="nm"), call("client", "open_table", "zz")),
    scenario("names/order", table([{"x": 1}], name="a"), call("client", "get_hosted_table_names")),
]

FAILING = [
    keyed("fail/text_in_integer", update([{"k": "a", "x": 5}, {"k": "b", "x": "abc"}])),
    keyed("fail/boolean_in_integer", update([{"k": "a", "x": 5}, {"k": "b", "x": True}])),
    plain("fail/text_in_integer", update([{"x": 5}, {"x": "abc"}])),
    plain("fail/bad_json", differs(update(text("[{"), format="json"), raises(), "malformed JSON is refused")),
    plain("fail/bad_arrow", update({"$bytes": "00ff00ff"})),
]

PORTS = [
    scenario("port/make", table([{"x": 1}]), call("t", "make_port"), call("t", "make_port")),
    scenario("port/update", table([{"x": 1}]), view(), listen(), call("t", "make_port"), update([{"x": 2}], port_id=1), heard(), update([{"x": 3}]), heard(), read("to_columns")),
    scenario("port/explicit_zero", table([{"x": 1}]), view(), listen(), update([{"x": 2}], port_id=0), heard()),
    scenario("port/two", table([{"x": 1}]), view(), listen(), call("t", "make_port"), call("t", "make_port"),
             update([{"x": 2}], port_id=2), update([{"x": 3}], port_id=1), heard(), read("to_columns")),
    scenario("port/unknown", table([{"x": 1}]), view(), differs(update([{"x": 2}], port_id=99), raises(), "data sent to a port that does not exist is not dropped silently"), read("to_columns")),
]

SCENARIOS: list[Scenario] = [*COERCE, *INDEX, *UNINDEXED, *WHOLE, *FAILING, *PORTS]
