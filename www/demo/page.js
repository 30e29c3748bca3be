// What every page of the demo has: a place for messages, and the address of the server that sent the page.

/** Shows an error where the reader looks, or takes the last one away. */
export function say(error) {
    const place = document.querySelector(".message");
    const text = error === undefined ? "" : error instanceof Error ? error.message : String(error);
    place.textContent = text;
    place.hidden = text === "";
}

/** Runs an action of the reader; what goes wrong is said in the page. */
export async function attempt(action) {
    try {
        const result = await action();
        say(undefined);
        return result;
    } catch (error) {
        say(error);
        return undefined;
    }
}

/** The websocket of the server that sent this page. */
export function serverUrl() {
    return new URL("/websocket", location.href.replace(/^http/, "ws"));
}

/** Fills a select with options; each is a text, or a text and its value. */
export function fill(select, options) {
    select.replaceChildren(
        ...options.map((option) => {
            const [text, value] = Array.isArray(option) ? option : [option, option];
            return new Option(text, value);
        }),
    );
}

/** A select that sets the theme of the page and of its grid. */
export function followTheme(select, grid) {
    select.onchange = () => {
        document.documentElement.style.colorScheme = select.value === "auto" ? "" : select.value;
        grid.setAttribute("theme", select.value);
    };
}
