"""What a stranger does with the wheel: a table, an update, a grouped view. Run by check.py in an empty environment."""

import sightline

table = sightline.table({"symbol": ["AAA", "BBB", "AAA"], "price": [1.5, 2.0, 2.5]})
view = table.view(group_by=["symbol"], columns=["price"], aggregates={"price": "sum"})
heard = []
view.on_update(lambda *_: heard.append(True))
table.update([{"symbol": "BBB", "price": 4.0}])

assert view.to_columns()["price"] == [10.0, 4.0, 6.0], view.to_columns()
assert heard, "no notification"
print(f"sightline {sightline.__version__} works")
