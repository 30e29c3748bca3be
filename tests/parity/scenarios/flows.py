"""Whole flows as dashboards and services use them: trades, orders, sensors and a shop, each with typical views kept live.

Unlike the other themes nothing here is about one rule; a failure here and nowhere else is a rule that was overlooked.
"""

from __future__ import annotations

from typing import Any

from ..support.steps import (
    Scenario,
    Step,
    arrow,
    call,
    csv,
    frame,
    heard,
    listen,
    read,
    remove,
    rows,
    scenario,
    schema,
    table,
    text,
    update,
    view,
)

ORDERS = rows("order", "customer", "segment", "state", "category", "item", "date", "sales", "quantity", "discount", "profit", of=[
    ["CA-1", "Ann", "Consumer", "Ohio", "Chairs", "Stool", "2014-01-03", 261.5, 2, 0.0, 41.25],
    ["CA-2", "Ann", "Consumer", "Ohio", "Chairs", "Throne", "2014-01-03", 731.25, 3, 0.25, 219.5],
    ["CA-3", "Bob", "Corporate", "Iowa", "Paper", "Labels", "2014-02-11", 14.5, 2, 0.0, 6.75],
    ["US-4", "Cid", "Consumer", "Texas", "Tables", "Desk", "2014-10-30", 957.5, 5, 0.5, -383.0],
    ["US-5", "Cid", "Consumer", "Texas", "Storage", "Box", "2015-10-30", 22.25, 2, 0.25, 2.5],
    ["CA-6", "Dee", "Home Office", "Utah", "Paper", "Cards", "2015-06-09", 48.75, 7, 0.0, 14.25],
    ["CA-7", "Dee", "Home Office", "Utah", "Phones", "Handset", "2015-06-09", 907.25, 6, 0.25, 90.75],
    ["CA-8", "Bob", "Corporate", "Iowa", "Phones", "Handset", "2016-12-05", 1706.25, 9, 0.25, 85.5],
    ["US-9", "Eve", "Corporate", "Ohio", "Tables", "Round", "2016-12-05", 330.0, 1, 0.5, -99.0],
    ["CA-10", "Ann", "Consumer", "Ohio", "Paper", "Notes", "2017-03-01", 3.5, 1, 0.0, 1.25],
])  # fmt: skip

SHOP_VIEWS: dict[str, dict[str, Any]] = {
    "all": {},
    "sales_by_state": {"group_by": ["state"], "columns": ["sales", "profit"]},
    "state_and_category": {"group_by": ["state", "category"], "columns": ["sales"], "sort": [["sales", "desc"]]},
    "pivot_table": {"group_by": ["segment"], "split_by": ["category"], "columns": ["sales"]},
    "pivot_two_measures": {"group_by": ["state"], "split_by": ["segment"], "columns": ["sales", "quantity"], "aggregates": {"sales": "avg", "quantity": "sum"}},
    "top_customers": {"group_by": ["customer"], "columns": ["sales", "order"], "aggregates": {"order": "distinct count"}, "sort": [["sales", "desc"]]},
    "losses": {"filter": [["profit", "<", 0]], "columns": ["order", "item", "profit"], "sort": [["profit", "asc"]]},
    "year_by_expression": {"expressions": {"year": "bucket(\"date\", 'Y')"}, "group_by": ["year"], "columns": ["sales"]},
    "month_split": {"expressions": {"month": "bucket(\"date\", 'M')"}, "group_by": ["segment"], "split_by": ["month"], "columns": ["quantity"]},
    "margin": {"expressions": {"margin": '"profit" / "sales"'}, "group_by": ["category"], "columns": ["margin"], "aggregates": {"margin": "avg"}},
    "weighted_discount": {"group_by": ["state"], "columns": ["discount"], "aggregates": {"discount": ["weighted mean", ["sales"]]}},
    "share": {"group_by": ["segment", "state"], "columns": ["sales"], "aggregates": {"sales": "pct sum parent"}},
    "range_of_dates": {"filter": [["date", ">=", "2015-01-01"], ["date", "<", "2016-01-01"]], "columns": ["order", "date"]},
    "some_states": {"filter": [["state", "in", ["Ohio", "Utah"]]], "group_by": ["state"], "columns": ["sales"]},
    "search": {"filter": [["item", "contains", "s"]], "columns": ["item", "category"]},
    "either": {"filter": [["sales", ">", 900], ["discount", "==", 0.5]], "filter_op": "or", "columns": ["order", "sales", "discount"]},
    "labels": {"expressions": {"label": "concat(\"customer\", ' in ', \"state\")"}, "columns": ["label", "sales"]},
    "size": {"expressions": {"size": "if (\"quantity\" > 5) 'large'; else 'small';"}, "group_by": ["size"], "columns": ["sales", "quantity"]},
    "running": {"windows": {"running": {"column": "sales", "aggregate": "sum", "partition_by": ["state"], "order_by": ["date", "asc"]}}, "columns": ["state", "date", "sales", "running"]},
    "leaves": {"group_by": ["segment", "category"], "group_rollup_mode": "flat", "columns": ["profit"], "sort": [["profit", "desc"]]},
    "total": {"group_rollup_mode": "total", "columns": ["sales", "quantity"]},
    "collapsed": {"group_by": ["segment", "category", "item"], "group_by_depth": 1, "columns": ["sales"]},
    "column_order": {"group_by": ["segment"], "split_by": ["state"], "columns": ["sales"], "sort": [["sales", "col desc"]]},
    "first_and_last": {"group_by": ["customer"], "columns": ["item", "date"], "aggregates": {"item": "first", "date": "max"}},
    "best_item": {"group_by": ["state"], "columns": ["item"], "aggregates": {"item": ["max by", ["sales"]]}},
}  # fmt: skip

