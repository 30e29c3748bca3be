// A folder over HTTP on the loopback interface, with headers as a test wants them.

import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";

const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".wasm": "application/wasm",
};

/** The strictest policy under which a page can run the engine. */
export const STRICT_CSP =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; style-src 'self'";

/**
 * Serves `folder`, runs `use(address)` and ends the server. `pages` maps paths to the text of pages that are in no
 * file; `headers` are sent with every answer.
 */
export async function withStaticServer(folder, use, { headers = {}, pages = {} } = {}) {
  const server = createServer(async (request, response) => {
    const path = new URL(request.url, "http://localhost").pathname;
    if (path in pages) {
      response.writeHead(200, { "content-type": TYPES[".html"], ...headers });
      response.end(pages[path]);
      return;
    }
    if (path === "/favicon.ico") {
      // A browser asks for it unbidden, and would report an error.
      response.writeHead(204, headers).end();
      return;
    }
    const file = join(folder, normalize(path));
    const found = await stat(file).catch(() => undefined);
    if (found === undefined || !found.isFile()) {
      response.writeHead(404, { "content-type": "text/plain", ...headers });
      response.end("not found");
      return;
    }
    response.writeHead(200, { "content-type": TYPES[extname(file)] ?? "application/octet-stream", ...headers });
    createReadStream(file).pipe(response);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    return await use(`http://127.0.0.1:${server.address().port}/`);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}
