/**
 * Checks of values that callers pass, which TypeScript cannot promise: programs in plain JavaScript, and settings that
 * were stored as JSON. Each check gives the value back with its type, or throws an `Error` that names what is wrong.
 */

/** An object with string keys, as option bags and configurations are. */
export type Bag = Readonly<Record<string, unknown>>;

export function isBag(value: unknown): value is Bag {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** How an error message shows a value. */
export function shown(value: unknown): string {
    switch (typeof value) {
        case "string":
            return `string ${JSON.stringify(value)}`;
        case "number":
            return Number.isInteger(value) ? `integer \`${value}\`` : `floating point \`${value}\``;
        case "boolean":
            return `boolean \`${value}\``;
        case "object":
            return value === null ? "null" : Array.isArray(value) ? "sequence" : "map";
        default:
            return typeof value;
    }
}

export function invalidType(value: unknown, expected: string): Error {
    return new Error(`invalid type: ${shown(value)}, expected ${expected}`);
}

export function text(value: unknown): string {
    if (typeof value !== "string") {
        throw invalidType(value, "a string");
    }
    return value;
}

export function boolean(value: unknown): boolean {
    if (typeof value !== "boolean") {
        throw invalidType(value, "a boolean");
    }
    return value;
}

export function list<T>(value: unknown, element: (value: unknown) => T): T[] {
    if (!Array.isArray(value)) {
        throw invalidType(value, "a sequence");
    }
    return value.map((entry: unknown) => element(entry));
}

export function number(value: unknown): number {
    if (typeof value !== "number") {
        throw invalidType(value, "f64");
    }
    return value;
}

/** A whole number from 0 to 2^32 - 1. */
export function count(value: unknown): number {
    if (typeof value !== "number" || !Number.isInteger(value)) {
        throw invalidType(value, "u32");
    }
    if (value < 0 || value > 0xffff_ffff) {
        throw new Error(`invalid value: ${shown(value)}, expected u32`);
    }
    return value;
}

/** One of the given words; `words` maps each to what it stands for. */
export function word<T>(value: unknown, words: ReadonlyMap<string, T>): T {
    const spelled = text(value);
    const meaning = words.get(spelled);
    if (meaning === undefined) {
        throw new Error(`unknown variant \`${spelled}\`, expected ${alternatives([...words.keys()])}`);
    }
    return meaning;
}

/** The value, checked, unless it is absent or null. */
export function optional<T>(value: unknown, check: (value: unknown) => T): T | undefined {
    return value === undefined || value === null ? undefined : check(value);
}

function alternatives(words: string[]): string {
    const quoted = words.map((entry) => `\`${entry}\``);
    return quoted.length > 2 ? `one of ${quoted.join(", ")}` : quoted.join(" or ");
}

/** Refuses keys that are not among the `known`. */
export function knownFields(bag: Bag, known: readonly string[]): void {
    for (const key of Object.keys(bag)) {
        if (!known.includes(key)) {
            throw new Error(`unknown field \`${key}\`, expected ${alternatives([...known])}`);
        }
    }
}
