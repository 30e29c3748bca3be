/**
 * The current view as a picture: lines, bars and points by uPlot, a heat map on a canvas of its own.
 *
 * In: a source and what to draw. It reads at most `MOST_ROWS` rows, one reading at a time, and not more often than
 * ten times a second; what it leaves out it says.
 */

import uPlot from "uplot";
import { type ChartData, type ChartInput, heatData, lineData, scatterData } from "./chart_data.js";
import { Coalescer } from "./coalesce.js";
import type { ShowAs } from "./config.js";
import { errorText, make, nextFrame } from "./dom.js";
import { drawHeatMap } from "./heatmap.js";
import type { ColumnPath } from "./paths.js";
import type { Slice, Source } from "./source.js";

export const MOST_ROWS = 10_000;
const MOST_COLUMNS = 60;
const LEAST_MS = 100;

export interface ChartHost {
    readonly label: (path: readonly unknown[]) => string;
    readonly report: (error: unknown) => void;
    readonly recovered: () => void;
    readonly format: (column: ColumnPath | undefined) => (value: number) => string;
}

export class Chart {
    readonly element: HTMLElement;
    readonly #host: ChartHost;
    readonly #stage: HTMLElement;
    readonly #note: HTMLElement;
    readonly #drawing = new Coalescer(
        () => this.#draw(),
        async () => {
            const wait = LEAST_MS - (performance.now() - this.#drawn);
            if (wait > 0) {
                await new Promise((resolve) => setTimeout(resolve, wait));
            }
            await nextFrame();
        },
    );
    #source: Source | undefined;
    #kind: ShowAs = "table";
    #plot: { key: string; plot: uPlot } | undefined;
    #drawn = Number.NEGATIVE_INFINITY;
    #resized = false;

    constructor(host: ChartHost) {
        this.#host = host;
        this.#stage = make("div", { class: "chart-stage" });
        this.#note = make("p", { class: "chart-note hint", role: "status" });
        this.element = make("div", { class: "chart", hidden: true }, this.#stage, this.#note);
        new ResizeObserver(() => {
            this.#resized = true;
            if (this.#kind !== "table") {
                void this.redraw();
            }
        }).observe(this.#stage);
    }

    async show(source: Source | undefined, kind: ShowAs): Promise<void> {
        if (kind !== this.#kind) {
            this.#clear();
        }
        this.#source = source;
        this.#kind = kind;
        this.element.hidden = kind === "table";
        if (kind === "table") {
            this.#clear();
        } else {
            await this.redraw();
        }
    }

    redraw(): Promise<void> {
        return this.#drawing.request();
    }

    /** Colours come from the theme: another one asks for another drawing. */
    async retheme(): Promise<void> {
        this.#clear();
        if (this.#kind !== "table") {
            await this.redraw();
        }
    }

    #clear(): void {
        this.#plot?.plot.destroy();
        this.#plot = undefined;
        this.#stage.replaceChildren();
        this.#stage.removeAttribute("role");
        this.#stage.removeAttribute("aria-label");
    }

    async #draw(): Promise<void> {
        const source = this.#source;
        if (source === undefined || this.#kind === "table" || !this.element.isConnected) {
            return;
        }
        try {
            const slice = await source.read({
                firstRow: 0,
                endRow: MOST_ROWS,
                firstColumn: 0,
                endColumn: MOST_COLUMNS,
            });
            if (source !== this.#source || this.element.hidden) {
                return;
            }
            this.#host.recovered();
            this.#paint(source, slice);
            this.#drawn = performance.now();
        } catch (error) {
            if (source === this.#source) {
                this.#host.report(error);
            }
        }
    }

