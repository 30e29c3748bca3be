// The client's methods, options and error texts, on every server.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { Client, Table, View } from "../dist/node.js";
import { BACKENDS } from "./support/backends.mjs";

const ROWS = [
    { id: 1, name: "x", price: 1.5, ok: true, day: "2024-01-02", at: "2024-01-02T03:04:05Z" },
    { id: 2, name: null, price: null, ok: false, day: null, at: null },
    { id: 3, name: "z", price: 2.5, ok: null, day: "2024-01-03", at: "2024-01-03T03:04:05Z" },
];
const SCHEMA = { id: "integer", name: "string", price: "float", ok: "boolean", day: "date", at: "datetime" };

/** A promise and its resolver, to wait for callbacks. */
function signal() {
    let resolve;
    const promise = new Promise((settle) => {
        resolve = settle;
    });
    return { promise, resolve };
}

for (const makeBackend of BACKENDS) {
    const backend = makeBackend();
    describe(`client on ${backend.name}`, () => {
        after(() => backend.close());
        const opened = async (options = { index: "id" }) => {
            const client = await backend.connect();
            const table = await client.table(SCHEMA, options);
            await table.update(ROWS);
            return { client, table };
        };

        test("a table is made from a schema, rows, columns, csv, ndjson and arrow", async () => {
            const { client, table } = await opened();
            assert.deepEqual(await table.schema(), SCHEMA);
            assert.deepEqual(await table.columns(), Object.keys(SCHEMA));
            assert.equal(await table.size(), 3);
            const arrow = await (await table.view()).to_arrow();
            const sources = [
                [[{ a: 1 }, { a: 2 }], {}],
                [{ a: [1, 2] }, {}],
                ["a\n1\n2", {}],
                ['{"a":1}\n{"a":2}', { format: "ndjson" }],
                ['[{"a":1},{"a":2}]', { format: "json" }],
                ['{"a":[1,2]}', { format: "columns" }],
                [new TextEncoder().encode("a\n1\n2"), { format: "csv" }],
            ];
            for (const [data, options] of sources) {
                const made = await client.table(data, options);
                assert.deepEqual(await made.schema(), { a: "integer" });
                assert.deepEqual(await (await made.view()).to_columns(), { a: [1, 2] });
            }
            const copy = await client.table(arrow);
            assert.deepEqual(await copy.schema(), SCHEMA);
            assert.equal(await copy.size(), 3);
        });

        test("a handle knows its name, index, limit and client", async () => {
            const { client, table } = await opened({ index: "id", name: `named-${backend.name}` });
            assert.equal(await table.get_name(), `named-${backend.name}`);
            assert.equal(await table.get_index(), "id");
            assert.equal(await table.get_limit(), undefined);
            assert.equal(await table.get_client(), client);
            const again = await client.open_table(`named-${backend.name}`);
            assert.equal(await again.get_index(), "id");
            assert.ok((await client.get_hosted_table_names()).includes(`named-${backend.name}`));
            const limited = await client.table({ a: "integer" }, { limit: 2 });
            await limited.update({ a: [1, 2, 3] });
            assert.equal(await limited.size(), 2);
            assert.equal(await (await client.open_table(await limited.get_name())).get_limit(), 2);
            const unnamed = await client.table({ a: "integer" });
            assert.match(await unnamed.get_name(), /^[a-zA-Z]{21}$/);
        });

        test("what cannot be a table is an error", async () => {
            const { client, table } = await opened();
            const refused = [
                [() => client.table(undefined), "Failed to construct table from JsValue(undefined)"],
                [() => client.table(3), "Failed to construct table from JsValue(3)"],
                [() => client.table({ a: 1 }), 'Failed to construct table from JsValue(Object({"a":1}))'],
                [
                    () => client.table({ a: "integer" }, { index: "a", limit: 3 }),
                    "Can't use both `limit` and `index` arguments",
                ],
                [() => client.table({ a: "foo" }), /unknown variant `foo`, expected one of `string`/],
                [() => client.table("a", { format: "x" }), /unknown variant `x`, expected one of `csv`, `json`/],
                [() => client.table("a", { name: 5 }), /expected a string/],
                [() => client.table("a", { limit: -1 }), /expected u32/],
                [() => client.table(new Uint8Array([255]), { format: "csv" }), /invalid utf-8/],
                [() => table.update({ a: "integer" }), "Method cannot be called with `Schema` argument"],
                [() => table.update(null), "Failed to construct table from JsValue(null)"],
                [() => client.open_table("absent"), 'Unknown error: Unknown table "absent"'],
            ];
            for (const [call, message] of refused) {
                await assert.rejects(call, { name: "Error", message });
            }
        });

        test("server errors arrive as Abort", async () => {
            const { client, table } = await opened({ name: `twice-${backend.name}` });
            await assert.rejects(client.table(SCHEMA, { name: `twice-${backend.name}` }), {
                message: `Abort(): Table "twice-${backend.name}" already exists`,
            });
            await assert.rejects(table.view({ columns: ["absent"] }), {
                message: /^Abort\(\): Invalid column 'absent' found in View columns\./,
            });
            await table.view();
            await assert.rejects(table.delete(), { message: /^Abort\(\): Cannot delete table with views/ });
        });

        test("update, replace, remove and clear change rows", async () => {
            const { table } = await opened();
            const view = await table.view({ columns: ["id", "price"] });
            await table.update({ id: [1, 4], price: [9.5, 4.5] });
            assert.deepEqual(await view.to_columns(), { id: [1, 2, 3, 4], price: [9.5, null, 2.5, 4.5] });
            await table.remove([2, 3]);
            assert.deepEqual(await view.to_columns(), { id: [1, 4], price: [9.5, 4.5] });
            await table.replace("id,price\n7,1.5");
            assert.deepEqual(await view.to_columns(), { id: [7], price: [1.5] });
            await table.clear();
            assert.equal(await table.size(), 0);
        });

        test("a view answers in every format", async () => {
            const { table } = await opened();
            const view = await table.view({ columns: ["id", "name", "day", "at"], sort: [["id", "desc"]] });
            const rows = [
                { id: 3, name: "z", day: Date.UTC(2024, 0, 3), at: Date.UTC(2024, 0, 3, 3, 4, 5) },
                { id: 2, name: null, day: null, at: null },
                { id: 1, name: "x", day: Date.UTC(2024, 0, 2), at: Date.UTC(2024, 0, 2, 3, 4, 5) },
            ];
            assert.deepEqual(await view.to_json(), rows);
            assert.deepEqual(JSON.parse(await view.to_json_string()), rows);
            assert.deepEqual(await view.to_json({ start_row: 0.9, end_row: 1.2 }), rows.slice(0, 2));
            assert.deepEqual(await view.to_columns({ end_col: 2, start_row: 1 }), { id: [2, 1], name: [null, "x"] });
            assert.equal((await view.to_ndjson()).trim().split("\n").length, 3);
            assert.match(await view.to_csv(), /^"id","name","day","at"\n3,"z",2024-01-03,2024-01-03 03:04:05.000\n/);
            assert.ok((await view.to_arrow()) instanceof ArrayBuffer);
            const [row] = await view.to_json({ id: true, index: true, formatted: true, end_row: 1 });
            assert.deepEqual(row.__ID__, [3]);
            assert.deepEqual(row.__INDEX__, [3]);
            assert.equal(row.day, "2024-01-03");
            await assert.rejects(view.to_arrow({ compression: "zz" }), {
                message: 'Abort(): Unknown `compression` "zz", expected "lz4" or "zstd"',
            });
            await assert.rejects(view.to_json({ start_row: "a" }), { message: /expected f64/ });
        });

        test("a view tells its schema, config, paths, dimensions and extremes", async () => {
            const { table } = await opened();
            const view = await table.view({
                group_by: ["name"],
                split_by: ["ok"],
                columns: ["price", "twice"],
                aggregates: { price: "max" },
                filter: [
                    ["id", "<", 10],
                    ["name", "in", ["x", "z"]],
                ],
                filter_op: "and",
                sort: [["price", "desc"]],
                expressions: { twice: '"price" * 2' },
            });
            assert.deepEqual(await view.schema(), { price: "float", twice: "float" });
            assert.deepEqual(await view.expression_schema(), { twice: "float" });
            const config = await view.get_config();
            assert.deepEqual(config.group_by, ["name"]);
            assert.deepEqual(config.split_by, ["ok"]);
            assert.deepEqual(config.columns, ["price", "twice"]);
            assert.deepEqual(config.sort, [["price", "desc"]]);
            assert.equal(config.aggregates.price, "max");
            assert.equal(config.filter[0][2], 10);
            assert.equal(config.group_rollup_mode, "rollup");
            assert.equal(config.split_rollup_mode, "flat");
            assert.ok(!("filter_op" in config));
            assert.deepEqual(config.expressions, { twice: '"price" * 2' });
            assert.deepEqual((await view.column_paths()).sort(), [
                "null|price",
                "null|twice",
                "true|price",
                "true|twice",
            ]);
            assert.equal((await view.column_paths({ start_col: 1, end_col: 3 })).length, 2);
            assert.deepEqual(await view.dimensions(), {
                num_table_rows: 3,
                num_table_columns: 6,
                num_view_rows: 3,
                num_view_columns: 4,
            });
            assert.equal(await view.num_rows(), 3);
            assert.equal(await view.num_columns(), 4);
            assert.deepEqual(await (await table.view()).get_min_max("price"), [1.5, 2.5]);
        });

        test("groups expand and collapse", async () => {
            const { table } = await opened();
            const view = await table.view({ group_by: ["name", "id"], columns: ["price"], group_by_depth: 1 });
            assert.equal((await view.get_config()).group_by_depth, 1);
            await view.set_depth(0);
            assert.equal(await view.num_rows(), 4);
            assert.equal(await view.expand(1), 1);
            assert.equal(await view.num_rows(), 5);
            assert.equal(await view.collapse(1), 1);
            await view.set_depth(2);
            assert.equal(await view.num_rows(), 7);
        });

        test("a config that is not one is refused before the server is asked", async () => {
            const { table } = await opened();
            const refused = [
                [{ bogus: 1 }, /^unknown field `bogus`, expected one of `group_by`, `split_by`/],
                [{ group_by: "a" }, /^invalid type: string "a", expected a sequence/],
                [{ columns: [5] }, /^invalid type: integer `5`, expected a string/],
                [{ filter: [["a"]] }, /^invalid length 1, expected tuple struct Filter with 3 elements/],
                [{ filter: [["a", "==", {}]] }, /^data did not match any variant of untagged enum FilterTerm/],
                [{ sort: [["a", "up"]] }, /^unknown variant `up`, expected one of `none`, `desc`, `asc`/],
                [{ sort: ["a"] }, /^invalid type: string "a", expected tuple struct Sort/],
                [{ aggregates: { a: 5 } }, /^data did not match any variant of untagged enum Aggregate/],
                [{ expressions: [5] }, /^data did not match any variant of untagged enum ExpressionsDeserde/],
                [{ filter_op: "xor" }, /^unknown variant `xor`, expected `and` or `or`/],
                [{ group_rollup_mode: "x" }, /^unknown variant `x`, expected one of `rollup`, `flat`, `total`/],
                [{ group_by_depth: 1.5 }, /^invalid type: floating point `1.5`, expected u32/],
                [{ windows: { w: {} } }, /^missing field `column`/],
                [{ windows: { w: { column: "id" } } }, /^missing field `aggregate`/],
                [{ windows: { w: { column: "id", aggregate: "sum", rows: 1, cumulative: true } } }, /exclusive/],
                [5, /^invalid type: integer `5`, expected struct ViewConfigUpdate/],
            ];
            for (const [config, message] of refused) {
                await assert.rejects(table.view(config), { message });
            }
        });

        test("windows compute over an ordered frame", async () => {
            const { table } = await opened();
            const view = await table.view({
                columns: ["id", "running"],
                windows: { running: { column: "id", aggregate: "sum", cumulative: true, order_by: ["id", "asc"] } },
            });
            assert.deepEqual(await view.to_columns(), { id: [1, 2, 3], running: [1, 3, 6] });
        });

        test("expressions are validated, also in list form", async () => {
            const { table } = await opened();
            assert.deepEqual(await table.validate_expressions(['// half\n"price" / 2', '"id" + 1', '"absent"']), {
                expression_schema: { half: "float", '"id" + 1': "float" },
                errors: {
                    '"absent"': {
                        error_message: 'Value Error - Input column "absent" does not exist.',
                        line: 0,
                        column: 0,
                    },
                },
                expression_alias: { half: '"price" / 2', '"id" + 1': '"id" + 1', '"absent"': '"absent"' },
            });
            await assert.rejects(table.validate_expressions(5), { message: /ExpressionsDeserde/ });
        });

        test("typed arrays hold values, validity and dictionaries", async () => {
            const { table } = await opened();
            const view = await table.view();
            await view.with_typed_arrays({ float32: true }, (names, values, validities, dictionaries) => {
                assert.deepEqual(names, ["id", "name", "price", "ok", "day", "at"]);
                assert.deepEqual(values, [
                    Int32Array.of(1, 2, 3),
                    Int32Array.of(0, 0, 1),
                    Float32Array.of(1.5, 0, 2.5),
                    Int32Array.of(1, 0, 0),
                    Float64Array.of(Date.UTC(2024, 0, 2), 0, Date.UTC(2024, 0, 3)),
                    Float64Array.of(Date.UTC(2024, 0, 2, 3, 4, 5), 0, Date.UTC(2024, 0, 3, 3, 4, 5)),
                ]);
                const without2 = Uint8Array.of(0b101);
                assert.deepEqual(validities, [null, without2, without2, Uint8Array.of(0b011), without2, without2]);
                assert.deepEqual(dictionaries, [null, ["x", "z"], null, null, null, null]);
            });
            const grouped = await table.view({
                group_by: ["name"],
                columns: ["price", "id"],
                filter: [["name", "is not null"]],
            });
            await grouped.with_typed_arrays(null, (names, values) => {
                assert.deepEqual(names, ["__ROW_PATH_0__", "price", "id"]);
                assert.deepEqual(values[1], Float64Array.of(4, 1.5, 2.5));
            });
            await assert.rejects(
                view.with_typed_arrays(null, async () => {
                    throw new Error("from the callback");
                }),
                { message: "from the callback" },
            );
        });

        test("group columns of arrow and csv are named in the 5.5 way", async () => {
            const { table } = await opened();
            const view = await table.view({ group_by: ["name"], columns: ["id"] });
            assert.match(await view.to_csv(), /^"name \(Group by 1\)","id"\n/);
        });

        test("on_update tells changed rows and the port, after the call that caused it", async () => {
            const { client, table } = await opened();
            const view = await table.view({ columns: ["id", "price"] });
            const told = signal();
            let within = true;
            const id = await view.on_update(
                (data) => {
                    assert.ok(!within);
                    told.resolve(data);
                },
                { mode: "row" },
            );
            const port = await table.make_port();
            const done = table.update([{ id: 3, price: 8.5 }], { port_id: port });
            within = false;
            await done;
            const { delta, port_id } = await told.promise;
            assert.equal(port_id, port);
            const changed = await client.table(delta);
            assert.deepEqual(await (await changed.view()).to_columns(), { id: [3], price: [8.5] });
            await view.remove_update(id);
            await assert.rejects(view.remove_update(id), { message: "Unknown error: remove_update" });
            await assert.rejects(
                view.on_update(() => {}, { mode: "cell" }),
                { message: /unknown variant `cell`/ },
            );
        });

        test("without a mode there is no delta, and after remove_update no call", async () => {
            const { table } = await opened();
            const view = await table.view();
            const first = signal();
            let calls = 0;
            const id = await view.on_update((data) => {
                calls += 1;
                first.resolve(data);
            });
            await table.update([{ id: 1, price: 2 }]);
            assert.deepEqual(await first.promise, { delta: null, port_id: 0 });
            await view.remove_update(id);
            const other = signal();
            await view.on_update(other.resolve);
            await table.update([{ id: 1, price: 3 }]);
            await other.promise;
            assert.equal(calls, 1);
        });

        test("on_remove tells the index values that left", async () => {
            const { client, table } = await opened();
            const view = await table.view();
            const told = signal();
            const id = await view.on_remove(told.resolve);
            await table.remove([2]);
            const { indices, port_id } = await told.promise;
            assert.equal(port_id, 0);
            const removed = await client.table(indices);
            assert.deepEqual(await (await removed.view()).to_columns(), { id: [2] });
            await view.remove_remove(id);
            await assert.rejects(view.remove_remove(id), { message: "Unknown error: remove_update" });
        });

        test("deletions are told once, and a deleted view is not found", async () => {
            const { table } = await opened();
            const view = await table.view();
            const viewGone = signal();
            const tableGone = signal();
            const cancelled = await view.on_delete(() => assert.fail("was cancelled"));
            await view.remove_delete(cancelled);
            await view.on_delete(viewGone.resolve);
            await table.on_delete(tableGone.resolve);
            await view.delete();
            await viewGone.promise;
            await assert.rejects(view.num_rows(), { message: "View not found" });
            await table.delete();
            await tableGone.promise;
        });

        test("a lazy delete waits for the last view", async () => {
            const { table } = await opened();
            const view = await table.view();
            let deleted = false;
            const deletion = table.delete({ lazy: true }).then(() => {
                deleted = true;
            });
            assert.equal(await view.num_rows(), 3);
            assert.equal(deleted, false);
            await view.delete();
            await deletion;
        });

        test("hosted tables are announced", async () => {
            const client = await backend.connect();
            const told = signal();
            const id = await client.on_hosted_tables_update(told.resolve);
            await client.table({ a: "integer" });
            await told.promise;
            await client.remove_hosted_tables_update(id);
        });

        test("joins follow both tables", async () => {
            const { client, table } = await opened();
            const right = await client.table({ key: [1, 3], extra: ["one", "three"] }, { index: "key" });
            const joined = await client.join(table, await right.get_name(), "id", {
                join_type: "inner",
                right_on: "key",
            });
            const view = await joined.view({ columns: ["id", "extra"] });
            assert.deepEqual((await view.to_columns()).extra, ["one", "three"]);
            await assert.rejects(client.join(table, right, "id", { join_type: "cross" }), {
                message: /unknown variant `cross`, expected one of `inner`, `left`, `outer`/,
            });
        });

        test("a table made from a view follows updates and removals", async () => {
            const { client, table } = await opened();
            const view = await table.view({ columns: ["id", "price"] });
            const copy = await client.table(view);
            assert.equal(await copy.get_index(), "id");
            const copyView = await copy.view({ sort: [["id", "asc"]] });
            const changed = signal();
            await copyView.on_update(changed.resolve);
            await table.update([{ id: 9, price: 9.5 }]);
            await changed.promise;
            assert.deepEqual(await copyView.to_columns(), { id: [1, 2, 3, 9], price: [1.5, null, 2.5, 9.5] });
            const removed = signal();
            await copyView.on_remove(removed.resolve);
            await table.remove([1, 2]);
            await removed.promise;
            assert.deepEqual(await copyView.to_columns(), { id: [3, 9], price: [2.5, 9.5] });
            const grouped = await client.table(await table.view({ group_by: ["name"], columns: ["price"] }));
            assert.equal(await grouped.get_index(), undefined);
            assert.deepEqual(await grouped.columns(), ["name (Group by 1)", "price"]);
        });

        test("a replica stays equal to its view", async () => {
            const { client, table } = await opened();
            const configs = [
                { columns: ["id", "price"] },
                { columns: ["id", "price"], filter: [["price", "<", 5]] },
                { columns: ["price"], group_by: ["ok"], aggregates: { price: "sum" } },
            ];
            const pairs = [];
            for (const config of configs) {
                const view = await table.view(config);
                pairs.push({ view, replica: await (await client.replicate(view)).view() });
            }
            const rows = async (view) => {
                const columns = await view.to_columns();
                return [columns.id, columns.price];
            };
            const equal = async () => {
                for (const { view, replica } of pairs) {
                    if (JSON.stringify(await rows(view)) !== JSON.stringify(await rows(replica))) {
                        return false;
                    }
                }
                return true;
            };
            let changed = signal();
            for (const { replica } of pairs) {
                await replica.on_update(() => changed.resolve());
            }
            const settled = async (changes) => {
                await changes();
                while (!(await equal())) {
                    await changed.promise;
                    changed = signal();
                }
            };
            await settled(() => table.update([{ id: 7, price: 3.5, ok: true }]));
            await settled(() => table.update([{ id: 1, price: 8.5 }]));
            await settled(() => table.remove([3, 7]));
            await settled(() => table.clear());
            const split = await table.view({ split_by: ["ok"] });
            await assert.rejects(client.replicate(split), { message: /`split_by` cannot be replicated/ });
        });

        test("a proxy session carries another client", async () => {
            const { client, table } = await opened();
            const proxied = new Client((request) => proxy.handle_request(request));
            const proxy = client.new_proxy_session((response) => proxied.handle_response(response));
            const remote = await proxied.open_table(await table.get_name());
            const view = await remote.view({ columns: ["id"] });
            assert.deepEqual(await view.to_columns(), { id: [1, 2, 3] });
            let told = signal();
            await view.on_update(() => told.resolve());
            // One at a time: updates that a server finds waiting make one notification.
            for (const id of [1, 2]) {
                await table.update([{ id, price: 0 }]);
                await told.promise;
                told = signal();
            }
        });

        test("objects tell what they are", async () => {
            const { client, table } = await opened();
            const view = await table.view();
            assert.ok(client instanceof Client && table instanceof Table && view instanceof View);
            assert.equal(client.__getClassname(), "Client");
            assert.equal(table.__getClassname(), "Table");
            assert.equal(view.__get_model(), view);
            const reopened = client.__unsafe_open_view(view.__unsafe_get_name());
            assert.equal(await reopened.num_rows(), 3);
        });

        test("system_info gives numbers", async () => {
            const info = await (await backend.connect()).system_info();
            for (const key of ["heap_size", "used_size", "cpu_time", "cpu_time_epoch", "client_heap", "client_used"]) {
                assert.equal(typeof info[key], "number", key);
            }
        });
    });
}
