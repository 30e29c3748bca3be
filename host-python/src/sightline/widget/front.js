// The front end of the notebook widget: a table that reads the rows in sight from the kernel, and reads them again when
// they change. It knows nothing of views: the kernel answers {type: "rows"} with columns, {type: "changed"} means ask
// again. One request is under way at a time, so a fast table costs as many reads as the page can draw.

const ROW_HEIGHT = 22;
const HEIGHT = 400;

const STYLE = `
.sightline-scroll { height: ${HEIGHT}px; overflow: auto; position: relative; font: 12px/${ROW_HEIGHT}px sans-serif; }
.sightline-scroll table { position: sticky; top: 0; border-collapse: collapse; margin: 0; }
.sightline-scroll th, .sightline-scroll td { padding: 0 8px; height: ${ROW_HEIGHT}px; white-space: nowrap; }
.sightline-scroll th { text-align: left; border-bottom: 1px solid currentColor; }
.sightline-scroll td.number { text-align: right; font-variant-numeric: tabular-nums; }
.sightline-error { color: #b00020; white-space: pre-wrap; }
`;

function cellText(value) {
    if (value === null || value === undefined) return "";
    if (Array.isArray(value)) {
        const last = value.length === 0 ? "TOTAL" : (value[value.length - 1] ?? "-");
        return "\u2003".repeat(value.length) + last;
    }
    return String(value);
}

function drawTable(table, columns) {
    const names = Object.keys(columns);
    const head = document.createElement("tr");
    for (const name of names) {
        const cell = document.createElement("th");
        cell.textContent = name === "__ROW_PATH__" ? "" : name;
        head.append(cell);
    }
    const rows = [head];
    const count = names.length === 0 ? 0 : columns[names[0]].length;
    for (let index = 0; index < count; index += 1) {
        const row = document.createElement("tr");
        for (const name of names) {
            const value = columns[name][index];
            const cell = document.createElement("td");
            cell.textContent = cellText(value);
            if (typeof value === "number") cell.className = "number";
            row.append(cell);
        }
        rows.push(row);
    }
    table.replaceChildren(...rows);
}

function render({ model, el }) {
    const style = document.createElement("style");
    style.textContent = STYLE;
    const title = document.createElement("strong");
    const error = document.createElement("div");
    error.className = "sightline-error";
    const scroll = document.createElement("div");
    scroll.className = "sightline-scroll";
    const table = document.createElement("table");
    const room = document.createElement("div");
    scroll.append(table, room);
    el.append(style, title, error, scroll);

    let asking = false;
    let stale = false;

    function ask() {
        if (asking) {
            stale = true;
            return;
        }
        asking = true;
        stale = false;
        const start = Math.floor(scroll.scrollTop / ROW_HEIGHT);
        model.send({ type: "rows", start_row: start, end_row: start + Math.ceil(HEIGHT / ROW_HEIGHT) });
    }

    function hear(message) {
        if (message.type === "changed") {
            ask();
            return;
        }
        if (message.type !== "rows" && message.type !== "error") return;
        asking = false;
        error.textContent = message.type === "error" ? message.message : "";
        if (message.type === "rows") {
            drawTable(table, message.columns);
            const shown = Math.floor(HEIGHT / ROW_HEIGHT);
            room.style.height = `${Math.max(message.n_rows + 1 - shown, 0) * ROW_HEIGHT}px`;
        }
        if (stale) ask();
    }

    function nameIt() {
        title.textContent = model.get("title") ?? "";
    }

    model.on("msg:custom", hear);
    model.on("change:title", nameIt);
    scroll.addEventListener("scroll", ask);
    nameIt();
    ask();
    return () => {
        model.off("msg:custom", hear);
        model.off("change:title", nameIt);
    };
}

export default { render };
