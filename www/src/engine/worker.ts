/**
 * Entry of the worker, dedicated or shared: `sightline.worker.js`.
 *
 * A page makes it a `Worker` or `SharedWorker` of type `module`, or hands it to Perspective's `worker(...)`. It finds
 * its wasm file beside itself.
 */

import { type HostPort, PortHost } from "./port_host.js";

const host = new PortHost(() => fetch(new URL("./sightline_engine_bg.wasm", import.meta.url)));

interface SharedScope {
    onconnect: ((event: MessageEvent) => void) | null;
}

function isShared(scope: object): scope is SharedScope {
    return "onconnect" in scope;
}

const scope: object = globalThis;
if (isShared(scope)) {
    scope.onconnect = ({ ports }) => {
        // Setting `onmessage`, as the host does, also starts the port.
        for (const port of ports) {
            host.serve(port);
        }
    };
} else {
    host.serve(scope as HostPort);
}
