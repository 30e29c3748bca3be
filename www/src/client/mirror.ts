/**
 * `client.table(view)`: a table that starts as a copy of a view and follows it.
 *
 * The copy travels through the client, so the view may live on another server than the table. Rows follow by index
 * where there is one; without an index new rows are added, and nothing is ever taken away.
 */

import { ViewOnUpdateReq_Mode } from "../proto/sightline_pb.js";
import type { Client } from "./client.js";
import { type CheckedTableOptions, tableType } from "./options.js";
import type { Table } from "./table.js";
import { View } from "./view.js";

type Step = (table: Table) => Promise<void>;

/** Makes the table. An index or limit that is not given is taken from the view's own table, where it fits. */
export async function mirror(client: Client, view: View, options: CheckedTableOptions): Promise<Table> {
    const { index, limit } = await keys(view, options);
    tableType(index, limit);
    const { session, open } = View.internalsOf(view);
    const { connection } = session;

    // What is told before the copy was taken is in the copy already. What is told after it waits here for the table.
    let copied: number | undefined;
    let waiting: { sequence: number; step: Step }[] = [];
    let target: Promise<Table> | undefined;
    const follow = (sequence: number, step: Step): void => {
        if (target === undefined) {
            waiting.push({ sequence, step });
        } else if (copied === undefined || sequence > copied) {
            target = target.then(async (table) => {
                await step(table);
                return table;
            });
            // The copy may be deleted while the view lives on: then there is nothing left to follow.
            target.catch(stop);
        }
    };
    const endings: (() => Promise<void>)[] = [];
    const stop = (): void => {
        for (const end of endings.splice(0)) {
            // A view that is gone as well has no subscription to end.
            end().catch(() => {});
        }
    };

    const updates = await connection.subscribe({
        entity: open,
        request: { case: "viewOnUpdateReq", value: { mode: ViewOnUpdateReq_Mode.ROW } },
        once: false,
        notify: (body, sequence) => {
            if (body.case === "viewOnUpdateResp" && body.value.delta !== undefined) {
                const { delta } = body.value;
                follow(sequence, (table) => table.update(delta));
            }
        },
        resumed: async () => {
            const whole = await view.to_arrow();
            follow(Number.POSITIVE_INFINITY, (table) => table.replace(whole));
        },
    });
    endings.push(() => view.remove_update(updates));
    if (index !== undefined) {
        const removals = await connection.subscribe({
            entity: open,
            request: { case: "viewOnRemoveReq", value: {} },
            once: false,
            notify: (body, sequence) => {
                if (body.case === "viewOnRemoveResp" && body.value.indices !== undefined) {
                    const { indices } = body.value;
                    follow(sequence, (table) => table.remove(indices));
                }
            },
        });
        endings.push(() => view.remove_remove(removals));
    }

    try {
        const { value, sequence } = await connection.sequenced(
            open,
            { case: "viewToArrowReq", value: {} },
            "viewToArrowResp",
        );
        copied = sequence;
        const table = await client.table(value.arrow, {
            ...(options.name === undefined ? {} : { name: options.name }),
            ...(index === undefined ? {} : { index }),
            ...(limit === undefined ? {} : { limit }),
        });
        await table.on_delete(stop);
        target = Promise.resolve(table);
        const told = waiting;
        waiting = [];
        for (const { sequence, step } of told) {
            follow(sequence, step);
        }
        return table;
    } catch (error) {
        stop();
        throw error;
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
