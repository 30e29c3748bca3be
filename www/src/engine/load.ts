/**
 * Loads the engine's wasm module, once for each page, worker or process.
 *
 * A module that comes from a `Response` is compiled while it arrives. Each way in which loading fails has its own
 * message, for it stands before people who did not write the page.
 */

import initialize, { initSync } from "../../pkg/sightline_engine.js";

export type WasmSource = Response | ArrayBuffer | Uint8Array<ArrayBuffer> | WebAssembly.Module;

let loading: Promise<void> | undefined;

/** Loads the module from what `source` gives; only the first call in a page, worker or process has an effect. */
export function loadEngine(source: () => WasmSource | Promise<WasmSource>): Promise<void> {
    loading ??= load(source).catch((error: unknown) => {
        loading = undefined;
        throw error;
    });
    return loading;
}

/** As `loadEngine`, at once, for hosts that can read the file. */
export function loadEngineSync(read: () => Uint8Array<ArrayBuffer>): void {
    if (loading === undefined) {
        initSync({ module: read() });
        loading = Promise.resolve();
    }
}

async function load(source: () => WasmSource | Promise<WasmSource>): Promise<void> {
    if (typeof WebAssembly === "undefined") {
        throw new Error("cannot load the engine: this browser has no WebAssembly");
    }
    const module = await compile(await source());
    await initialize({ module_or_path: module });
}

async function compile(source: WasmSource): Promise<WebAssembly.Module> {
    if (source instanceof WebAssembly.Module) {
        return source;
    }
    try {
        if (source instanceof Response) {
            return await compileResponse(source);
        }
        return await WebAssembly.compile(source);
    } catch (error) {
        throw explained(error);
    }
}

async function compileResponse(response: Response): Promise<WebAssembly.Module> {
    if (!response.ok) {
        throw new Error(`cannot load the engine: ${response.url} answered ${response.status} ${response.statusText}`);
    }
    const type = response.headers.get("content-type") ?? "";
    if (type.startsWith("application/wasm")) {
        return await WebAssembly.compileStreaming(response);
    }
    // A server that does not know the type of wasm files. One that answers with its start page is caught here.
    const bytes = await response.arrayBuffer();
    if (new DataView(bytes).byteLength < 4 || new DataView(bytes).getUint32(0, false) !== 0x0061736d) {
        throw new Error(`cannot load the engine: ${response.url} is not a wasm file but ${type || "of unknown type"}`);
    }
    return await WebAssembly.compile(bytes);
}

/** The smallest module that needs 128-bit SIMD: a function that makes a vector and drops it. */
const SIMD_PROBE = Uint8Array.of(
    0,
    97,
    115,
    109,
    1,
    0,
    0,
    0,
    1,
    5,
    1,
    96,
    0,
    1,
    123,
    3,
    2,
    1,
    0,
    10,
    10,
    1,
    8,
    0,
    65,
    0,
    253,
    15,
    253,
    98,
    11,
);

function explained(error: unknown): Error {
    const message = error instanceof Error ? error.message : String(error);
    if (message.startsWith("cannot load the engine")) {
        return new Error(message);
    }
    if (/unsafe-eval|Content Security Policy/i.test(message)) {
        return new Error(
            "cannot load the engine: the page's content security policy forbids WebAssembly; " +
                "allow it by 'wasm-unsafe-eval' in script-src",
        );
    }
    if (!WebAssembly.validate(SIMD_PROBE)) {
        return new Error("cannot load the engine: this browser's WebAssembly has no SIMD; a newer version has it");
    }
    return new Error(`cannot load the engine: ${message}`);
}
