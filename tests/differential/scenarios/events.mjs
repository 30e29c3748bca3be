// What subscribers are told.

import { SALES, readArrow } from "../fixtures.mjs";

/** Time for queued callbacks to run. */
const settle = () => new Promise((done) => setTimeout(done, 15));

export default {
  "events: on_update": async ({ perspective, step }) => {
    const table = await perspective.table(SALES);
    const view = await table.view({ columns: ["sales"] });
    const told = [];
    const id = await view.on_update((update) => told.push(update));
    await step("id", () => typeof id);
    await table.update(SALES.slice(0, 1));
    await settle();
    await step("told", () => told);
    await table.update([]);
    await settle();
    await step("of nothing", () => told.length);
    await table.clear();
    await settle();
    await step("of clear", () => told.length);
    await table.replace(SALES);
    await settle();
    await step("of replace", () => told.length);
    await step("remove", () => view.remove_update(id));
    await table.update(SALES);
    await settle();
    await step("no more", () => told.length);
    await step("remove again", () => view.remove_update(id));
  },
  "events: row mode": async ({ perspective, step }) => {
    const table = await perspective.table({ id: [1, 2, 3], v: ["a", "b", "c"], n: [1.5, 2.5, 3.5] }, { index: "id" });
    for (const config of [{}, { columns: ["v"] }, { filter: [["n", ">", 2]] }, { sort: [["n", "desc"]] }, { group_by: ["v"], columns: ["n"] },
      { split_by: ["v"], columns: ["n"] }, { expressions: { e: '"n" * 2' } }]) {
      const label = JSON.stringify(config);
      const view = await table.view(config);
      const told = [];
      await view.on_update((update) => told.push(update), { mode: "row" });
      const next = async (what) => {
        await settle();
        for (const { delta, port_id } of told.splice(0)) {
          await step(`${label} ${what}`, async () => [port_id, delta?.constructor.name, await readArrow(perspective, delta.slice())]);
        }
      };
      await table.update([{ id: 2, n: 9.5 }]);
      await next("changed");
      await table.update([{ id: 4, v: "d", n: 0.5 }]);
      await next("added");
      await table.update([{ id: 2, n: 2.5 }]);
      await next("back");
      await table.remove([4]);
      await next("removed");
      await view.delete();
    }
  },
  "events: deltas loaded into a second table": async ({ perspective, step }) => {
    const schema = { id: "integer", v: "string", n: "float" };
    const table = await perspective.table(schema, { index: "id" });
    const second = await perspective.table(schema, { index: "id" });
    const view = await table.view();
    await view.on_update(async ({ delta }) => second.update(delta), { mode: "row" });
    for (let k = 0; k < 20; k++) await table.update([{ id: k % 7, v: `v${k}`, n: k / 2 }]);
    await settle();
    await step("equal", async () => {
      const own = await (await second.view()).to_json();
      return JSON.stringify(own) === JSON.stringify(await view.to_json());
    });
    await step("rows", async () => (await second.view()).to_json());
  },
  "events: ports": async ({ perspective, step }) => {
    const table = await perspective.table({ a: [1] });
    const view = await table.view();
    const told = [];
    await view.on_update(({ port_id }) => told.push(port_id));
    const ports = [await table.make_port(), await table.make_port()];
    await step("ports", () => ports);
    for (const port_id of [undefined, 0, 1, 2, 1]) {
      await table.update([{ a: 2 }], { port_id });
      await settle();
    }
    await step("told", () => told);
  },
  "events: many subscribers": async ({ perspective, step }) => {
    const table = await perspective.table({ a: [1] }, { index: "a" });
    const view = await table.view();
    const told = [];
    const ids = await Promise.all([1, 2, 3].map((k) => view.on_update(() => told.push(k))));
    await step("ids differ", () => new Set(ids).size);
    await table.update([{ a: 2 }]);
    await settle();
    await step("told", () => told.splice(0).sort());
    await view.remove_update(ids[1]);
    await table.update([{ a: 3 }]);
    await settle();
    await step("without one", () => told.splice(0).sort());
    await view.delete();
    await table.update([{ a: 4 }]);
    await settle();
    await step("after delete", () => told);
  },
  "events: a callback reads and writes": async ({ perspective, step }) => {
    const table = await perspective.table({ id: [1], n: [0] }, { index: "id" });
    const view = await table.view();
    const seen = [];
    await view.on_update(async () => {
      const [{ n }] = await view.to_json();
      seen.push(n);
      if (n < 3) await table.update([{ id: 1, n: n + 1 }]);
    });
    await table.update([{ id: 1, n: 1 }]);
    await settle();
    await settle();
    await step("seen", () => seen);
  },
  "events: on_remove": async ({ perspective, step }) => {
    const table = await perspective.table({ id: [1, 2, 3], v: ["a", "b", "c"] }, { index: "id" });
    const view = await table.view();
    const told = [];
    const id = await view.on_remove((removal) => told.push(removal));
    const next = async (what) => {
      await settle();
      for (const { indices, port_id } of told.splice(0)) {
        await step(what, async () => [port_id, indices.constructor.name, await readArrow(perspective, indices.slice())]);
      }
    };
    await table.remove([2, 99]);
    await next("removed");
    await table.replace([{ id: 1, v: "z" }, { id: 5, v: "y" }]);
    await next("replaced");
    await table.clear();
    await next("cleared");
    await table.update([{ id: 7 }]);
    await next("updated");
    await view.remove_remove(id);
    await table.remove([7]);
    await next("no more");
    await step("remove again", () => view.remove_remove(id));
    const plain = await perspective.table({ a: [1] });
    const other = await plain.view();
    await step("without an index", async () => typeof (await other.on_remove(() => {})));
  },
  "events: on_delete": async ({ perspective, step }) => {
    const table = await perspective.table({ a: [1] });
    const view = await table.view();
    const told = [];
    await view.on_delete(() => told.push("view"));
    const gone = await view.on_delete(() => told.push("not told"));
    await step("remove", () => view.remove_delete(gone));
    await table.on_delete(() => told.push("table"));
    const other = await table.on_delete(() => told.push("not told"));
    await table.remove_delete(other);
    await view.delete();
    await settle();
    await step("view", () => [...told]);
    await table.delete();
    await settle();
    await step("both", () => told);
  },
  "events: remove_delete of nothing": async ({ perspective, step }) => {
    const table = await perspective.table({ a: [1] });
    const view = await table.view();
    await step("view", () => view.remove_delete(12345));
    await step("table", () => table.remove_delete(12345));
    await step("update", () => view.remove_update(12345));
    await step("remove", () => view.remove_remove(12345));
  },
  "events: many updates in one turn": async ({ perspective, step }) => {
    const table = await perspective.table({ id: "integer", n: "integer" }, { index: "id" });
    const view = await table.view({ group_by: ["n"], columns: ["id"] });
    let told = 0;
    await view.on_update(() => {
      told += 1;
    });
    await Promise.all(Array.from({ length: 30 }, (_, id) => table.update([{ id, n: id % 3 }])));
    await settle();
    await step("told", () => told > 0);
    await step("rows", () => view.to_json());
  },
  "events: incremental sequences": async ({ perspective, step }) => {
    const table = await perspective.table({ id: "integer", g: "string", n: "float" }, { index: "id" });
    const configs = [{}, { group_by: ["g"], columns: ["n"] }, { group_by: ["g"], columns: ["n"], aggregates: { n: "max" } },
      { split_by: ["g"], columns: ["n"] }, { filter: [["n", ">", 5]] }, { sort: [["n", "desc"]] },
      { group_by: ["g"], columns: ["n"], sort: [["n", "asc"]] }];
    const views = await Promise.all(configs.map((config) => table.view(config)));
    const moves = [
      () => table.update([{ id: 1, g: "a", n: 1 }, { id: 2, g: "b", n: 10 }, { id: 3, g: "a", n: 7 }]),
      () => table.update([{ id: 1, g: "b" }]),
      () => table.update([{ id: 3, n: null }]),
      () => table.remove([2]),
      () => table.update([{ id: 2, g: "c", n: 6 }, { id: 2, n: 60 }]),
      () => table.replace([{ id: 9, g: "z", n: 9 }]),
      () => table.clear(),
      () => table.update([{ id: 1, g: null, n: 3 }]),
    ];
    for (const [number, move] of moves.entries()) {
      await move();
      for (const [k, view] of views.entries()) await step(`${number} ${JSON.stringify(configs[k])}`, () => view.to_columns());
    }
  },
  "events: update options": async ({ perspective, step }) => {
    const table = await perspective.table({ a: [1] });
    const view = await table.view();
    await step("null mode", async () => typeof (await view.on_update(() => {}, { mode: null })));
    await step("null options", async () => typeof (await view.on_update(() => {}, null)));
    await step("unknown mode", () => view.on_update(() => {}, { mode: "cell" }));
    await step("unknown option", async () => typeof (await view.on_update(() => {}, { moode: "row" })));
  },
};
