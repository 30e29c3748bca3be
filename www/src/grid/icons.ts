/** The pictures on the buttons, as strokes on a field of 16 by 16. */

const PATHS = {
    panel: "M2 3h12v10H2z M10 3v10",
    filter: "M2 3h12l-4.5 5.5V13l-3-1.5v-3z",
    table: "M2 3h12v10H2z M2 6.5h12 M6.5 6.5V13",
    line: "M2 12l3.5-4 3 2L14 4",
    bar: "M3.5 13V8 M8 13V3 M12.5 13V6",
    scatter: "M4 11h.01 M7 7h.01 M10 10h.01 M12 4h.01 M5.5 4h.01",
    heatmap: "M2 2h5v5H2z M9 2h5v5H9z M2 9h5v5H2z M9 9h5v5H9z M10.5 11.5h2",
    open: "M4 6l4-4 4 4 M4 10l4 4 4-4",
    close: "M4 2l4 4 4-4 M4 14l4-4 4 4",
    export: "M8 2v8 M5 7l3 3 3-3 M3 13h10",
    copy: "M5 5h8v8H5z M3 11V3h8",
} as const;

export type IconName = keyof typeof PATHS;

const SVG = "http://www.w3.org/2000/svg";

export function icon(name: IconName): SVGSVGElement {
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("viewBox", "0 0 16 16");
    svg.setAttribute("aria-hidden", "true");
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", PATHS[name]);
    if (name === "scatter") {
        path.setAttribute("stroke-width", "2.6");
    }
    svg.append(path);
    return svg;
}
