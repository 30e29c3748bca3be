// A websocket server in front of a backend's sessions, whose line can be cut.

import { createServer } from "node:http";
import { WebSocketServer } from "ws";

/** Serves `makeSession(send)`, which gives `{handle_request, close}`, on a free port of the loopback interface. */
export async function serveSockets(makeSession) {
    const http = createServer();
    let accepting = true;
    const sockets = new WebSocketServer({ server: http, verifyClient: () => accepting });
    sockets.on("connection", async (socket) => {
        const early = [];
        let session;
        socket.on("message", (data) => {
            if (session === undefined) {
                early.push(data);
            } else {
                session.handle_request(data);
            }
        });
        session = await makeSession(async (response) => socket.send(response.slice()));
        socket.on("close", () => session.close());
        for (const data of early) {
            session.handle_request(data);
        }
    });
    await new Promise((resolve) => http.listen(0, "127.0.0.1", resolve));
    return {
        url: `ws://127.0.0.1:${http.address().port}/websocket`,
        /** Breaks every connection, as a network does. */
        cut() {
            for (const socket of sockets.clients) {
                socket.terminate();
            }
        },
        /** Breaks every connection, and refuses new ones until `up`. */
        async down() {
            accepting = false;
            const closed = [...sockets.clients].map((socket) => new Promise((done) => socket.once("close", done)));
            this.cut();
            await Promise.all(closed);
        },
        up() {
            accepting = true;
        },
        async close() {
            this.cut();
            await new Promise((resolve) => http.close(resolve));
        },
    };
}
