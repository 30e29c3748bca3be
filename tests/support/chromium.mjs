// A headless Chromium from the system's packages, driven by playwright-core.
//
// In: nothing. Out: `withPage`, which gives a test a page and takes everything down after it, whatever happened.

import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { chromium } from "playwright-core";

const NAMES = ["chromium", "chromium-browser", "google-chrome"];

// The first three are what a container wants; the others keep the browser from calling anywhere but our servers.
const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--no-first-run",
  "--disable-quic",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** The path of the installed browser. */
export function findChromium() {
  const folders = process.env.PATH.split(delimiter);
  for (const name of NAMES) {
    const folder = folders.find((candidate) => existsSync(join(candidate, name)));
    if (folder !== undefined) return join(folder, name);
  }
  throw new Error(`no browser on PATH (${NAMES.join(", ")}): run \`make browser\``);
}

/**
 * Runs `use(page)` in a fresh browser. An uncaught error on the page fails the test, with its text; messages of
 * level error on the console do too, unless `allowConsoleErrors` is set.
 */
export async function withPage(use, { allowConsoleErrors = false, viewport = { width: 1280, height: 800 } } = {}) {
  const profile = await mkdtemp(join(tmpdir(), "sightline-chromium-"));
  try {
    const context = await chromium.launchPersistentContext(profile, {
      executablePath: findChromium(),
      headless: true,
      args: ARGUMENTS,
      viewport,
    });
    try {
      const page = context.pages()[0] ?? (await context.newPage());
      const errors = [];
      page.on("pageerror", (error) => errors.push(error.stack ?? String(error)));
      if (!allowConsoleErrors) {
        page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
      }
      let result;
      try {
        result = await use(page);
      } catch (error) {
        // What the page said usually explains why the test could not go on.
        if (errors.length > 0) error.message += `\nThe page reported:\n${errors.join("\n")}`;
        throw error;
      }
      if (errors.length > 0) throw new Error(`the page reported:\n${errors.join("\n")}`);
      return result;
    } finally {
      await context.close();
    }
  } finally {
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}
