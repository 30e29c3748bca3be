/**
 * `client.table(view)`: a table that starts as a copy of a view and follows it.
 *
 * The copy travels through the client, so the view may live on another server than the table. Rows follow by index
 * where there is one; without an index new rows are added, and nothing is ever taken away.
 */

import { ViewOnUpdateReq_Mode } from "../proto/sightline_pb.js";
import type { Client } from "./client.js";
import { messageOf, unknownError } from "./errors.js";
import { type CheckedTableOptions, tableType } from "./options.js";
import type { Table } from "./table.js";
import { View } from "./view.js";

type Step = (table: Table) => Promise<void>;

/** Makes the table. An index or limit that is not given is taken from the view's own table, where it fits. */
export async function mirror(client: Client, view: View, options: CheckedTableOptions): Promise<Table> {
    const { index, limit } = await keys(view, options);
    tableType(index, limit);
    const follower = new Follower(view);
    try {
        await follower.subscribe(index !== undefined);
        const arrow = await follower.copy();
        const table = await client.table(arrow, {
            ...(options.name === undefined ? {} : { name: options.name }),
            ...(index === undefined ? {} : { index }),
            ...(limit === undefined ? {} : { limit }),
        });
        await table.on_delete(() => follower.stop());
        follower.start(table);
        return table;
    } catch (error) {
        follower.stop();
        throw error;
    }
}

/** Applies to a table, one after the other, what a view tells. */
class Follower {
    readonly #view: View;
    readonly #endings: (() => Promise<void>)[] = [];
    /** What was told while a copy is under way; some of it is in the copy already. */
    #told: { readonly sequence: number; readonly step: Step }[] | undefined;
    /** When the copy was answered, among all that was received. */
    #copied = 0;
    #work: Promise<Table> | undefined;
    #stopped = false;

    constructor(view: View) {
        this.#view = view;
    }

    async subscribe(removals: boolean): Promise<void> {
        const { session, open } = View.internalsOf(this.#view);
        const updates = await session.connection.subscribe({
            entity: open,
            request: { case: "viewOnUpdateReq", value: { mode: ViewOnUpdateReq_Mode.ROW } },
            once: false,
            notify: (body, sequence) => {
                if (body.case === "viewOnUpdateResp" && body.value.delta !== undefined) {
                    const { delta } = body.value;
                    this.#follow(sequence, (table) => table.update(delta));
                }
            },
            // What happened during the outage is not known: rows may be gone. Start over from a copy.
            resumed: async () => {
                const whole = await this.copy();
                this.#append((table) => table.replace(whole));
                this.#catchUp();
            },
        });
        this.#endings.push(() => this.#view.remove_update(updates));
        if (removals) {
            const removed = await session.connection.subscribe({
                entity: open,
                request: { case: "viewOnRemoveReq", value: {} },
                once: false,
                notify: (body, sequence) => {
                    if (body.case === "viewOnRemoveResp" && body.value.indices !== undefined) {
                        const { indices } = body.value;
                        this.#follow(sequence, (table) => table.remove(indices));
                    }
                },
            });
            this.#endings.push(() => this.#view.remove_remove(removed));
        }
    }

    /** The whole view. What is told from now on waits for `start`, or for the copy to be put in place. */
    async copy(): Promise<Uint8Array> {
        const { session, open } = View.internalsOf(this.#view);
        this.#told ??= [];
        const { value, sequence } = await session.connection.sequenced(
            open,
            { case: "viewToArrowReq", value: {} },
            "viewToArrowResp",
        );
        this.#copied = sequence;
        return value.arrow;
    }

    /** The table holds the copy: now it follows. */
    start(table: Table): void {
        this.#work = Promise.resolve(table);
        this.#catchUp();
    }

    /** The view or the table is gone, or the client is about to. */
    stop(): void {
        this.#stopped = true;
        for (const end of this.#endings.splice(0)) {
            // A view that is gone as well has no subscription to end.
            end().catch(() => {});
        }
    }

    #fail(error: unknown): void {
        // A step may also fail because the table was deleted a moment ago, which is no failure.
        if (!this.#stopped) {
            this.stop();
            const { session } = View.internalsOf(this.#view);
            session.report(unknownError(`a table stopped following its view: ${messageOf(error)}`));
        }
    }

    #follow(sequence: number, step: Step): void {
        if (this.#told === undefined) {
            this.#append(step);
        } else {
            this.#told.push({ sequence, step });
        }
    }

    #catchUp(): void {
        const told = this.#told ?? [];
        this.#told = undefined;
        for (const { sequence, step } of told) {
            if (sequence > this.#copied) {
                this.#append(step);
            }
        }
    }

    #append(step: Step): void {
        this.#work = this.#work?.then(async (table) => {
            await step(table);
            return table;
        });
        this.#work?.catch((error: unknown) => this.#fail(error));
    }
}

async function keys(
    view: View,
    options: CheckedTableOptions,
): Promise<{ index: string | undefined; limit: number | undefined }> {
    const { table } = View.internalsOf(view).open;
    const config = await view.get_config();
    const flat = config.group_by.length === 0 && config.split_by.length === 0;
    const fits = flat && table.index !== undefined && config.columns.includes(table.index);
    const index = options.index ?? (fits ? table.index : undefined);
    const limit = options.limit ?? (flat && index === undefined ? table.limit : undefined);
    return { index, limit };
}
