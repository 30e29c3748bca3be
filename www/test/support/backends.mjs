// The servers that the client is tested against, each behind the same face: `connect()` gives a client with a session
// of its own on a server that all clients of the backend share.

import { PerspectiveServer } from "@perspective-dev/client/node";
import { make_client, SightlineServer } from "../../dist/node.js";

/** A client in this process over a session. */
async function connectTo(makeSession) {
    // Responses may be views into the engine's memory, which are only good until it runs again.
    const session = await makeSession(async (response) => client.handle_response(response.slice()));
    const client = make_client(
        (request) => session.handle_request(request),
        () => session.close(),
    );
    return client;
}

/** The reference, in this process. */
function reference() {
    const server = new PerspectiveServer();
    return {
        name: "reference",
        makeSession: (send) => server.make_session(send),
        connect: () => connectTo((send) => server.make_session(send)),
        async close() {
            server.delete();
        },
    };
}

/** The engine of this package, in this process. */
function ours() {
    const server = new SightlineServer();
    return {
        name: "ours",
        makeSession: async (send) => server.make_session(send),
        connect: async () => server.make_client(),
        async close() {
            server.delete();
        },
    };
}

export const BACKENDS = [reference, ours];
