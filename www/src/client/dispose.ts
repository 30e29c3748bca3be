/// <reference lib="esnext.disposable" preserve="true" />

/**
 * The method that `using` declarations call. Where the platform has no such symbol yet the handles have one of their
 * own, so that their classes are the same everywhere. The reference above goes into the types that are published, so
 * that they stand whatever `lib` a program is compiled with.
 */

export const DISPOSE: typeof Symbol.dispose = Symbol.dispose ?? (Symbol("dispose") as typeof Symbol.dispose);
