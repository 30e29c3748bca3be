// What a stranger does with the npm package under Node: a table, an update, a grouped view. Run by check.py.

import assert from "node:assert/strict";
import sightline from "sightline";

const table = await sightline.table({ symbol: ["AAA", "BBB", "AAA"], price: [1.5, 2.0, 2.5] });
const view = await table.view({ group_by: ["symbol"], columns: ["price"], aggregates: { price: "sum" } });
const heard = new Promise((resolve) => view.on_update(resolve));
await table.update([{ symbol: "BBB", price: 4.0 }]);
await heard;

assert.deepEqual((await view.to_columns()).price, [10.0, 4.0, 6.0]);
console.log("sightline works");
