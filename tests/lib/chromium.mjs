// Hands on the console in Chromium. The same verbs as in window.mjs, so that one story is told in both.

import { chromium } from "playwright-core";
import { seriousFaults } from "./axe.mjs";
import { folder, program, shotFile } from "./machine.mjs";
import { until } from "./until.mjs";

const WAIT_MS = 10_000;

// No sandbox, because CI runs as root; the rest keeps Chromium from calling home.
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Opens an address in a Chromium of its own. */
export async function openChromium(url, { width = 1280, height = 800, theme = "dark" } = {}) {
  const profile = folder();
  const context = await chromium.launchPersistentContext(profile.dir, {
    executablePath: program("chromium", "chromium-browser", "google-chrome"),
    args: FLAGS,
    headless: true,
    viewport: { width, height },
    colorScheme: theme,
    permissions: ["clipboard-read", "clipboard-write"],
  });
  context.setDefaultTimeout(WAIT_MS);
  const page = context.pages()[0] ?? (await context.newPage());
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(`uncaught: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(`console: ${message.text()} ${message.location().url ?? ""}`);
  });
  await page.goto(url);

  const find = (role, name, { within } = {}) => {
    const from = within ? page.getByRole(within[0], { name: within[1], exact: true }) : page;
    return from.getByRole(role, { name, exact: typeof name === "string" }).first();
  };
  const evaluate = (script, ...args) =>
    page.evaluate(([body, given]) => new (async () => {}).constructor("...args", body)(...given), [script, args]);
  return {
    page,
    /** What the page complained about so far. */
    complaints,
    evaluate,
    click: (role, name, options) => find(role, name, options).click(),
    fill: (label, text) => page.getByLabel(label, { exact: typeof label === "string" }).first().fill(text),
    choose: (label, option) => page.getByLabel(label, { exact: typeof label === "string" }).first().selectOption({ label: option }),
    press: (key) => page.keyboard.press(key),
    has: (role, name, options) => find(role, name, options).isVisible(),
    see: (role, name, options) => find(role, name, options).waitFor({ state: "visible" }),
    text: () => page.locator("body").innerText(),
    go: (screen) => page.evaluate((hash) => (location.hash = hash), screen),
    read: (text, ms = WAIT_MS) =>
      until(`the screen to say ${text}`, async () => says(await page.locator("body").innerText(), text), ms).catch(async (error) => {
        throw new Error(`${error.message}\nIt says:\n${await page.locator("body").innerText()}`);
      }),
    theme: (theme) => page.emulateMedia({ colorScheme: theme }),
    shot: async (name) => void (await page.screenshot({ path: shotFile(name), animations: "disabled" })),
    faults: () => seriousFaults(evaluate),
    close: async () => {
      await context.close();
      profile.remove();
    },
  };
}

/** Whether a screen's text has a phrase, or matches a pattern; line breaks are as good as blanks. */
export function says(text, phrase) {
  const flat = text.replace(/\s+/g, " ");
  return phrase instanceof RegExp ? phrase.test(flat) : flat.includes(phrase);
}
