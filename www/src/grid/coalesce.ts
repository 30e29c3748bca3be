/**
 * Many wishes, one piece of work at a time.
 *
 * `Coalescer` runs a task at most once per turn of `nextTurn` (an animation frame in the grid) and never twice at once:
 * whatever is asked for meanwhile makes exactly one further run.
 */

interface Wish {
    readonly promise: Promise<void>;
    readonly resolve: () => void;
    readonly reject: (error: unknown) => void;
}

export class Coalescer {
    readonly #task: () => Promise<void>;
    readonly #nextTurn: () => Promise<unknown>;
    /** All who asked since the last run began. */
    #wish: Wish | undefined;
    #isRunning = false;

    /** `task` reports its own errors: one that escapes reaches those who await `request`. */
    constructor(task: () => Promise<void>, nextTurn: () => Promise<unknown>) {
        this.#task = task;
        this.#nextTurn = nextTurn;
    }

    /**
     * Asks for a run that begins after this call. The promise settles when that run is over, whatever is asked for
     * meanwhile: nobody waits for a feed to fall silent.
     */
    request(): Promise<void> {
        this.#wish ??= wish();
        const { promise } = this.#wish;
        if (!this.#isRunning) {
            void this.#run();
        }
        return promise;
    }

    async #run(): Promise<void> {
        this.#isRunning = true;
        while (this.#wish !== undefined) {
            await this.#nextTurn();
            const { resolve, reject } = this.#wish;
            this.#wish = undefined;
            try {
                await this.#task();
                resolve();
            } catch (error) {
                reject(error);
            }
        }
        this.#isRunning = false;
    }
}

function wish(): Wish {
    let resolve = () => {};
    let reject: (error: unknown) => void = () => {};
    const promise = new Promise<void>((done, failed) => {
        resolve = done;
        reject = failed;
    });
    return { promise, resolve, reject };
}
