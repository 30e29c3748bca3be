/**
 * Reads Arrow IPC streams, as far as views produce them: one schema, dictionaries, and the first record batch, without
 * compression. Values stay where they are in the message; nothing is converted here.
 *
 * Only the layout is known to this file. What the columns become is `typed_arrays`'s business.
 */

/** Type of a column as far as its buffers go. */
export type ArrowType =
    | { readonly kind: "int"; readonly bits: number; readonly signed: boolean }
    | { readonly kind: "float"; readonly bits: 32 | 64 }
    | { readonly kind: "bool" }
    | { readonly kind: "text"; readonly wide: boolean }
    | { readonly kind: "date"; readonly unit: "day" | "ms" }
    | { readonly kind: "timestamp"; readonly perSecond: number }
    | { readonly kind: "null" };

export interface ArrowColumn {
    readonly name: string;
    readonly type: ArrowType;
    readonly length: number;
    readonly nulls: number;
    /** Bitmap, least significant bit first; empty when all values are valid. */
    readonly validity: Uint8Array;
    /** Values, or the codes of a dictionary column. */
    readonly values: Uint8Array;
    /** Ends of the strings of a text column that has no dictionary. */
    readonly offsets: Uint8Array;
    /** The strings that codes stand for. */
    readonly dictionary: readonly string[] | undefined;
}

interface Field {
    readonly name: string;
    /** Type of the codes, for a dictionary column. */
    readonly type: ArrowType;
    readonly dictionary: bigint | undefined;
    readonly valueType: ArrowType;
}

const MESSAGE_SCHEMA = 1;
const MESSAGE_DICTIONARY = 2;
const MESSAGE_RECORDS = 3;
const CONTINUATION = 0xffff_ffff;

/**
 * The columns of the first record batch.
 *
 * @throws when the stream is damaged, or holds what is not read here.
 */
export function readArrow(stream: Uint8Array): ArrowColumn[] {
    try {
        return readStream(stream);
    } catch (error) {
        if (error instanceof RangeError) {
            // Every read is checked by the platform: one that points outside is damage.
            throw new Error(`Arrow IPC stream is damaged: ${error.message}`);
        }
        throw error;
    }
}

function readStream(stream: Uint8Array): ArrowColumn[] {
    let fields: Field[] = [];
    const dictionaries = new Map<bigint, readonly string[]>();
    for (const { kind, header, body } of messages(stream)) {
        if (kind === MESSAGE_SCHEMA) {
            fields = header.tables(1).map(readField);
        } else if (kind === MESSAGE_DICTIONARY) {
            const id = header.long(0);
            const batch = header.table(1);
            const type = fields.find((field) => field.dictionary === id)?.valueType;
            if (batch === undefined || type === undefined) {
                throw new Error(`Arrow IPC dictionary ${id} belongs to no column`);
            }
            const name = `dictionary ${id}`;
            const [column] = readBatch(
                [{ name, type, valueType: type, dictionary: undefined }],
                batch,
                body,
                dictionaries,
            );
            const texts = column === undefined ? [] : strings(column);
            const before = header.bool(2) ? (dictionaries.get(id) ?? []) : [];
            dictionaries.set(id, [...before, ...texts]);
        } else if (kind === MESSAGE_RECORDS) {
            return readBatch(fields, header, body, dictionaries);
        }
    }
    throw new Error("Arrow IPC contained no record batches");
}

/** The strings of a text column; a null reads as the empty string. */
export function strings(column: ArrowColumn): string[] {
    if (column.type.kind !== "text") {
        throw new Error(`Arrow column "${column.name}" is not text`);
    }
    const view = dataView(column.offsets);
    const at = column.type.wide
        ? (row: number) => Number(view.getBigInt64(row * 8, true))
        : (row: number) => view.getInt32(row * 4, true);
    const decoder = new TextDecoder();
    return Array.from({ length: column.length }, (_, row) =>
        decoder.decode(column.values.subarray(at(row), at(row + 1))),
    );
}

interface Message {
    readonly kind: number;
    readonly header: FlatTable;
    readonly body: Uint8Array;
}

function* messages(stream: Uint8Array): Generator<Message> {
    const view = dataView(stream);
    let at = 0;
    while (at + 4 <= stream.length) {
        let size = view.getUint32(at, true);
        at += 4;
        if (size === CONTINUATION) {
            size = view.getUint32(at, true);
            at += 4;
        }
        if (size === 0) {
            return;
        }
        const message = FlatTable.root(view, at);
        at += size;
        const bodySize = Number(message.long(3));
        const header = message.table(2);
        if (header === undefined || bodySize < 0 || at + bodySize > stream.length) {
            throw new Error("Arrow IPC stream is cut short");
        }
        yield { kind: message.byte(1), header, body: stream.subarray(at, at + bodySize) };
        at += bodySize;
    }
}

function readField(field: FlatTable): Field {
    const name = field.text(0);
    const valueType = readType(field, name);
    const dictionary = field.table(4);
    if (dictionary === undefined) {
        return { name, type: valueType, valueType, dictionary: undefined };
    }
    const codes = dictionary.table(1);
    const type: ArrowType =
        codes === undefined
            ? { kind: "int", bits: 32, signed: true }
            : { kind: "int", bits: codes.int(0), signed: codes.bool(1) };
    return { name, type, valueType, dictionary: dictionary.long(0) };
}

/** Units of times and timestamps in the order of their numbers. */
const PER_SECOND = [1, 1e3, 1e6, 1e9];

