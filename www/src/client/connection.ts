/**
 * One client's conversation with a server: requests go out as bytes, answers and notifications come back as bytes in
 * any order and are matched by message id.
 *
 * A call has one answer. A subscription has any number of notifications, which carry the id of the request that
 * subscribed. A forwarded message belongs to a client behind a proxy session, and its answers go there untouched.
 *
 * When the transport breaks, pending calls fail and subscriptions sleep. `resume` wakes them on the next transport
 * under new wire ids; the handles that users hold keep their values.
 */

import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { type Request, RequestSchema, type Response, ResponseSchema } from "../proto/sightline_pb.js";
import { fromServerError, messageOf, transportError, unknownError } from "./errors.js";
import { MessageIds } from "./ids.js";

type Bytes = Uint8Array<ArrayBuffer>;
export type SendRequest = (request: Bytes) => void | Promise<void>;

export type RequestBody = NonNullable<MessageInitShape<typeof RequestSchema>["clientReq"]>;
type ResponseBody = Response["clientResp"];
export type ResponseCase = Exclude<ResponseBody["case"], "serverError" | undefined>;
export type ResponseValue<K extends ResponseCase> = Extract<ResponseBody, { case: K }>["value"];

/** Whom a request is about. The id is read when the request is sent: a view gets a new one when it is reopened. */
export interface Entity {
    readonly id: string;
}

/** Requests about the server as a whole. */
export const SERVER: Entity = { id: "" };

/** An answer, and when it came among all that was received: notifications with a lower number were sent before it. */
export interface Answer<V> {
    readonly value: V;
    readonly sequence: number;
}

interface Call {
    resolve(answer: Answer<ResponseBody>): void;
    reject(error: Error): void;
}

export interface Subscription {
    readonly entity: Entity;
    readonly request: RequestBody;
    /** Ends with its first notification, as deletions do. */
    readonly once: boolean;
    readonly notify: (body: ResponseBody, sequence: number) => void;
    /** Called when the subscription was resumed on a new transport: what happened in between is not known. */
    readonly resumed?: () => Promise<void>;
    wireId: number;
}

interface Forwarded {
    readonly persistent: boolean;
    readonly deliver: (response: Uint8Array) => void;
}

/** Requests whose answers may come more than once. */
function hasManyAnswers(request: Request["clientReq"]): boolean {
    switch (request.case) {
        case "viewOnUpdateReq":
        case "viewOnRemoveReq":
            return true;
        case "getHostedTablesReq":
            return request.value.subscribe;
        default:
            return false;
    }
}

/** The subscription that a request ends, if it is one that ends any. */
function endedBy(request: Request["clientReq"]): number | undefined {
    switch (request.case) {
        case "viewRemoveOnUpdateReq":
        case "viewRemoveOnRemoveReq":
        case "removeHostedTablesUpdateReq":
        case "viewRemoveDeleteReq":
        case "tableRemoveDeleteReq":
            return request.value.id;
        default:
            return undefined;
    }
}

/** A callback of the user threw. That is the user's error, and must not stop the notices behind it. */
function reportCallbackError(error: unknown): void {
    if (typeof reportError === "function") {
        reportError(error);
    } else {
        console.error("sightline: a callback failed:", error);
    }
}

export class Connection {
    readonly #ids = new MessageIds();
    readonly #send: SendRequest;
    readonly #calls = new Map<number, Call>();
    /** By the handle that the user holds. */
    readonly #subscriptions = new Map<number, Subscription>();
    /** By the id that is on the wire at present. */
    readonly #listening = new Map<number, number>();
    readonly #forwarded = new Map<number, Forwarded>();
    readonly #report: (error: Error) => void;
    #notices: (() => void)[] = [];
    #received = 0;
    /** Why nothing can be sent any more. */
    #ended: string | undefined;
    /** While set, calls wait for the transport to return. */
    #outage: { readonly ended: Promise<void>; end(error?: Error): void } | undefined;

    /** `report` hears of failures that no call can carry: a refused subscription, for one. */
    constructor(send: SendRequest, report: (error: Error) => void) {
        this.#send = send;
        this.#report = report;
    }

