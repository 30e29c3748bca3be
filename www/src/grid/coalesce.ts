/**
 * Many wishes, one piece of work at a time.
 *
 * `Coalescer` runs a task at most once per turn of `nextTurn` (an animation frame in the grid) and never twice at once:
 * whatever is asked for meanwhile makes exactly one further run.
 */

export class Coalescer {
    readonly #task: () => Promise<void>;
    readonly #nextTurn: () => Promise<unknown>;
    #running: Promise<void> | undefined;
    #wanted = false;

    /** `task` reports its own errors: one that escapes reaches those who await `request`. */
    constructor(task: () => Promise<void>, nextTurn: () => Promise<unknown>) {
        this.#task = task;
        this.#nextTurn = nextTurn;
    }

    get isRunning(): boolean {
        return this.#running !== undefined;
    }

    /** Asks for a run that begins after this call. The promise settles when such a run is over. */
    request(): Promise<void> {
        this.#wanted = true;
        this.#running ??= this.#run().finally(() => {
            this.#running = undefined;
        });
        return this.#running;
    }

    async #run(): Promise<void> {
        while (this.#wanted) {
            await this.#nextTurn();
            this.#wanted = false;
            await this.#task();
        }
    }
}
