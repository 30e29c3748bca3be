/**
 * Identifiers that clients choose: message ids and entity names.
 *
 * Several clients may share one session through a proxy without renumbering, so both must be unlikely to collide.
 */

const LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
const NAME_LENGTH = 21;

/** A name for a table or view: 21 random letters. */
export function randomName(): string {
    // 52 letters do not divide 256: bytes from 208 up are skipped, or the first letters would come more often.
    let name = "";
    while (name.length < NAME_LENGTH) {
        for (const byte of crypto.getRandomValues(new Uint8Array(32))) {
            if (byte < 208 && name.length < NAME_LENGTH) {
                name += LETTERS[byte % LETTERS.length];
            }
        }
    }
    return name;
}

/**
 * Walks a random permutation of the 32-bit numbers, so that no id comes twice before all were used.
 * Zero is left out: servers answer undecodable input with it.
 */
export class MessageIds {
    #counter: number;
    readonly #mask: number;

    constructor() {
        const [counter, mask] = crypto.getRandomValues(new Uint32Array(2));
        this.#counter = counter ?? 0;
        this.#mask = mask ?? 0;
    }

    next(): number {
        let id: number;
        do {
            this.#counter = (this.#counter + 1) >>> 0;
            // Each step is a bijection on 32 bits: odd multiplications and xor with shifted or fixed bits.
            id = Math.imul(this.#counter, 0x9e3779b1);
            id ^= id >>> 16;
            id = (Math.imul(id, 0x85ebca6b) ^ this.#mask) >>> 0;
        } while (id === 0);
        return id;
    }
}
