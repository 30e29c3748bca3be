/**
 * Answers that need no engine: when the engine did not start, or stopped, every request is answered with an error that
 * says why. So even a program that knows nothing of Sightline, Perspective's viewer for one, shows the reason to its
 * user instead of waiting for ever.
 *
 * Written by hand, because the worker has no other use for a protobuf library.
 */

/** The response to a request that cannot be served. */
export function refusal(request: Uint8Array, reason: string): Uint8Array<ArrayBuffer> {
    const message = new TextEncoder().encode(reason);
    // ServerError { message = 1 }, inside Response { msg_id = 1, server_error = 50 }.
    const error = [0x0a, ...varint(message.length), ...message];
    return Uint8Array.from([0x08, ...varint(messageId(request)), 0x92, 0x03, ...varint(error.length), ...error]);
}

/** The id of a serialized request, 0 if it has none: field 1, which encoders write first. */
function messageId(request: Uint8Array): number {
    if (request[0] !== 0x08) {
        return 0;
    }
    let id = 0;
    for (let at = 1; at <= 5; at++) {
        const byte = request[at] ?? 0;
        id |= (byte & 0x7f) << (7 * (at - 1));
        if (byte < 0x80) {
            break;
        }
    }
    return id >>> 0;
}

function varint(value: number): number[] {
    const bytes: number[] = [];
    let rest = value >>> 0;
    while (rest >= 0x80) {
        bytes.push((rest & 0x7f) | 0x80);
        rest >>>= 7;
    }
    bytes.push(rest);
    return bytes;
}
