// Builds the package into dist/: one module for each entry, with what it needs bundled in, so that it runs without a
// bundler; source maps; and the types.

import { execFileSync } from "node:child_process";
import { copyFileSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const www = fileURLToPath(new URL("..", import.meta.url));
process.chdir(www);
rmSync("dist", { recursive: true, force: true });

const common = {
    bundle: true,
    format: "esm",
    minify: true,
    sourcemap: true,
    outdir: "dist",
    target: "es2022",
    logLevel: "warning",
};

await build({ ...common, entryPoints: ["src/index.ts"], platform: "browser" });
// The grid brings what it stands on, and nothing of the client: style sheets go in as text.
await build({
    ...common,
    entryPoints: { grid: "src/grid/index.ts" },
    platform: "browser",
    loader: { ".css": "text" },
});
await build({ ...common, entryPoints: { "sightline.worker": "src/engine/worker.ts" }, platform: "browser" });
await build({ ...common, entryPoints: ["src/node.ts"], platform: "node", target: "node20", external: ["ws"] });
copyFileSync("pkg/sightline_engine_bg.wasm", "dist/sightline_engine_bg.wasm");

execFileSync("node_modules/.bin/tsc", { stdio: "inherit" });
