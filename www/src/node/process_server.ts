/** The server that all of a process shares unless it makes its own. */

import { SightlineServer } from "./server.js";

let shared: SightlineServer | undefined;

/** The shared server; made when first asked for. */
export function processServer(): SightlineServer {
    shared ??= new SightlineServer();
    return shared;
}
