// The parts of the grid that are plain arithmetic and text, without a document.

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { build } from "esbuild";

/** The modules as they are, for node: they are in TypeScript, and the package's bundle does not export them. */
async function load(name) {
    const { outputFiles } = await build({
        entryPoints: [new URL(`../src/grid/${name}.ts`, import.meta.url).pathname],
        bundle: true,
        format: "esm",
        write: false,
    });
    return await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString("base64")}`);
}

const [viewport, paths, config, filters, values, format, colour, flash, json, charts, coalesce] = await Promise.all(
    [
        "viewport",
        "paths",
        "config",
        "filter_text",
        "parse_value",
        "format",
        "colour",
        "flash",
        "json_columns",
        "chart_data",
        "coalesce",
    ].map(load),
);

const SMALL = { rows: 1000, rowHeight: 28, headerRows: 1, height: 560, maxPanel: 10_000_000 };
const HUGE = { ...SMALL, rows: 5_000_000 };

test("a panel is compressed once its rows are taller than the browser allows", () => {
    assert.equal(viewport.isCompressed(SMALL), false);
    assert.equal(viewport.isCompressed(HUGE), true);
    assert.equal(viewport.pageRows(SMALL), 19);
    assert.equal(viewport.lastTopRow(SMALL), 981);
});

test("where the bar stands for a row and which row it then shows agree", () => {
    for (const geometry of [SMALL, HUGE]) {
        const panel = Math.min(geometry.maxPanel, (geometry.rows + 1) * 28);
        const scrollable = geometry.rows - (geometry.height / 28 - 1);
        const perPixel = scrollable / (panel - geometry.height);
        for (const row of [0, 1, 17, Math.floor(geometry.rows / 2), geometry.rows - 20]) {
            const top = viewport.scrollTopOf(row, geometry);
            assert.ok(Number.isInteger(top) && top >= 0 && top <= panel - geometry.height);
            assert.ok(Math.abs(top * perPixel - row) <= perPixel, `row ${row} at ${top}`);
        }
    }
});

test("an anchor puts every single row of millions in place, the last one too", () => {
    const top = viewport.scrollTopOf(1_234_567, HUGE);
    const anchor = { row: 1_234_567, scrollTop: top };
    assert.equal(viewport.anchorShift(1_234_560, 1_234_580, top, anchor, HUGE), 7);
    // The reader dragged the bar: it counts, not the anchor.
    assert.equal(viewport.anchorShift(1_234_560, 1_234_580, top + 1, anchor, HUGE), 0);
    assert.equal(viewport.anchorShift(4_999_970, 4_999_990, 5, { row: 4_999_999, scrollTop: 5 }, HUGE), 10);
    assert.equal(viewport.anchorShift(3, 23, 0, { row: 0, scrollTop: 0 }, HUGE), -3);
    assert.equal(viewport.anchorShift(10, 30, 280, { row: 17, scrollTop: 280 }, SMALL), 0);
});

test("the wheel moves whole rows, and forgets nothing of what is left", () => {
    let rest = 0;
    let rows = 0;
    for (let turn = 0; turn < 10; turn += 1) {
        const moved = viewport.wheelRows(10, rest, 28);
        rows += moved.rows;
        rest = moved.rest;
    }
    assert.equal(rows, 3);
    assert.ok(Math.abs(rows + rest - 100 / 28) < 1e-9);
    assert.deepEqual(viewport.wheelRows(-30, 0, 28).rows, -1);
});

test("keys lead where a reader of tables expects", () => {
    const bounds = { rows: 100, columns: 5, headerRows: 2, hasRowHeader: true, page: 20 };
    const from = { row: 50, column: 2 };
    const to = (key, ctrl = false, place = from) => Object.values(viewport.moved(place, key, ctrl, bounds) ?? {});
    assert.deepEqual(to("ArrowUp"), [49, 2]);
    assert.deepEqual(to("ArrowDown", true), [99, 2]);
    assert.deepEqual(to("PageDown"), [70, 2]);
    assert.deepEqual(to("PageUp", false, { row: 3, column: 0 }), [0, 0]);
    assert.deepEqual(to("Home"), [50, -1]);
    assert.deepEqual(to("End", true), [99, 4]);
    assert.deepEqual(to("ArrowUp", false, { row: -2, column: 0 }), [-2, 0]);
    assert.deepEqual(to("ArrowRight", false, { row: 0, column: 4 }), [0, 4]);
    assert.equal(viewport.moved(from, "x", false, bounds), undefined);
});

test("revealing a row scrolls as little as it takes", () => {
    assert.equal(viewport.topToReveal(10, 5, SMALL), 5);
    assert.equal(viewport.topToReveal(3, 5, SMALL), 3);
    assert.equal(viewport.topToReveal(24, 5, SMALL), 6);
    assert.equal(viewport.topToReveal(999, 5, SMALL), 981);
});

test("paths of split columns come apart, with bars in names and values too", () => {
    const names = new Set(["x", "a|b"]);
    const split = (path, levels) => {
        const { groups, name } = paths.splitPath(path, levels, names);
        return [...groups, name];
    };
    assert.deepEqual(split("a|b", 0), ["a|b"]);
    assert.deepEqual(split("u|x", 1), ["u", "x"]);
    assert.deepEqual(split("u|v|a|b", 2), ["u", "v", "a|b"]);
    assert.deepEqual(split("u|v|w|x", 2), ["u", "v|w", "x"]);
    assert.deepEqual(split("x", 2), ["x"]);
});

test("a closed header group keeps its totals, or its first column", () => {
    const of = (...list) => list.map((path) => paths.splitPath(path, 2, new Set(["x", "y"])));
    const flat = of("p|1|x", "p|1|y", "p|2|x", "q|1|x");
    const closed = (columns, ...groups) =>
        paths.columnsInSight(columns, new Set(groups.map((key) => JSON.stringify(key))));
    assert.deepEqual(closed(flat), [0, 1, 2, 3]);
    assert.deepEqual(closed(flat, ["p"]), [0, 3]);
    assert.deepEqual(closed(flat, ["p", "1"]), [0, 2, 3]);
    const totals = of("x", "y", "p|x", "p|y", "p|1|x", "p|1|y", "q|x", "q|y", "q|1|x");
    assert.deepEqual(closed(totals, ["p"]), [0, 1, 2, 3, 6, 7, 8]);
    assert.deepEqual(paths.runs([0, 1, 2, 6, 7, 9]), [
        { start: 0, end: 3 },
        { start: 6, end: 8 },
        { start: 9, end: 10 },
    ]);
});

test("clicks sort up, down and not at all; with shift they add", () => {
    const click = (sort, column, more = false) => config.clickSort(sort, column, more);
    let sort = click([], "a");
    assert.deepEqual(sort, [["a", "asc"]]);
    sort = click(sort, "b", true);
    sort = click(sort, "a", true);
    assert.deepEqual(sort, [
        ["a", "desc"],
        ["b", "asc"],
    ]);
    assert.deepEqual(click(sort, "a", true), [["b", "asc"]]);
    assert.deepEqual(click([["a", "desc"]], "a"), []);
    assert.deepEqual(click(sort, "c"), [["c", "asc"]]);
});

test("a config is restored in parts, and what is wrong in it is named", () => {
    const whole = config.restored(config.EMPTY, { group_by: ["a"], formats: { x: { digits: 1 } } });
    assert.deepEqual(whole.group_by, ["a"]);
    assert.equal(config.restored(whole, { theme: "dark" }).group_by[0], "a");
    assert.deepEqual(config.restored(config.EMPTY, JSON.parse(JSON.stringify(whole))), whole);
    const wrong = [
        [{ groupBy: [] }, /no field `groupBy`/],
        [{ group_by: "a" }, /`group_by`.*must be a list/],
        [{ show_as: "pie" }, /`show_as`.*must be one of table, line/],
        [{ formats: { x: { style: "currency" } } }, /format of column "x".*needs a `currency`/],
        [{ formats: { x: { style: "money" } } }, /style "money", which is none of number/],
        [{ formats: { x: { time_zone: "Mars/Base" } } }, /format of column "x" cannot be used/],
        [{ colours: { x: "blue" } }, /colour of column "x"/],
        [{ group_by_depth: -1 }, /`group_by_depth`/],
        [[], /is an object/],
    ];
    for (const [change, message] of wrong) {
        assert.throws(() => config.restored(config.EMPTY, change), message);
    }
});

test("columns move between the lists of the panel", () => {
    const schema = { a: "string", b: "float", c: "date" };
    const move = (from, ...how) => config.moveColumn(from, schema, ...how);
    const grouped = move(config.EMPTY, "a", "all", "group_by", 0);
    assert.deepEqual([grouped.group_by, grouped.columns], [["a"], ["a", "b", "c"]]);
    const split = move(grouped, "a", "group_by", "split_by", 0);
    assert.deepEqual([split.group_by, split.split_by], [[], ["a"]]);
    // A column that is dragged from the list of all ones leaves the other grouping.
    assert.deepEqual(move(split, "a", "all", "group_by", 0).split_by, []);
    assert.deepEqual(move(grouped, "c", "columns", "columns", 0).columns, ["c", "a", "b"]);
    assert.deepEqual(move(grouped, "a", "columns", "columns", 3).columns, ["b", "c", "a"]);
    assert.deepEqual(move(grouped, "b", "columns", "all", 0).columns, ["a", "c"]);
});

test("what is typed into the filter row becomes filters, and is read back", () => {
    const cases = [
        ["string", "ab", [["x", "contains", "ab"]]],
        ["string", "^ab", [["x", "begins with", "ab"]]],
        ["string", "ab$", [["x", "ends with", "ab"]]],
        ["string", "~a.b", [["x", "matches", "a.b"]]],
        ["string", "= a, b", [["x", "in", ["a", "b"]]]],
        ["string", "!= a", [["x", "!=", "a"]]],
        ["string", "null", [["x", "is null"]]],
        ["string", "!null", [["x", "is not null"]]],
        ["float", "5", [["x", "==", 5]], "= 5"],
        ["float", ">=2.5", [["x", ">=", 2.5]], ">= 2.5"],
        [
            "integer",
            "1 .. 9",
            [
                ["x", ">=", 1],
                ["x", "<=", 9],
            ],
        ],
        ["integer", "9007199254740993", [["x", "==", "9007199254740993"]], "= 9007199254740993"],
        ["boolean", "yes", [["x", "==", true]], "= true"],
        ["date", ">2024-2-1", [["x", ">", "2024-02-01"]], "> 2024-02-01"],
    ];
    for (const [type, text, expected, again = text] of cases) {
        const parsed = filters.parseFilter("x", type, text);
        assert.deepEqual(parsed, { filters: expected }, text);
        assert.equal(filters.filterText(expected), again);
    }
    assert.deepEqual(filters.parseFilter("x", "string", "  "), { filters: [] });
    assert.equal(filters.filterText([]), "");
});

test("what cannot be a filter is explained", () => {
    const error = (type, text) => filters.parseFilter("x", type, text).error;
    assert.match(error("float", "abc"), /"abc" is not a number/);
    assert.match(error("integer", ">"), /what should follow >/);
    assert.match(error("integer", "1 .. 2 .. 3"), /not a range/);
    assert.match(error("date", "2024-02-30"), /not a date; write it as 2024-12-31/);
    assert.match(error("integer", "= 1, x"), /"x" is not a whole number/);
});

test("what is typed into a cell becomes a value of its type, or a reason why not", () => {
    const value = (text, type) => values.parseValue(text, type);
    assert.deepEqual(value(" 12 ", "integer"), { value: 12 });
    assert.deepEqual(value("9007199254740993", "integer"), { value: 9007199254740993n });
    assert.deepEqual(value("1e3", "float"), { value: 1000 });
    assert.deepEqual(value("", "float"), { value: null });
    assert.deepEqual(value("", "string"), { value: "" });
    assert.deepEqual(value("Yes", "boolean"), { value: true });
    assert.deepEqual(value("2024-02-29", "date"), { value: Date.UTC(2024, 1, 29) });
    assert.deepEqual(value("2024-02-29 13:45:30.25", "datetime"), {
        value: Date.UTC(2024, 1, 29, 13, 45, 30, 250),
    });
    for (const [text, type] of [
        ["1.5", "integer"],
        ["9223372036854775808", "integer"],
        ["Infinity", "float"],
        ["0x10", "float"],
        ["maybe", "boolean"],
        ["2023-02-29", "date"],
        ["2024-01-01 25:00", "datetime"],
    ]) {
        assert.ok(value(text, type).error, `${text} as ${type}`);
    }
});

test("cells are written by Intl, and big integers to the last digit", () => {
    const of = (type, options, value) => format.formatter(type, options, "en-US")(value);
    assert.equal(of("integer", {}, 9007199254740993n), "9,007,199,254,740,993");
    assert.equal(of("float", {}, 1234.5), "1,234.50");
    assert.equal(of("float", { style: "currency", currency: "EUR" }, 5), "€5.00");
    assert.equal(of("float", { style: "percent" }, 0.125), "12.5%");
    assert.equal(of("date", {}, 0), "Jan 1, 1970");
    assert.equal(of("date", { date: "iso" }, 0), "1970-01-01");
    assert.equal(of("datetime", { date: "iso" }, 1), "1970-01-01 00:00:00.001");
    assert.equal(of("boolean", {}, false), "false");
    assert.equal(of("float", {}, null), "");
    assert.equal(format.plainText(0, "datetime"), "1970-01-01 00:00:00");
});

test("long integers survive the way through JSON", () => {
    const text = '{"__ID__":[[9007199254740993]],"a":[9007199254740993],"b":[0.1],"c":["12345678901234567890"]}';
    const { ids, columns } = json.parseColumns(text);
    const isExact = typeof columns.a[0] === "bigint";
    // Engines before the reviver's context keep what JSON.parse gives.
    assert.equal(String(columns.a[0]), isExact ? "9007199254740993" : "9007199254740992");
    assert.equal(ids.length, 1);
    assert.deepEqual([columns.b[0], columns.c[0]], [0.1, "12345678901234567890"]);
    assert.equal(json.rowText({ k: 9007199254740993n, 'a"b': "x" }), '{"k":9007199254740993,"a\\"b":"x"}');
});

test("colour goes by sign, along a scale, or from zero to both sides", () => {
    assert.equal(colour.shade("sign", 0), undefined);
    assert.equal(colour.shade("sign", -1).tone, "down");
    assert.equal(colour.shade({ scale: [0, 10] }, 5).share, 0.5);
    assert.deepEqual(colour.shade({ bar: [-10, 5] }, -5), { tone: "down", kind: "bar", share: 0.5 });
    assert.equal(colour.shade({ scale: [0, 10] }, 50).share, 1);
    assert.equal(colour.shade({ scale: [0, 10] }, "x"), undefined);
    assert.equal(colour.shade({ scale: [3, 3] }, 3), undefined);
});

test("cells flash that changed, and not those that only moved", () => {
    const before = { keys: ["a", "b"], columns: { x: [1, 2], y: ["u", "v"] } };
    const after = { keys: ["b", "a", "c"], columns: { x: [3, 1, 9], y: ["v", "w", "z"] } };
    const found = flash.changes(before, after);
    assert.deepEqual([...found.get("x")], [[0, "up"]]);
    assert.deepEqual([...found.get("y")], [[1, "other"]]);
    assert.equal(flash.changes(undefined, after).size, 0);
});

test("charts draw the leaves of groups, times in order, and say when there is nothing", () => {
    const label = (path) => path.join("/");
    const rowPaths = [[], ["a"], ["a", "x"], ["b"]];
    const column = (name, type, list) => ({ label: name, type, values: list });
    const input = { columns: [column("n", "float", [6, 3, 3, null])], rowPaths, depth: 2, groupType: "string", label };
    assert.deepEqual(charts.leaves(input), [2, 3]);
    assert.deepEqual(charts.lineData(input).categories, ["a/x", "b"]);
    assert.deepEqual(charts.lineData(input).series, [{ label: "n", values: [3, null] }]);
    const flat = {
        columns: [column("t", "datetime", [2000, null, 1000]), column("n", "integer", [1, 2, 3])],
        rowPaths: undefined,
        depth: 0,
        groupType: undefined,
        label,
    };
    assert.deepEqual(charts.lineData(flat).x, [1, 2]);
    assert.deepEqual(charts.lineData(flat).series[0].values, [3, 1]);
    assert.equal(charts.scatterData(flat).xIs, "time");
    assert.match(charts.scatterData({ ...flat, columns: flat.columns.slice(1) }).error, /two columns of numbers/);
    assert.match(charts.heatData({ ...flat, columns: flat.columns.slice(0, 1) }).error, /column of numbers/);
    const heat = charts.heatData(input);
    assert.deepEqual([heat.rows, heat.columns, heat.least, heat.most], [["a/x", "b"], ["n"], 3, 3]);
});

test("many wishes make one run at a time and one more after it", async () => {
    let running = 0;
    let most = 0;
    let runs = 0;
    const turns = [];
    const nextTurn = () => new Promise((resolve) => turns.push(resolve));
    const task = async () => {
        running += 1;
        most = Math.max(most, running);
        runs += 1;
        await Promise.resolve();
        running -= 1;
    };
    const coalescer = new coalesce.Coalescer(task, nextTurn);
    const turn = async () => {
        turns.shift()();
        await new Promise(setImmediate);
    };
    const first = coalescer.request();
    assert.equal(coalescer.request(), first);
    await turn();
    await first;
    const second = coalescer.request();
    const third = coalescer.request();
    assert.notEqual(second, first);
    await turn();
    await Promise.all([second, third]);
    assert.deepEqual([runs, most, turns.length], [2, 1, 0]);
});

test("who waits for a run does not wait for those that are asked for while it is on", async () => {
    let asks = 0;
    const coalescer = new coalesce.Coalescer(
        async () => {
            // A feed that never falls silent.
            asks += 1;
            if (asks < 1000) {
                coalescer.request();
            }
        },
        () => new Promise(setImmediate),
    );
    await coalescer.request();
    assert.ok(asks < 3, `${asks} runs before the first was told of`);
});

test("an error of the task reaches who waits, and the next run comes all the same", async () => {
    let isBroken = true;
    const coalescer = new coalesce.Coalescer(
        async () => {
            if (isBroken) {
                throw new Error("broken");
            }
        },
        () => Promise.resolve(),
    );
    await assert.rejects(coalescer.request(), /broken/);
    isBroken = false;
    await coalescer.request();
});

test("the client has nothing of the grid in it, and the grid nothing of the client", async () => {
    const text = (name) => readFile(new URL(`../dist/${name}.js`, import.meta.url), "utf8");
    const [client, grid] = await Promise.all([text("index"), text("grid")]);
    assert.ok(!client.includes("sightline-table"));
    assert.ok(!grid.includes("makeTableReq"), "the grid bundles the protocol");
});