    /** Sends a request and gives back the value of its answer, which must be of the `expected` kind. */
    async call<K extends ResponseCase>(entity: Entity, body: RequestBody, expected: K): Promise<ResponseValue<K>> {
        return (await this.sequenced(entity, body, expected)).value;
    }

    /** As `call`, for those who must know which notifications the answer includes. */
    async sequenced<K extends ResponseCase>(
        entity: Entity,
        body: RequestBody,
        expected: K,
    ): Promise<Answer<ResponseValue<K>>> {
        if (this.#outage !== undefined) {
            await this.#outage.ended;
        }
        return checked(await this.#exchange(entity, body), expected);
    }

    /** As `call`, also during an outage: for what restores the session itself. */
    async callNow<K extends ResponseCase>(entity: Entity, body: RequestBody, expected: K): Promise<ResponseValue<K>> {
        return checked(await this.#exchange(entity, body), expected).value;
    }

    /** Starts a subscription. The number given back ends it again, in `unsubscribe`. */
    async subscribe(subscription: Omit<Subscription, "wireId">): Promise<number> {
        if (this.#outage !== undefined) {
            await this.#outage.ended;
        }
        const handle = this.#ids.next();
        const entry = { ...subscription, wireId: handle };
        this.#subscriptions.set(handle, entry);
        this.#listening.set(handle, handle);
        try {
            await this.#transmit(handle, entry.entity, entry.request);
        } catch (error) {
            this.#drop(handle);
            throw error;
        }
        return handle;
    }

    /** Forgets a subscription. Gives back the id by which the server knows it, or nothing if there is none. */
    unsubscribe(handle: number): number | undefined {
        const wireId = this.#subscriptions.get(handle)?.wireId;
        this.#drop(handle);
        return wireId;
    }

    /** Forgets all subscriptions to an entity that is gone. */
    unsubscribeFrom(entity: Entity): void {
        for (const [handle, entry] of [...this.#subscriptions]) {
            if (entry.entity === entity) {
                this.#drop(handle);
            }
        }
    }

    /** Sends another client's request unchanged; its answers go to `deliver`. */
    async forward(request: Bytes, deliver: (response: Uint8Array) => void): Promise<void> {
        const { msgId, clientReq } = fromBinary(RequestSchema, request);
        const ended = endedBy(clientReq);
        if (ended !== undefined) {
            this.#forwarded.delete(ended);
        }
        this.#forwarded.set(msgId, { persistent: hasManyAnswers(clientReq), deliver });
        await this.#send(request);
    }

    /** Takes one response in. */
    receive(bytes: Uint8Array): void {
        let response: Response;
        try {
            response = fromBinary(ResponseSchema, bytes);
        } catch (error) {
            // It cannot be told whose answer this was. The others are not to suffer for it.
            this.#report(unknownError(`the server sent what is not a response: ${messageOf(error)}`));
            return;
        }
        const sequence = this.#received++;
        const call = this.#calls.get(response.msgId);
        if (call !== undefined) {
            this.#calls.delete(response.msgId);
            call.resolve({ value: response.clientResp, sequence });
            return;
        }
        const handle = this.#listening.get(response.msgId);
        if (handle !== undefined) {
            this.#notify(handle, response.clientResp, sequence);
            return;
        }
        const forwarded = this.#forwarded.get(response.msgId);
        if (forwarded !== undefined) {
            if (!forwarded.persistent) {
                this.#forwarded.delete(response.msgId);
            }
            forwarded.deliver(bytes);
        }
        // Anything else answers a call that failed meanwhile, or notifies a subscription that just ended.
    }

    /** The transport is gone: pending calls fail. With `wait`, calls made from now on wait for `resume`. */
    lost(message: string, wait: boolean): void {
        const calls = [...this.#calls.values()];
        this.#calls.clear();
        this.#forwarded.clear();
        this.#listening.clear();
        if (wait && this.#outage === undefined) {
            let end: (error?: Error) => void = () => {};
            const ended = new Promise<void>((resolve, reject) => {
                end = (error) => (error === undefined ? resolve() : reject(error));
            });
            // Nobody may be waiting, and then a rejection is nobody's to handle.
            ended.catch(() => {});
            this.#outage = { ended, end };
        }
        for (const call of calls) {
            call.reject(transportError(message));
        }
    }

    /** The transport will not come back: waiting calls fail and subscriptions end. */
    abandon(message: string): void {
        this.lost(message, false);
        this.#ended = message;
        this.#subscriptions.clear();
        this.#outage?.end(transportError(message));
        this.#outage = undefined;
    }

    /** There is a new transport: what `callNow` sends goes out on it. */
    reopen(): void {
        this.#ended = undefined;
    }

    /** Subscribes again, on a new transport, what `alive` says is still there, and lets waiting calls go. */
    async resume(alive: (entity: Entity) => boolean): Promise<void> {
        const resumed: (() => Promise<void>)[] = [];
        for (const [handle, entry] of [...this.#subscriptions]) {
            if (!alive(entry.entity)) {
                this.#drop(handle);
                continue;
            }
            entry.wireId = this.#ids.next();
            this.#listening.set(entry.wireId, handle);
            await this.#transmit(entry.wireId, entry.entity, entry.request);
            if (entry.resumed !== undefined) {
                resumed.push(entry.resumed);
            }
        }
        this.#outage?.end();
        this.#outage = undefined;
        for (const notice of resumed) {
            notice().catch((error: unknown) => this.#report(unknownError(messageOf(error))));
        }
    }

    /** Runs `callback` after the present call stack, in order with all other notifications. */
    enqueue(callback: () => void): void {
        this.#notices.push(callback);
        if (this.#notices.length === 1) {
            queueMicrotask(() => this.#deliver());
        }
    }

    #exchange(entity: Entity, body: RequestBody): Promise<Answer<ResponseBody>> {
        const msgId = this.#ids.next();
        return new Promise<Answer<ResponseBody>>((resolve, reject) => {
            this.#calls.set(msgId, { resolve, reject });
            this.#transmit(msgId, entity, body).catch((error: unknown) => {
                this.#calls.delete(msgId);
                reject(error instanceof Error ? error : unknownError(String(error)));
            });
        });
    }

    async #transmit(msgId: number, entity: Entity, body: RequestBody): Promise<void> {
        if (this.#ended !== undefined) {
            throw transportError(this.#ended);
        }
        const request = create(RequestSchema, { msgId, entityId: entity.id, clientReq: body });
        await this.#send(toBinary(RequestSchema, request));
    }

    #notify(handle: number, body: ResponseBody, sequence: number): void {
        const subscription = this.#subscriptions.get(handle);
        if (subscription === undefined) {
            return;
        }
        if (body.case === "serverError") {
            this.#drop(handle);
            const { value } = body;
            this.enqueue(() => this.#report(fromServerError(value)));
            return;
        }
        if (subscription.once) {
            this.#drop(handle);
            this.enqueue(() => subscription.notify(body, sequence));
            return;
        }
        this.enqueue(() => {
            // The subscription may have ended while the notice was waiting.
            if (this.#subscriptions.has(handle)) {
                subscription.notify(body, sequence);
            }
        });
    }

    #deliver(): void {
        const notices = this.#notices;
        this.#notices = [];
        for (const notice of notices) {
            try {
                notice();
            } catch (error) {
                reportCallbackError(error);
            }
        }
    }

    #drop(handle: number): void {
        const subscription = this.#subscriptions.get(handle);
        if (subscription !== undefined) {
            this.#subscriptions.delete(handle);
            this.#listening.delete(subscription.wireId);
        }
    }
}

/** The value of an answer that is of the expected kind. */
function checked<K extends ResponseCase>(
    { value: body, sequence }: Answer<ResponseBody>,
    expected: K,
): Answer<ResponseValue<K>> {
    if (body.case === expected) {
        return { value: body.value as ResponseValue<K>, sequence };
    }
    if (body.case === "serverError") {
        throw fromServerError(body.value);
    }
    throw unknownError(`Unexpected response ${body.case ?? "without content"}, expected ${expected}`);
}
