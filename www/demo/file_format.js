// What a file is: by its first bytes where those say it, else by its name, else by how its text begins.

const BY_NAME = {
    csv: "csv",
    json: "json",
    ndjson: "ndjson",
    jsonl: "ndjson",
    arrow: "arrow",
    arrows: "arrow",
    feather: "arrow",
    ipc: "arrow",
    parquet: "parquet",
    pq: "parquet",
};

/** One of csv, json, columns, ndjson, arrow and parquet. */
export function formatOf(name, bytes) {
    const start = (length) => new TextDecoder("latin1").decode(bytes.subarray(0, length));
    if (start(4) === "PAR1") {
        return "parquet";
    }
    if (start(6) === "ARROW1" || start(4) === "\u00ff\u00ff\u00ff\u00ff") {
        return "arrow";
    }
    const ending = name.slice(name.lastIndexOf(".") + 1).toLowerCase();
    const named = BY_NAME[ending];
    if (named !== undefined && named !== "json") {
        return named;
    }
    const text = new TextDecoder().decode(bytes.subarray(0, 4096)).trimStart();
    if (text.startsWith("[")) {
        return "json";
    }
    if (text.startsWith("{")) {
        // Lines of objects, or one object of columns: the first line of the former is whole.
        return isObject(text.slice(0, text.indexOf("\n"))) && text.indexOf("\n") > 0 ? "ndjson" : "columns";
    }
    return named ?? "csv";
}

function isObject(text) {
    try {
        const value = JSON.parse(text);
        // An object of columns on one line has lists in it, and nothing else.
        return typeof value === "object" && !Object.values(value).every(Array.isArray);
    } catch {
        return false;
    }
}