SHOP_CHANGES: dict[str, list[Step]] = {
    "none": [],
    "correct_a_row": [update([{"order": "CA-3", "sales": 20.5, "profit": 8.0}])],
    "move_state": [update([{"order": "CA-1", "state": "Texas"}])],
    "new_orders": [update([{"order": "ZZ-1", "customer": "Fay", "segment": "Consumer", "state": "Maine", "category": "Pens", "item": "Pen", "date": "2017-05-05", "sales": 9.5, "quantity": 4, "discount": 0.0, "profit": 2.25}])],
    "columns_update": [update({"order": ["CA-1", "CA-2"], "quantity": [20, 30]})],
    "arrow_update": [update(arrow(("order", "string", ["US-4", "US-9"]), ("profit", "float64", [10.5, 20.5])))],
    "csv_update": [update(csv("order,sales\nUS-4,1.5\nUS-5,2.5\n"))],
    "cancelled": [remove(["US-4", "US-9"])],
    "several": [update([{"order": "CA-6", "quantity": 70}]), remove(["CA-7"]), update([{"order": "CA-8", "state": "Utah", "sales": 6.25}])],
    "replaced": [call("t", "replace", ORDERS[:4])],
}  # fmt: skip

SHOP = [
    scenario(f"shop/{name}/{change}", table(ORDERS, index="order"), view(**config), *([] if change == "none" else [listen()]), *steps,
             read("to_columns"), read("to_csv"), read("schema"), read("dimensions"), *([] if change == "none" else [heard()]))
    for name, config in SHOP_VIEWS.items()
    for change, steps in SHOP_CHANGES.items()
]  # fmt: skip

TRADES = schema(symbol="string", side="string", price="float", qty="integer", at="datetime")
TICKS = [
    [{"symbol": "AAA", "side": "buy", "price": 10.5, "qty": 100, "at": "2024-01-01 09:30:00"}, {"symbol": "BBB", "side": "sell", "price": 20.25, "qty": 50, "at": "2024-01-01 09:30:01"}],
    [{"symbol": "AAA", "side": "sell", "price": 10.75, "qty": 300, "at": "2024-01-01 09:30:02"}],
    [{"symbol": "CCC", "side": "buy", "price": 5.0, "qty": 1000, "at": "2024-01-01 09:30:02.500"}, {"symbol": "AAA", "side": "buy", "price": 10.25, "qty": 200, "at": "2024-01-01 09:31:00"}],
    [{"symbol": "BBB", "side": "buy", "price": 20.5, "qty": 75, "at": "2024-01-01 09:31:30"}],
]  # fmt: skip
TRADE_VIEWS: dict[str, dict[str, Any]] = {
    "tape": {"sort": [["at", "desc"]]},
    "by_symbol": {"group_by": ["symbol"], "columns": ["price", "qty"], "aggregates": {"price": "last", "qty": "sum"}},
    "book": {"group_by": ["symbol"], "split_by": ["side"], "columns": ["qty"]},
    "vwap": {"group_by": ["symbol"], "columns": ["price"], "aggregates": {"price": ["weighted mean", ["qty"]]}},
    "value": {"expressions": {"value": '"price" * "qty"'}, "group_by": ["symbol"], "columns": ["value"]},
    "minute": {"expressions": {"minute": "bucket(\"at\", 'm')"}, "group_by": ["minute"], "columns": ["qty", "price"], "aggregates": {"price": "avg"}},
    "large": {"filter": [["qty", ">=", 100]], "columns": ["symbol", "qty"]},
    "moving_average": {"windows": {"ma": {"column": "price", "aggregate": "avg", "partition_by": ["symbol"], "rows": 1}}, "columns": ["symbol", "price", "ma"]},
    "change": {"windows": {"change": {"column": "price", "aggregate": "diff", "partition_by": ["symbol"]}}, "columns": ["symbol", "change"]},
    "spread": {"group_by": ["symbol"], "columns": ["price"], "aggregates": {"price": "high minus low"}},
}  # fmt: skip


