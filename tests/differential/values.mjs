// Values as they travel between the processes, and when two of them count as the same.

/** A value as JSON, with what JSON cannot say spelled out. */
export function plain(value) {
  if (value === undefined) return { "#": "undefined" };
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number") return Number.isFinite(value) ? value : { "#": String(value) };
  if (typeof value === "bigint") return { "#": `${value}n` };
  if (typeof value === "function") return { "#": "function" };
  if (value instanceof Error) return { "#": "Error", message: value.message };
  if (value instanceof ArrayBuffer) return { "#": "ArrayBuffer" };
  if (ArrayBuffer.isView(value)) return { "#": value.constructor.name, values: [...value].map(plain) };
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Map) return { "#": "Map", entries: [...value].map(plain) };
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, plain(entry)]));
}

/** A text with its floats cut to thirteen digits: the last ones depend on who computed an exponential. */
const rounded = (text) => text.replace(/-?\d+\.\d+(e[+-]?\d+)?/g, (digits) => `~${Number(digits).toPrecision(13)}`);

/** Whether two plain values agree: numbers to eleven digits, the order of keys left out. */
export function agrees(a, b) {
  if (typeof a === "number" && typeof b === "number") {
    return a === b || Math.abs(a - b) <= 1e-11 * Math.max(Math.abs(a), Math.abs(b));
  }
  if (typeof a === "string" && typeof b === "string") return a === b || rounded(a) === rounded(b);
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return a === b;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => key in b && agrees(a[key], b[key]));
}

/**
 * Whether an error says the same. Ours may go on to name the place; the reference's may say where in the JSON of a
 * config that it made itself a fault is, and that an error is an `Error`.
 */
export function saysTheSame(ours, reference) {
  const plainly = reference
    .trim()
    .replace(/^Error: /, "")
    .replace(/ at line 1 column \d+$/, "")
    .replace(/floating point `(-?\d+)\.0`/, "integer `$1`")
    .replace(/\.$/, "");
  return ours.trim().startsWith(plainly);
}
