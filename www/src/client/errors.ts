/**
 * Errors as users of the client see them. The texts are part of the contract: programs written for the reference
 * client match on them, `View not found` above all.
 */

import { type ServerError, StatusCode } from "../proto/sightline_pb.js";

/** The error that a server's refusal becomes. */
export function fromServerError(error: ServerError): Error {
    switch (error.statusCode) {
        case StatusCode.VIEW_NOT_FOUND:
            return new Error("View not found");
        case StatusCode.TRANSPORT_ERROR:
            return transportError(error.message);
        default:
            return new Error(`Abort(): ${error.message}`);
    }
}

/** The connection failed while, or before, a request was under way. */
export function transportError(message: string): Error {
    return new Error(`Transport error: ${message}`);
}

/** Something only the client knows to be wrong. */
export function unknownError(message: string): Error {
    return new Error(`Unknown error: ${message}`);
}

/** The text of whatever was thrown. */
export function messageOf(thrown: unknown): string {
    return thrown instanceof Error ? thrown.message : String(thrown);
}