def ticks(form: str) -> list[Step]:
    """The ticks as updates in one of the formats a feed may use."""
    names = ["symbol", "side", "price", "qty", "at"]
    match form:
        case "rows":
            return [update(batch) for batch in TICKS]
        case "columns":
            return [update({name: [row[name] for row in batch] for name in names}) for batch in TICKS]
        case _:
            lines = ["\n".join([",".join(names), *(",".join(str(row[name]) for name in names) for row in batch)]) for batch in TICKS]
            return [update(csv(line + "\n")) for line in lines]


STREAM = [
    scenario(f"trades/{name}/{form}/{'limit' if limit else 'all'}", table(TRADES, **({"limit": 4} if limit else {})), ticks(form)[0], view(**config),
             listen(mode="row"), *ticks(form)[1:], heard(), read("to_columns"), read("num_rows"), call("t", "size"))
    for name, config in TRADE_VIEWS.items()
    for form in ["rows", "columns", "csv"]
    for limit in ([False, True] if form == "rows" else [False])
    if not (name == "moving_average" and limit)
]  # fmt: skip

SENSORS = rows("sensor", "room", "temp", "ok", "seen", of=[[1, "lab", 20.5, True, "2024-01-01 00:00:00"], [2, "lab", 21.5, True, "2024-01-01 00:00:10"], [3, "hall", None, False, None]])
SENSOR = [
    scenario(f"sensors/{name}", table(SENSORS, index="sensor"), view(**config), listen(), update([{"sensor": 3, "temp": 18.25, "ok": True}]), read("to_json"),
             update([{"sensor": 4, "room": "roof"}]), read("to_json"), update([{"sensor": 4, "temp": -3.5}, {"sensor": 1, "ok": False}]), read("to_json"), heard(), read("to_csv"))
    for name, config in {
        "all": {}, "missing": {"filter": [["temp", "is null", None]]}, "present": {"filter": [["temp", "is not null", None]]},
        "rooms": {"group_by": ["room"], "columns": ["temp", "ok"], "aggregates": {"temp": "avg", "ok": "and"}}, "ok": {"filter": [["ok", "==", True]], "columns": ["sensor"]},
        "hot_first": {"sort": [["temp", "desc"]], "columns": ["sensor", "temp"]}, "by_state": {"split_by": ["ok"], "columns": ["sensor"]},
    }.items()
]  # fmt: skip

PORTS_AND_CLIENTS = [
    scenario("replica/flat", table([{"k": 1, "x": 1}], index="k"), view(), table({"$view": "v"}, name_as="u"), view(on="u", name_as="w"), update([{"k": 2, "x": 5}]), read("to_columns", on="w"), call("u", "size")),
    scenario("frames/pandas_pivot", table(frame("pandas", ("g", "string", ["a", "b", "a"]), ("x", "float64", [1.5, 2.5, 3.5]))), view(group_by=["g"], columns=["x"]), read("to_pandas"), read("to_columns")),
    scenario("frames/polars_pivot", table(frame("polars", ("g", "string", ["a", "b", "a"]), ("x", "float64", [1.5, 2.5, 3.5]))), view(group_by=["g"], columns=["x"]), read("to_polars")),
    scenario("names/open", table([{"x": 1}], name="shared"), call("client", "get_hosted_table_names"), call("client", "open_table", "shared")),
    scenario("many_tables", *[table([{"x": i}], name_as=f"t{i}", name=f"table {i}") for i in range(5)], call("t3", "size"), call("t2", "delete"), call("t4", "get_name")),
    scenario("many_views", table(ORDERS, index="order"), *[view(name_as=f"v{i}", **config) for i, config in enumerate(SHOP_VIEWS.values())], update([{"order": "CA-1", "sales": 1.5}]),
             *[read("to_columns", on=f"v{i}") for i in range(len(SHOP_VIEWS))]),
    scenario("same_view_twice", table(ORDERS, index="order"), view(**SHOP_VIEWS["sales_by_state"]), view(name_as="w", **SHOP_VIEWS["sales_by_state"]), read("collapse", 0), read("to_columns", on="w"), read("to_columns"),
             read("delete"), update([{"order": "CA-1", "sales": 1.5}]), read("to_columns", on="w")),
    scenario("json_feed", table(text('[{"id": "a", "v": 1.5}, {"id": "b", "v": 2.5}]'), format="json", index="id"), view(), update(text('[{"id": "a", "v": 9.5}]'), format="json"), read("to_json_string")),
    scenario("ndjson_feed", table(text('{"id": "a", "v": 1.5}\n{"id": "b", "v": 2.5}\n'), format="ndjson", index="id"), view(), update(text('{"id": "c", "v": 9.5}'), format="ndjson"), read("to_ndjson")),
]  # fmt: skip

SCENARIOS: list[Scenario] = [*SHOP, *STREAM, *SENSOR, *PORTS_AND_CLIENTS]
