// The data plane's limits by click, in Chromium against `gatepost serve`.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { openChromium } from "../lib/chromium.mjs";
import { serve } from "../lib/gatepost.mjs";

describe("the limits", () => {
  let gatepost, hand;
  before(async () => {
    gatepost = await serve();
    hand = await openChromium(gatepost.url);
  });
  after(async () => {
    await hand?.close();
    await gatepost?.stop();
  });

  const set = async () => (await gatepost.api("GET", "/settings")).limits;

  test("one is changed in the unit it is shown in, and only it is kept", async () => {
    await hand.go("/settings");
    await hand.click("tab", "Limits");
    await hand.read("Default 64 KiB.");
    await hand.fill("Request head", "32");
    await hand.fill("Idle connections", "1.5");
    await hand.click("button", "Save");
    await hand.read("The limits are saved and in force.");
    assert.deepEqual(await set(), { max_head_bytes: 32_768, idle_timeout: "1500ms" });
    assert.deepEqual(await hand.faults(), []);
    for (const theme of ["dark", "light"]) {
      await hand.theme(theme);
      await hand.shot(`limits-${theme}`);
    }
  });

  test("one goes back to its default by itself, and all of them at once", async () => {
    await hand.click("button", "Request head: back to 64 KiB");
    await hand.click("button", "Save");
    await hand.see("button", "Request head: back to 64 KiB");
    await hand.page.waitForFunction(() => document.querySelector("button[type=submit]")?.disabled);
    assert.deepEqual(await set(), { idle_timeout: "1500ms" });
    await hand.click("button", "All back to defaults");
    await hand.click("button", "Save");
    await hand.page.waitForFunction(() => document.querySelector("button[type=submit]")?.disabled);
    assert.deepEqual(await set(), {});
  });

  test("what was set elsewhere is shown without asking", async () => {
    const settings = await gatepost.api("GET", "/settings");
    await gatepost.api("PUT", "/settings", { ...settings, limits: { max_headers: 42 } });
    await hand.page.waitForFunction(() => [...document.querySelectorAll("input")].some((input) => input.value === "42"));
    assert.deepEqual(hand.complaints, []);
  });
});
