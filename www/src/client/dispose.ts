/**
 * The method that `using` declarations call. Where the platform has no such symbol yet the handles have one of their
 * own, so that their classes are the same everywhere.
 */

export const DISPOSE: typeof Symbol.dispose = Symbol.dispose ?? (Symbol("dispose") as typeof Symbol.dispose);
