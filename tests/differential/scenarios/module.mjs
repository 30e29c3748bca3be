// What the module offers beyond tables: servers, sessions, clients, sockets, ports.

import { once } from "node:events";
import { createServer } from "node:net";
import { SALES } from "../fixtures.mjs";

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

export default {
  "module: exports": async ({ perspective, exports, step }) => {
    for (const name of ["table", "join", "websocket", "worker", "host_supports_memory64", "get_hosted_table_names", "on_hosted_tables_update",
      "remove_hosted_tables_update", "on_error", "system_info", "WebSocketServer", "GenericSQLVirtualServerModel", "VirtualDataSlice", "VirtualServer"]) {
      await step(`default ${name}`, () => typeof perspective[name]);
      await step(`named ${name}`, () => typeof exports[name]);
    }
    for (const name of ["PerspectiveServer", "make_session", "make_client", "cwd_static_file_handler", "createMessageHandler"]) {
      await step(`named ${name}`, () => typeof exports[name]);
    }
    await step("memory64", () => typeof perspective.host_supports_memory64());
  },
  "module: methods": async ({ perspective, step }) => {
    const table = await perspective.table(SALES);
    const view = await table.view();
    const client = await table.get_client();
    const methods = (object) => {
      const names = Object.getOwnPropertyNames(Object.getPrototypeOf(object)).filter((name) => !name.startsWith("__destroy"));
      return names.sort();
    };
    await step("dispose", () => [client, table, view].map((object) => typeof object[Symbol.dispose ?? Symbol.for("dispose")]));
    // Ours may offer more.
    for (const [kind, object, names] of [
      ["client", client, ["__getClassname", "__unsafe_open_view", "free", "get_hosted_table_names", "handle_error", "handle_response", "join", "new_proxy_session",
        "on_error", "on_hosted_tables_update", "open_table", "remove_hosted_tables_update", "system_info", "table", "terminate"]],
      ["table", table, ["__getClassname", "clear", "columns", "delete", "free", "get_client", "get_index", "get_limit", "get_name", "make_port", "on_delete", "remove",
        "remove_delete", "replace", "schema", "size", "update", "validate_expressions", "view"]],
      ["view", view, ["__get_model", "__unsafe_get_name", "collapse", "column_paths", "delete", "dimensions", "expand", "expression_schema", "free", "get_config",
        "get_min_max", "num_columns", "num_rows", "on_delete", "on_remove", "on_update", "remove_delete", "remove_remove", "remove_update", "schema", "set_depth",
        "to_arrow", "to_columns", "to_columns_string", "to_csv", "to_json", "to_json_string", "to_ndjson", "with_typed_arrays"]],
    ]) {
      await step(kind, () => names.filter((name) => !methods(object).includes(name)));
    }
  },
  "module: system_info": async ({ perspective, step }) => {
    await step("fields", async () => Object.keys(await perspective.system_info()).sort());
    await step("kinds", async () => {
      const { timestamp, ...info } = await perspective.system_info();
      return Object.values(info).every((value) => typeof value === "number");
    });
  },
  "module: hosted tables of the process": async ({ perspective, step }) => {
    await perspective.table(SALES, { name: "process-table" });
    await step("names", async () => (await perspective.get_hosted_table_names()).includes("process-table"));
    const id = await perspective.on_hosted_tables_update(() => {});
    await step("id", () => typeof id);
    await step("remove", () => perspective.remove_hosted_tables_update(id));
    await step("on_error", async () => typeof (await perspective.on_error(() => {})));
  },
  "module: a server, sessions and clients": async ({ freshClient, step }) => {
    const { client, connect } = await freshClient();
    const table = await client.table(SALES, { name: "shared" });
    const other = await connect();
    const view = await (await other.open_table("shared")).view({ group_by: ["region"], columns: ["sales"] });
    let told = 0;
    await view.on_update(() => {
      told += 1;
    });
    await table.update(SALES.slice(0, 1));
    await new Promise((done) => setTimeout(done, 10));
    await step("told", () => told);
    await step("rows", () => view.to_json());
    await step("terminate", () => client.terminate());
  },
  "module: a websocket": async ({ perspective, exports, step }) => {
    const port = await freePort();
    const { client: hosting, server } = await (async () => {
      const made = new exports.PerspectiveServer();
      let session;
      const own = exports.make_client(async (bytes) => session.handle_request(bytes.slice()));
      session = await made.make_session(async (bytes) => own.handle_response(bytes.slice()));
      return { client: own, server: made };
    })();
    const sockets = new perspective.WebSocketServer({ port, assets: [], server });
    const hosted = await hosting.table(SALES, { name: "over-the-wire", index: "sales" });
    const client = await perspective.websocket(`ws://localhost:${port}/websocket`);
    await step("names", () => client.get_hosted_table_names());
    const table = await client.open_table("over-the-wire");
    await step("index", () => table.get_index());
    await step("size", () => table.size());
    await step("schema", () => table.schema());
    const view = await table.view({ group_by: ["region"], columns: ["sales"] });
    await step("rows", () => view.to_json());
    const told = new Promise((done) => view.on_update(done));
    await view.num_rows();
    await hosted.update([{ region: "South", sales: 5 }]);
    await step("told", async () => (await told).port_id);
    await step("rows after", () => view.to_json());
    const errors = [];
    await client.on_error((error, reconnect) => errors.push([error.message, typeof reconnect]));
    await step("terminate", () => client.terminate());
    await step("close", () => sockets.close());
  },
  "module: no server to connect to": async ({ perspective, step }) => {
    const port = await freePort();
    await step("rejects", async () => {
      try {
        await perspective.websocket(`ws://localhost:${port}/websocket`);
        return "connected";
      } catch {
        return "rejected";
      }
    });
  },
  "module: a client that cannot be terminated": async ({ perspective, step }) => {
    const client = await (await perspective.table([{ a: 1 }])).get_client();
    await step("terminate", () => client.terminate());
  },
  "module: a proxy session": async ({ perspective, exports, step }) => {
    const client = await (await perspective.table(SALES, { name: "proxied" })).get_client();
    let proxy;
    const through = exports.make_client(async (bytes) => proxy.handle_request(bytes.slice()));
    proxy = client.new_proxy_session((bytes) => through.handle_response(bytes.slice()));
    const table = await through.open_table("proxied");
    await step("size", () => table.size());
    const view = await table.view({ columns: ["sales"], filter: [["sales", ">", 60]] });
    await step("rows", () => view.to_json());
    let told = 0;
    await view.on_update(() => {
      told += 1;
    });
    await table.update(SALES.slice(0, 1));
    await new Promise((done) => setTimeout(done, 10));
    await step("told", () => told);
    await step("close", async () => typeof (await proxy.close()));
  },
  "module: errors of the transport": async ({ exports, step }) => {
    const client = exports.make_client(async () => {
      throw new Error("no way through");
    });
    await step("table", () => client.table({ a: [1] }));
    await step("names", () => client.get_hosted_table_names());
    const silent = exports.make_client(async () => {});
    const waiting = silent.get_hosted_table_names();
    const told = [];
    await silent.on_error((error, reconnect) => told.push([error.message, typeof reconnect]));
    await silent.handle_error("it broke");
    await step("pending", () => waiting);
    await new Promise((done) => setTimeout(done, 10));
    await step("told", () => told);
  },
};
