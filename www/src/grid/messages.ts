/** The message above the grid: it stands where the reader looks, and goes away when its cause does. */

import { make } from "./dom.js";

/** While the connection is lost everything else fails too, and one sentence says why. */
export type Cause = "connection" | "reading" | "other";

export class Messages {
    readonly element: HTMLElement = make("div", { class: "message", role: "alert", hidden: true });
    #cause: Cause | undefined;

    say(text: string, cause: Cause): void {
        if (this.#cause === "connection" && cause !== "connection") {
            return;
        }
        this.#cause = cause;
        this.element.hidden = false;
        this.element.replaceChildren(
            make("span", {}, text),
            make(
                "button",
                {
                    type: "button",
                    class: "plain",
                    "aria-label": "Dismiss the message",
                    onclick: () => this.over(cause),
                },
                "✕",
            ),
        );
    }

    /** What this cause had to say is not so any more. */
    over(cause: Cause): void {
        if (this.#cause === cause) {
            this.#cause = undefined;
            this.element.hidden = true;
            this.element.replaceChildren();
        }
    }
}