function readType(field: FlatTable, name: string): ArrowType {
    const type = field.table(3);
    switch (field.byte(2)) {
        case 1:
            return { kind: "null" };
        case 2:
            return { kind: "int", bits: type?.int(0) ?? 0, signed: type?.bool(1) ?? false };
        case 3:
            switch (type?.short(0) ?? 0) {
                case 1:
                    return { kind: "float", bits: 32 };
                case 2:
                    return { kind: "float", bits: 64 };
                default:
                    throw new Error(`Arrow column "${name}" has half precision numbers, which are not read here`);
            }
        case 5:
            return { kind: "text", wide: false };
        case 6:
            return { kind: "bool" };
        case 8:
            // The format's default unit is the millisecond.
            return { kind: "date", unit: (type?.short(0, 1) ?? 1) === 0 ? "day" : "ms" };
        case 10:
            return { kind: "timestamp", perSecond: PER_SECOND[type?.short(0) ?? 0] ?? 1 };
        case 20:
            return { kind: "text", wide: true };
        default:
            throw new Error(`Arrow column "${name}" has a type that is not read here: ${field.byte(2)}`);
    }
}

function readBatch(
    fields: readonly Field[],
    batch: FlatTable,
    body: Uint8Array,
    dictionaries: ReadonlyMap<bigint, readonly string[]>,
): ArrowColumn[] {
    if (batch.table(3) !== undefined) {
        throw new Error("Arrow IPC is compressed, which is not read here");
    }
    const nodes = batch.structs(1, 16);
    const buffers = batch.structs(2, 16);
    let nextBuffer = 0;
    const buffer = (): Uint8Array => {
        const at = buffers[nextBuffer++];
        if (at === undefined) {
            throw new Error("Arrow IPC record batch lacks buffers");
        }
        const start = Number(batch.longAt(at));
        return body.subarray(start, start + Number(batch.longAt(at + 8)));
    };
    return fields.map(({ name, type, dictionary }, position) => {
        const node = nodes[position];
        if (node === undefined) {
            throw new Error(`Arrow IPC record batch lacks column "${name}"`);
        }
        const hasBuffers = type.kind !== "null";
        return {
            name,
            type,
            length: Number(batch.longAt(node)),
            nulls: Number(batch.longAt(node + 8)),
            validity: hasBuffers ? buffer() : new Uint8Array(),
            offsets: type.kind === "text" ? buffer() : new Uint8Array(),
            values: hasBuffers ? buffer() : new Uint8Array(),
            dictionary: dictionary === undefined ? undefined : (dictionaries.get(dictionary) ?? []),
        };
    });
}

/** A table of a flatbuffer: fields are found through a table of offsets, and absent ones have defaults. */
class FlatTable {
    readonly #view: DataView;
    readonly #at: number;
    readonly #offsets: number;

    private constructor(view: DataView, at: number) {
        this.#view = view;
        this.#at = at;
        this.#offsets = at - view.getInt32(at, true);
    }

    static root(view: DataView, at: number): FlatTable {
        return new FlatTable(view, at + view.getUint32(at, true));
    }

    byte(field: number): number {
        const at = this.#find(field);
        return at === 0 ? 0 : this.#view.getUint8(at);
    }

    bool(field: number): boolean {
        return this.byte(field) !== 0;
    }

    short(field: number, absent = 0): number {
        const at = this.#find(field);
        return at === 0 ? absent : this.#view.getInt16(at, true);
    }

    int(field: number): number {
        const at = this.#find(field);
        return at === 0 ? 0 : this.#view.getInt32(at, true);
    }

    long(field: number): bigint {
        const at = this.#find(field);
        return at === 0 ? 0n : this.#view.getBigInt64(at, true);
    }

    text(field: number): string {
        const at = this.#follow(field);
        if (at === 0) {
            return "";
        }
        const { buffer, byteOffset } = this.#view;
        const length = this.#view.getUint32(at, true);
        return new TextDecoder().decode(new Uint8Array(buffer, byteOffset + at + 4, length));
    }

    table(field: number): FlatTable | undefined {
        const at = this.#follow(field);
        return at === 0 ? undefined : new FlatTable(this.#view, at);
    }

    tables(field: number): FlatTable[] {
        return this.structs(field, 4).map((at) => FlatTable.root(this.#view, at));
    }

    /** Positions of the elements of a vector. */
    structs(field: number, size: number): number[] {
        const at = this.#follow(field);
        const length = at === 0 ? 0 : this.#view.getUint32(at, true);
        if (at + length * size > this.#view.byteLength) {
            throw new RangeError("a list reaches beyond the end");
        }
        return Array.from({ length }, (_, position) => at + 4 + position * size);
    }

    /** The number at a position that `structs` gave. */
    longAt(at: number): bigint {
        return this.#view.getBigInt64(at, true);
    }

    /** Position of a field, 0 when it is absent. */
    #find(field: number): number {
        const slot = 4 + 2 * field;
        if (slot >= this.#view.getUint16(this.#offsets, true)) {
            return 0;
        }
        const offset = this.#view.getUint16(this.#offsets + slot, true);
        return offset === 0 ? 0 : this.#at + offset;
    }

    #follow(field: number): number {
        const at = this.#find(field);
        return at === 0 ? 0 : at + this.#view.getUint32(at, true);
    }
}

function dataView(bytes: Uint8Array): DataView {
    return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