    #paint(source: Source, slice: Slice): void {
        // Where there is but one column for each value of the split, its name says nothing.
        const isOne = new Set(slice.columns.map(({ name }) => name)).size === 1;
        const input: ChartInput = {
            columns: slice.columns.map((column, at) => ({
                label: [...column.groups, ...(isOne && column.groups.length > 0 ? [] : [column.name])].join(" · "),
                type: source.types[column.name],
                values: slice.values[at] ?? [],
            })),
            rowPaths: slice.rowPaths,
            depth: source.config.group_by.length,
            groupType: source.groupTypes[source.config.group_by.at(-1) ?? ""],
            label: (path) => this.#host.label(path),
        };
        const left =
            source.rows > MOST_ROWS
                ? `The first ${MOST_ROWS.toLocaleString()} of ${source.rows.toLocaleString()} rows. `
                : "";
        if (this.#kind === "heatmap") {
            const data = heatData(input);
            if ("error" in data) {
                this.#explain(data.error);
                return;
            }
            const format = this.#host.format(slice.columns.find((column) => source.types[column.name] !== "string"));
            this.#note.textContent = left + drawHeatMap(this.#stage, data, this.#colours(), format);
            return;
        }
        const data = this.#kind === "scatter" ? scatterData(input) : lineData(input);
        if ("error" in data) {
            this.#explain(data.error);
            return;
        }
        const more =
            input.columns.filter(({ type }) => type === "integer" || type === "float").length - data.series.length;
        const note = `${left}${more > 1 ? `${more} more columns are not drawn.` : ""}`;
        this.#note.textContent = note;
        this.#plotted(data);
        this.#stage.setAttribute("role", "img");
        this.#stage.setAttribute(
            "aria-label",
            `${{ line: "Line", bar: "Bar", scatter: "Scatter" }[this.#kind as string]} chart of ${data.series
                .map(({ label }) => label)
                .join(", ")}: ${data.x.length} points`,
        );
    }

    #explain(text: string): void {
        this.#clear();
        this.#note.textContent = errorText(text);
    }

    #plotted(data: ChartData): void {
        const width = Math.max(80, this.#stage.clientWidth);
        // The legend stands below the plot and is not part of its height.
        const height = Math.max(80, this.#stage.clientHeight - 34);
        const key = JSON.stringify([this.#kind, data.xIs, data.xLabel, data.series.map(({ label }) => label)]);
        const aligned = [data.x, ...data.series.map(({ values }) => values)] as unknown as uPlot.AlignedData;
        if (this.#plot !== undefined && this.#plot.key === key) {
            categories.set(this.#plot.plot, data.categories);
            if (this.#resized) {
                this.#plot.plot.setSize({ width, height });
                this.#resized = false;
            }
            this.#plot.plot.setData(aligned);
            return;
        }
        this.#clear();
        this.#resized = false;
        const plot = new uPlot(this.#options(data, width, height), aligned, this.#stage);
        categories.set(plot, data.categories);
        plot.redraw(false, true);
        this.#plot = { key, plot };
    }

    #options(data: ChartData, width: number, height: number): uPlot.Options {
        const colours = this.#colours();
        const isBar = this.#kind === "bar";
        const format = this.#host.format(undefined);
        const axis = {
            stroke: colours.soft,
            font: "12px system-ui, sans-serif",
            grid: { stroke: colours.line, width: 1 },
            ticks: { stroke: colours.line, width: 1 },
        };
        const category = (plot: uPlot, at: number) => categories.get(plot)?.[at] ?? "";
        return {
            width,
            height,
            scales: {
                x: {
                    time: data.xIs === "time",
                    ...(isBar
                        ? {
                              range: (_: uPlot, least: number, most: number): [number, number] =>
                                  padded(least, most, data),
                          }
                        : {}),
                },
                ...(isBar
                    ? {
                          y: {
                              range: (_: uPlot, least: number, most: number): [number, number] => fromZero(least, most),
                          },
                      }
                    : {}),
            },
            axes: [
                {
                    ...axis,
                    ...(data.xLabel === "" ? {} : { label: data.xLabel, labelSize: 20, labelFont: axis.font }),
                    ...(data.xIs === "category"
                        ? {
                              space: 90,
                              incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000],
                              values: (plot: uPlot, splits: number[]) =>
                                  splits.map((at) => (Number.isInteger(at) ? shortened(category(plot, at)) : "")),
                          }
                        : {}),
                },
                { ...axis, size: 76, values: (_: uPlot, splits: number[]) => splits.map(format) },
            ],
            series: [
                data.xIs === "category"
                    ? {
                          value: (plot: uPlot, at: number | null) => (at === null ? "" : category(plot, at)),
                          label: "group",
                      }
                    : { label: data.xLabel || (data.xIs === "time" ? "time" : "x") },
                ...data.series.map(({ label }, at): uPlot.Series => {
                    const colour = colours.series[at % colours.series.length] as string;
                    return {
                        label,
                        stroke: colour,
                        width: isBar ? 0 : 1.75,
                        value: (_: uPlot, value: number | null) => (value === null ? "–" : format(value)),
                        ...(isBar
                            ? {
                                  fill: colour.replace("rgb(", "rgba(").replace(")", ", 0.85)"),
                                  paths: bars(at, data),
                                  points: { show: false },
                              }
                            : {}),
                        ...(this.#kind === "scatter"
                            ? { paths: () => null, points: { show: true, size: 6, fill: colour, width: 0 } }
                            : {}),
                        ...(this.#kind === "line" ? { points: { show: data.x.length < 60 } } : {}),
                    };
                }),
            ],
            legend: { live: this.#kind !== "scatter" },
            cursor: { drag: { x: true, y: false } },
        };
    }

    #colours(): ChartColours {
        const probe = make("span", { hidden: true });
        this.element.append(probe);
        // Canvas takes no light-dark(): a computed colour is one it understands.
        const resolved = (name: string) => {
            probe.style.color = `var(${name})`;
            return getComputedStyle(probe).color;
        };
        const found = {
            ink: resolved("--_ink"),
            soft: resolved("--_soft"),
            line: resolved("--_line"),
            paper: resolved("--_paper"),
            low: resolved("--_heat-low"),
            high: resolved("--_heat-high"),
            series: Array.from({ length: 8 }, (_, at) => resolved(`--_series-${at + 1}`)),
        };
        probe.remove();
        return found;
    }
}

export interface ChartColours {
    readonly ink: string;
    readonly soft: string;
    readonly line: string;
    readonly paper: string;
    readonly low: string;
    readonly high: string;
    readonly series: readonly string[];
}

/** What stands at each position of a plot; it changes with the data, and the plot stays. */
const categories = new WeakMap<uPlot, readonly string[]>();

/** Bars of one series beside those of the others. */
function bars(at: number, data: ChartData): uPlot.Series.PathBuilder {
    return (plot, seriesAt, first, last) => {
        const fill = new Path2D();
        const values = plot.data[seriesAt] ?? [];
        const xs = plot.data[0];
        const zero = plot.valToPos(0, "y", true);
        const step = leastStep(data.x);
        const width = (step * 0.8) / data.series.length;
        for (let row = first; row <= last; row += 1) {
            const value = values[row];
            const x = xs[row];
            if (value !== null && value !== undefined && x !== undefined) {
                const from = plot.valToPos(x - step * 0.4 + at * width, "x", true);
                const to = plot.valToPos(x - step * 0.4 + (at + 1) * width, "x", true);
                const y = plot.valToPos(value, "y", true);
                fill.rect(from, Math.min(y, zero), Math.max(1, to - from - 1), Math.abs(zero - y));
            }
        }
        return { fill, stroke: null, clip: null } as unknown as uPlot.Series.Paths;
    };
}

function leastStep(x: readonly number[]): number {
    let least = Number.POSITIVE_INFINITY;
    for (let at = 1; at < x.length; at += 1) {
        const step = (x[at] as number) - (x[at - 1] as number);
        if (step > 0) {
            least = Math.min(least, step);
        }
    }
    return Number.isFinite(least) ? least : 1;
}

/** Room for half a bar at both ends. */
function padded(least: number, most: number, data: ChartData): [number, number] {
    const half = leastStep(data.x) / 2;
    return [least - half, most + half];
}

/** Bars stand on zero. */
function fromZero(least: number, most: number): [number, number] {
    const from = Math.min(0, least ?? 0);
    const to = Math.max(0, most ?? 0);
    const room = (to - from || 1) * 0.06;
    return [from < 0 ? from - room : 0, to > 0 ? to + room : 0];
}

function shortened(text: string): string {
    return text.length > 18 ? `${text.slice(0, 17)}…` : text;
}
