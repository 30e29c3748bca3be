/** A heat map on a canvas: rows down, columns across, the colour says how much. */

import type { ChartColours } from "./chart.js";
import type { HeatData } from "./chart_data.js";
import { make } from "./dom.js";

const FONT = "12px system-ui, sans-serif";
const TOP = 26;
const LEGEND = 34;
const LEAST_CELL = 14;

/** Draws into `stage`, and gives a sentence on what is left out. */
export function drawHeatMap(
    stage: HTMLElement,
    data: HeatData,
    colours: ChartColours,
    format: (value: number) => string,
): string {
    let canvas = stage.querySelector<HTMLCanvasElement>("canvas.heat");
    if (canvas === null) {
        canvas = make("canvas", { class: "heat", role: "img" });
        stage.replaceChildren(canvas);
    }
    const width = Math.max(80, stage.clientWidth);
    const height = Math.max(80, stage.clientHeight);
    const scale = window.devicePixelRatio || 1;
    canvas.width = width * scale;
    canvas.height = height * scale;
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
    const context = canvas.getContext("2d");
    if (context === null) {
        return "";
    }
    context.scale(scale, scale);
    context.font = FONT;
    const left = Math.min(
        180,
        16 + Math.max(0, ...data.rows.slice(0, 200).map((row) => context.measureText(row).width)),
    );
    const rowsThatFit = Math.max(1, Math.floor((height - TOP - LEGEND) / LEAST_CELL));
    const rows = Math.min(data.rows.length, rowsThatFit);
    const cellHeight = Math.min(40, (height - TOP - LEGEND) / Math.max(1, rows));
    const cellWidth = (width - left - 8) / Math.max(1, data.columns.length);
    const mix = mixer(colours.low, colours.high);
    const reach = data.most - data.least || 1;
    data.columns.forEach((label, column) => {
        const x = left + column * cellWidth;
        context.fillStyle = colours.soft;
        context.textAlign = "center";
        context.textBaseline = "middle";
        context.fillText(fitted(context, label, cellWidth - 6), x + cellWidth / 2, TOP / 2);
        for (let row = 0; row < rows; row += 1) {
            const value = data.cells[column]?.[row];
            if (value === null || value === undefined) {
                continue;
            }
            const share = (value - data.least) / reach;
            context.fillStyle = mix(share);
            context.fillRect(x + 1, TOP + row * cellHeight + 1, cellWidth - 2, cellHeight - 2);
            const text = format(value);
            if (cellHeight >= 16 && context.measureText(text).width < cellWidth - 8) {
                context.fillStyle = isDark(mix(share)) ? "#ffffff" : "#14171c";
                context.fillText(text, x + cellWidth / 2, TOP + (row + 0.5) * cellHeight);
            }
        }
    });
    context.textAlign = "right";
    context.fillStyle = colours.ink;
    for (let row = 0; row < rows; row += 1) {
        context.fillText(fitted(context, data.rows[row] ?? "", left - 12), left - 8, TOP + (row + 0.5) * cellHeight);
    }
    legend(context, left, height - LEGEND + 12, Math.min(240, width - left - 8), data, colours, mix, format);
    canvas.setAttribute(
        "aria-label",
        `Heat map of ${data.rows.length} rows by ${data.columns.length} columns, from ${format(data.least)} to ${format(data.most)}`,
    );
    return rows < data.rows.length ? `${data.rows.length - rows} rows below are not drawn.` : "";
}

function legend(
    context: CanvasRenderingContext2D,
    x: number,
    y: number,
    width: number,
    data: HeatData,
    colours: ChartColours,
    mix: (share: number) => string,
    format: (value: number) => string,
): void {
    const gradient = context.createLinearGradient(x, 0, x + width, 0);
    for (const share of [0, 0.25, 0.5, 0.75, 1]) {
        gradient.addColorStop(share, mix(share));
    }
    context.fillStyle = gradient;
    context.fillRect(x, y, width, 6);
    context.fillStyle = colours.soft;
    context.textBaseline = "top";
    context.textAlign = "left";
    context.fillText(format(data.least), x, y + 8);
    context.textAlign = "right";
    context.fillText(format(data.most), x + width, y + 8);
    context.textBaseline = "middle";
}

function channels(colour: string): number[] {
    return (colour.match(/[\d.]+/g) ?? []).slice(0, 3).map(Number);
}

function mixer(low: string, high: string): (share: number) => string {
    const from = channels(low);
    const to = channels(high);
    return (share) => {
        const mixed = from.map((channel, at) => Math.round(channel + ((to[at] ?? channel) - channel) * share));
        return `rgb(${mixed.join(", ")})`;
    };
}

function isDark(colour: string): boolean {
    const [red = 0, green = 0, blue = 0] = channels(colour);
    return 0.299 * red + 0.587 * green + 0.114 * blue < 140;
}

function fitted(context: CanvasRenderingContext2D, text: string, width: number): string {
    if (context.measureText(text).width <= width) {
        return text;
    }
    let cut = text;
    while (cut.length > 1 && context.measureText(`${cut}…`).width > width) {
        cut = cut.slice(0, -1);
    }
    return `${cut}…`;
}
