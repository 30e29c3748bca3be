/** Small helpers for building and changing elements. */

type Child = Node | string | undefined;
type Attributes = Readonly<Record<string, string | number | boolean | undefined | ((event: never) => void)>>;

/** An element with attributes, listeners (`onclick` and the like) and children. False and undefined are left out. */
export function make<K extends keyof HTMLElementTagNameMap>(
    tag: K,
    attributes: Attributes = {},
    ...children: Child[]
): HTMLElementTagNameMap[K] {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
        if (typeof value === "function") {
            element.addEventListener(name.slice(2), value as unknown as EventListener);
        } else if (value !== undefined && value !== false) {
            element.setAttribute(name, value === true ? "" : String(value));
        }
    }
    element.append(...children.filter((child) => child !== undefined));
    return element;
}

/** Sets an attribute, or takes it away, and touches nothing when it is so already. */
export function setAttribute(element: Element, name: string, value: string | undefined): void {
    if (value === undefined) {
        if (element.hasAttribute(name)) {
            element.removeAttribute(name);
        }
    } else if (element.getAttribute(name) !== value) {
        element.setAttribute(name, value);
    }
}

/** An error as a reader should see it: the engine's mark before the sentence says nothing to them. */
export function errorText(error: unknown): string {
    const text = error instanceof Error ? error.message : String(error);
    return text.replace(/^Abort\(\): /, "").trim();
}

export const nextFrame = (): Promise<unknown> => new Promise((resolve) => requestAnimationFrame(resolve));
