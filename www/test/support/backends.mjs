// The servers that the client is tested against, each behind the same face: `connect()` gives a client with a session
// of its own on a server that all clients of the backend share.

import { PerspectiveServer } from "@perspective-dev/client/node";
import { make_client } from "../../dist/node.js";

/** The reference, in this process. */
function reference() {
    const server = new PerspectiveServer();
    return {
        name: "reference",
        async connect() {
            // The reference hands out views into its memory, which are only good until it runs again.
            const session = await server.make_session(async (response) => client.handle_response(response.slice()));
            const client = make_client(
                (request) => session.handle_request(request),
                () => session.close(),
            );
            return client;
        },
        async close() {
            server.delete();
        },
    };
}

export const BACKENDS = [reference];
