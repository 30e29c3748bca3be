/**
 * `client.replicate(view)`: a table that stays equal to a view, whatever happens to it: updates, removals, outages.
 *
 * Where rows have keys and cannot leave the view by changing, only changes travel. Any other view is read anew after
 * a change, at most one reading at a time; what changes during a reading makes one further reading.
 */

import type { Client } from "./client.js";
import { messageOf, unknownError } from "./errors.js";
import { mirror } from "./mirror.js";
import type { CheckedTableOptions } from "./options.js";
import type { Table } from "./table.js";
import type { ViewConfig } from "./types.js";
import { View } from "./view.js";

/** Makes the table. */
export async function replicate(client: Client, view: View, options: CheckedTableOptions): Promise<Table> {
    const config = await view.get_config();
    if (config.split_by.length > 0) {
        throw unknownError("a view with `split_by` cannot be replicated: its columns come and go");
    }
    const { index } = View.internalsOf(view).open.table;
    if (index !== undefined && changesTell(config, index)) {
        return await mirror(client, view, { ...options, index, limit: undefined });
    }
    const replica = new Replica(view);
    try {
        return await replica.start(client, options.name);
    } catch (error) {
        replica.stop();
        throw error;
    }
}

/** Whether the changed rows and the removed keys are all there is to know. */
function changesTell(config: ViewConfig, index: string): boolean {
    return (
        config.group_by.length === 0 &&
        config.columns.includes(index) &&
        // A row that ceases to match leaves without a word, and a window changes rows that nobody touched.
        config.filter.length === 0 &&
        config.windows === undefined
    );
}

class Replica {
    readonly #view: View;
    #subscription: number | undefined;
    #table: Table | undefined;
    #stale = false;
    #reading = false;
    #stopped = false;

    constructor(view: View) {
        this.#view = view;
    }

    async start(client: Client, name: string | undefined): Promise<Table> {
        // Also called when the connection is whole again after an outage.
        this.#subscription = await this.#view.on_update(() => this.#changed());
        const arrow = await this.#view.to_arrow();
        const table = await client.table(arrow, name === undefined ? {} : { name });
        await table.on_delete(() => this.stop());
        this.#table = table;
        void this.#refresh();
        return table;
    }

    stop(): void {
        if (!this.#stopped) {
            this.#stopped = true;
            if (this.#subscription !== undefined) {
                // A view that is gone as well has no subscription to end.
                this.#view.remove_update(this.#subscription).catch(() => {});
            }
        }
    }

    #changed(): void {
        this.#stale = true;
        void this.#refresh();
    }

    async #refresh(): Promise<void> {
        if (this.#reading || this.#table === undefined) {
            return;
        }
        this.#reading = true;
        try {
            while (this.#stale && !this.#stopped) {
                this.#stale = false;
                await this.#table.replace(await this.#view.to_arrow());
            }
        } catch (error) {
            this.#fail(error);
        } finally {
            this.#reading = false;
        }
    }

    #fail(error: unknown): void {
        // An outage ends a reading, and is followed by a call that something may have changed.
        if (this.#stopped || messageOf(error).startsWith("Transport error")) {
            return;
        }
        this.stop();
        const { session } = View.internalsOf(this.#view);
        session.report(unknownError(`a replica stopped following its view: ${messageOf(error)}`));
    }
}
