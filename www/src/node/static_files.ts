/** Static files over HTTP, as far as a page and its engine need them. */

import { createReadStream } from "node:fs";
import { realpath, stat } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { extname, join, resolve, sep } from "node:path";
import { pipeline } from "node:stream/promises";

const TYPES: ReadonlyMap<string, string> = new Map([
    [".html", "text/html; charset=utf-8"],
    [".js", "text/javascript"],
    [".mjs", "text/javascript"],
    [".css", "text/css"],
    [".json", "application/json"],
    [".map", "application/json"],
    [".wasm", "application/wasm"],
    [".svg", "image/svg+xml"],
    [".png", "image/png"],
    [".ico", "image/x-icon"],
    [".csv", "text/csv"],
    [".arrow", "application/vnd.apache.arrow.stream"],
]);

/** Answers a request with a file from the first of the folders that has it, or with 404. */
export async function cwd_static_file_handler(
    request: IncomingMessage,
    response: ServerResponse,
    assets: readonly string[] = ["./"],
    { debug = false }: { debug?: boolean } = {},
): Promise<void> {
    try {
        const path = decodeURIComponent(new URL(request.url ?? "/", "http://localhost").pathname);
        for (const folder of assets) {
            const file = await find(folder, path);
            if (file !== undefined) {
                response.writeHead(200, {
                    "content-type": TYPES.get(extname(file)) ?? "application/octet-stream",
                    "cache-control": "no-cache",
                });
                await pipeline(createReadStream(file), response);
                log(debug, 200, path);
                return;
            }
        }
        response.writeHead(404, { "content-type": "text/plain; charset=utf-8" });
        response.end("not found");
        log(debug, 404, path);
    } catch (error) {
        // A malformed address, a file that cannot be read, a reader that left.
        log(debug, 500, String(error));
        if (!response.headersSent) {
            response.writeHead(500, { "content-type": "text/plain; charset=utf-8" });
        }
        response.end();
    }
}

/** The file at a path below a folder. What lies outside, also by way of a link, is not found. */
async function find(folder: string, path: string): Promise<string | undefined> {
    try {
        const root = await realpath(resolve(folder));
        const wanted = await realpath(join(root, path.endsWith("/") ? `${path}index.html` : path));
        const inside = wanted.startsWith(root.endsWith(sep) ? root : root + sep);
        return inside && (await stat(wanted)).isFile() ? wanted : undefined;
    } catch {
        // There is no such file here.
        return undefined;
    }
}

function log(debug: boolean, status: number, text: string): void {
    if (debug) {
        console.error(`sightline: ${status} ${text}`);
    }
}
