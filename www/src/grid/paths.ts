/**
 * Columns of a view: what their joined paths are made of, and which are in sight while header groups are closed.
 */

/** A column of a view. `groups` are the values it is split by; fewer than there are levels for a total. */
export interface ColumnPath {
    readonly path: string;
    readonly groups: readonly string[];
    readonly name: string;
}

/**
 * Takes `a|b|column` apart. Column names may hold `|`, so the longest known name at the end is the name; if a value
 * holds one too, the last level takes what is left.
 */
export function splitPath(path: string, levels: number, names: ReadonlySet<string>): ColumnPath {
    if (levels === 0) {
        return { path, groups: [], name: path };
    }
    let at = -1;
    for (;;) {
        const name = path.slice(at + 1);
        if (names.has(name) || !name.includes("|")) {
            const before = at < 0 ? [] : path.slice(0, at).split("|");
            const groups = before.slice(0, levels);
            if (before.length > levels) {
                groups[levels - 1] = before.slice(levels - 1).join("|");
            }
            return { path, groups, name };
        }
        at = path.indexOf("|", at + 1);
    }
}

/** The key of a header group: the column at `level` and all above. */
export function groupKey(groups: readonly string[], level: number): string {
    return JSON.stringify(groups.slice(0, level + 1));
}

/**
 * The columns that are in sight, as positions in `columns`. Of a closed group its totals are shown if it has any, or
 * else its first column.
 */
export function columnsInSight(columns: readonly ColumnPath[], closed: ReadonlySet<string>): number[] {
    if (closed.size === 0) {
        return columns.map((_, at) => at);
    }
    const inSight: number[] = [];
    const opened = new Set<string>();
    columns.forEach(({ groups }, at) => {
        for (let level = 0; level < groups.length; level += 1) {
            const key = groupKey(groups, level);
            if (closed.has(key)) {
                const isTotal = groups.length === level + 1;
                if (isTotal && hasDeeper(columns, key, level)) {
                    break;
                }
                if (opened.has(key) || hasTotal(columns, key, level)) {
                    return;
                }
                opened.add(key);
                break;
            }
        }
        inSight.push(at);
    });
    return inSight;
}

function hasDeeper(columns: readonly ColumnPath[], key: string, level: number): boolean {
    return columns.some(({ groups }) => groups.length > level + 1 && groupKey(groups, level) === key);
}

function hasTotal(columns: readonly ColumnPath[], key: string, level: number): boolean {
    return (
        hasDeeper(columns, key, level) &&
        columns.some(({ groups }) => groups.length === level + 1 && groupKey(groups, level) === key)
    );
}

/** Runs of neighbours among positions: what has to be read, in as few windows as possible. */
export function runs(positions: readonly number[]): { start: number; end: number }[] {
    const found: { start: number; end: number }[] = [];
    for (const position of positions) {
        const last = found.at(-1);
        if (last !== undefined && last.end === position) {
            last.end += 1;
        } else {
            found.push({ start: position, end: position + 1 });
        }
    }
    return found;
}
