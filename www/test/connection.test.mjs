// What the client does when the other side does not do its part. No server: the test writes the answers.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Client } from "../dist/node.js";

/** A client whose requests are kept, and whose errors are collected. */
async function alone(close) {
    const sent = [];
    const client = new Client((request) => {
        sent.push(request);
    }, close);
    const errors = [];
    await client.on_error((error, reconnect) => errors.push({ message: error.message, reconnect }));
    return { client, sent, errors };
}

/** The message id that a request begins with, still as a varint. */
function idOf(request) {
    const end = request.findIndex((byte, at) => at > 0 && byte < 0x80);
    return [...request.slice(1, end + 1)];
}

/** A response: the id of a request, then fields as they are. */
function answer(request, ...fields) {
    return Uint8Array.from([0x08, ...idOf(request), ...fields]);
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test("an answer without content and one of the wrong kind fail the call", async () => {
    const { client, sent } = await alone();
    const first = client.get_hosted_table_names();
    await client.handle_response(answer(sent[0]));
    await assert.rejects(first, {
        message: "Unknown error: Unexpected response without content, expected getHostedTablesResp",
    });
    const second = client.get_hosted_table_names();
    // Field 8, table_size_resp.
    await client.handle_response(answer(sent[1], 0x42, 0x00));
    await assert.rejects(second, {
        message: "Unknown error: Unexpected response tableSizeResp, expected getHostedTablesResp",
    });
});

test("answers are matched by id, in any order, and from an ArrayBuffer too", async () => {
    const { client, sent } = await alone();
    const first = client.get_hosted_table_names();
    const second = client.get_hosted_table_names();
    const named = (name) => [0x22, name.length + 4, 0x0a, name.length + 2, 0x0a, name.length, ...Buffer.from(name)];
    await client.handle_response(answer(sent[1], ...named("two")).buffer);
    await client.handle_response(answer(sent[0], ...named("one")));
    assert.deepEqual(await Promise.all([first, second]), [["one"], ["two"]]);
    assert.notDeepEqual(idOf(sent[0]), idOf(sent[1]));
});

test("bytes that are no response are reported and disturb nothing", async () => {
    const { client, sent, errors } = await alone();
    const call = client.get_hosted_table_names();
    await client.handle_response(Uint8Array.of(0xff, 0xff, 0xff));
    await client.handle_response(answer(sent[0], 0x22, 0x00));
    assert.deepEqual(await call, []);
    assert.match(errors[0].message, /^Unknown error: the server sent what is not a response: /);
});

test("an answer that nobody waits for is ignored", async () => {
    const { client, errors } = await alone();
    await client.handle_response(Uint8Array.of(0x08, 0x05, 0x22, 0x00));
    await turn();
    assert.deepEqual(errors, []);
});

test("a request that cannot be sent fails its call", async () => {
    const broken = new Client(async () => {
        throw new Error("no line");
    });
    await assert.rejects(broken.get_hosted_table_names(), { message: "no line" });
    await assert.rejects(
        broken.on_hosted_tables_update(() => {}),
        { message: "no line" },
    );
});

test("status codes have their own texts", async () => {
    const { client, sent } = await alone();
    const failing = async (...error) => {
        const call = client.get_hosted_table_names();
        await client.handle_response(answer(sent.at(-1), 0x92, 0x03, error.length, ...error));
        return await call.catch((thrown) => thrown.message);
    };
    assert.equal(await failing(0x0a, 0x01, 0x78), "Abort(): x");
    assert.equal(await failing(0x0a, 0x01, 0x78, 0x10, 0x01), "View not found");
    assert.equal(await failing(0x0a, 0x01, 0x78, 0x10, 0x02), "Transport error: x");
});

test("a subscription that is refused is reported", async () => {
    const { client, sent, errors } = await alone();
    await client.on_hosted_tables_update(() => assert.fail("was refused"));
    await client.handle_response(answer(sent[0], 0x92, 0x03, 3, 0x0a, 1, 0x78));
    await turn();
    assert.equal(errors[0].message, "Abort(): x");
});

test("handle_error fails what is under way and offers to reconnect", async () => {
    const { client, errors } = await alone();
    const call = client.get_hosted_table_names();
    let reconnected = 0;
    await client.handle_error("gone", async () => {
        reconnected += 1;
        throw new Error("still gone");
    });
    await assert.rejects(call, { message: "Transport error: gone" });
    assert.equal(errors[0].message, "Unknown error: gone");
    await assert.rejects(errors[0].reconnect(), { message: "still gone" });
    assert.equal(reconnected, 1);
});

test("without a way to reconnect the offered function says so", async () => {
    const { client, errors } = await alone();
    await client.handle_error("gone");
    await turn();
    await assert.rejects(errors[0].reconnect(), { message: "Transport error: this client cannot reconnect" });
});

test("terminate closes once, and needs something to close", async () => {
    let closed = 0;
    const { client } = await alone(() => {
        closed += 1;
    });
    const call = client.get_hosted_table_names();
    client.terminate();
    assert.equal(closed, 1);
    await assert.rejects(call, { message: "Transport error: the client was terminated" });
    const { client: endless } = await alone();
    assert.throws(() => endless.terminate(), { message: "Client type cannot be terminated" });
});

test("a callback that throws keeps no other from being called", async (t) => {
    const logged = t.mock.method(console, "error", () => {});
    const { client, sent } = await alone();
    let told = 0;
    await client.on_hosted_tables_update(() => {
        throw new Error("mine");
    });
    await client.on_hosted_tables_update(() => {
        told += 1;
    });
    await client.handle_response(answer(sent[0]));
    await client.handle_response(answer(sent[1]));
    await turn();
    assert.equal(told, 1);
    assert.equal(logged.mock.callCount(), 1);
});
