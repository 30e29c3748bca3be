/**
 * The process of one engine in Node: the same commands and answers as the Python workers (`../worker.py`).
 *
 * Run as `node worker.mjs ENGINE`; standard input has one JSON command a line. Work comes as data (`../work.py`).
 */
import { readFileSync, writeSync } from "node:fs";
import { createInterface } from "node:readline";

const ENGINES = {
    sightline: async () => (await import("./views.mjs")).open("sightline"),
    perspective: async () => (await import("./views.mjs")).open("perspective"),
    "duckdb-wasm": async () => (await import("./duck.mjs")).open(),
    arquero: async () => (await import("./arquero.mjs")).open(),
};

const engine = await ENGINES[process.argv[2]]();
let current = "";
let close = async () => {};

/** Runs the function and measures it; what it returns is `[digest, closer]`. */
async function time(work) {
    globalThis.gc?.();
    const cpu = process.cpuUsage();
    const wall = performance.now();
    const [digest, after] = await work();
    const used = process.cpuUsage(cpu);
    const times = { wall: performance.now() - wall, cpu: (used.user + used.system) / 1e3, digest };
    await after?.();
    return times;
}

async function answer(command) {
    switch (command.do) {
        case "version":
            return { version: engine.version };
        case "prepare":
            await engine.prepare(readFileSync(command.dictionary));
            return {};
        case "start":
            return await time(() => engine.start());
        case "work": {
            if (command.name !== current) {
                await close();
                current = command.name;
                close = async () => engine.close?.();
                await engine.begin?.(command.task);
            }
            const work = await engine[command.task.kind]?.(command.task, command);
            return work === undefined ? { unsupported: true } : await time(work);
        }
    }
    throw new Error(`unknown command ${command.do}`);
}

for await (const line of createInterface({ input: process.stdin })) {
    let reply;
    try {
        reply = await answer(JSON.parse(line));
    } catch (error) {
        reply = { error: `${error?.name}: ${error?.message ?? error}` };
    }
    const text = JSON.stringify(reply, (_, value) => (typeof value === "bigint" ? Number(value) : value));
    writeSync(3, `${text}\n`);
}
