/** The dialect of Perspective's protocol that this package speaks; it tells servers and engines so. */
export const DIALECT = "5.5";
