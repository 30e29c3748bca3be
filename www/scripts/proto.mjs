// Generates src/proto from the protocol's .proto file. With --check, says instead whether it is fresh.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const www = fileURLToPath(new URL("..", import.meta.url));
const generated = "src/proto/sightline_pb.ts";

function generate(out) {
    const path = `${join(www, "node_modules/.bin")}:${process.env["PATH"]}`;
    const template = JSON.stringify({
        version: "v2",
        plugins: [{ local: "protoc-gen-es", out, opt: ["target=ts", "import_extension=js"] }],
    });
    execFileSync("buf", ["generate", "../engine/protocol/proto", "--template", template], {
        cwd: www,
        env: { ...process.env, PATH: path },
        stdio: "inherit",
    });
}

if (process.argv.includes("--check")) {
    const out = mkdtempSync(join(tmpdir(), "sightline-proto-"));
    try {
        generate(out);
        const fresh = readFileSync(join(out, "sightline_pb.ts"), "utf8");
        if (fresh !== readFileSync(join(www, generated), "utf8")) {
            console.error(`${generated} is older than the .proto file: run npm run proto`);
            process.exitCode = 1;
        }
    } finally {
        rmSync(out, { recursive: true });
    }
} else {
    generate("src/proto");
}
