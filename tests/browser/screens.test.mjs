// Every screen in both themes: no serious accessibility fault, nothing wider than the window, and a picture of it.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { openChromium } from "../lib/chromium.mjs";
import { seededGatepost } from "../lib/seed.mjs";

/** A screen's name, its address, and what it says once it has its data. */
const SCREENS = [
  ["overview", "/", "APIs by traffic"],
  ["apis", "/apis", "Orders API"],
  ["api-summary", "/apis/1?tab=summary", "Orders API"],
  ["api-policies", "/apis/1?tab=policies", "rate-limiting"],
  ["api-policy-form", "/apis/1?tab=policies&policy=2", "Limits"],
  ["api-upstream", "/apis/1?tab=upstream", "Where calls go"],
  ["api-contracts", "/apis/1?tab=contracts", "MyTestApp"],
  ["api-settings", "/apis/1?tab=settings", "Delete"],
  ["automated", "/automated", "No policy is for every API"],
  ["clients", "/clients", "MyTestApp"],
  ["client", "/clients/1", "Access to APIs"],
  ["tester", "/tester", "Send a request"],
  ["traffic", "/traffic", "/catalog-search/v3/search"],
  ["analytics", "/analytics", "Violations"],
  ["settings", "/settings", "Data folder"],
  ["settings-tls", "/settings?tab=tls", "Make a local authority"],
  ["settings-limits", "/settings?tab=limits", "Connections of callers"],
];

/** Dialogs and overlays: where they are opened, how, and what they say. */
const OVERLAYS = [
  ["add-api", "/apis", (hand) => hand.click("button", "Add API"), "Upstream URL"],
  ["policy-catalogue", "/apis/1?tab=policies", (hand) => hand.click("button", "Add policy"), "Choose"],
  ["new-client", "/clients", (hand) => hand.click("button", "New client app"), "Description"],
  ["send-many", "/tester", (hand) => hand.click("button", "Send many"), "At the same time"],
  ["listener-tls", "/settings?tab=tls", (hand) => hand.click("button", /^Use HTTPS/), "Certificates to show"],
  ["add-certificate", "/settings?tab=tls", (hand) => hand.click("button", "Add certificate"), "Private key"],
  ["make-authority", "/settings?tab=tls", (hand) => hand.click("button", "Make a local authority"), "Further domains"],
  ["palette", "/settings", (hand) => hand.press("Control+k"), "Overview"],
  ["shortcuts", "/settings", (hand) => hand.press("Shift+?"), /shortcuts/i],
];

let gatepost;
before(async () => {
  gatepost = await seededGatepost();
});
after(() => gatepost?.stop());

async function look(hand, name) {
  assert.deepEqual(await hand.faults(), [], `${name}: accessibility`);
  const over = await hand.evaluate("return document.documentElement.scrollWidth - window.innerWidth");
  assert.ok(over <= 0, `${name} is ${over} px wider than the window`);
}

for (const theme of ["dark", "light"]) {
  describe(`in the ${theme} theme`, () => {
    let hand;
    before(async () => {
      hand = await openChromium(gatepost.url, { theme });
      await hand.read("Gateway running");
    });
    after(() => hand?.close());

    for (const [name, address, says] of SCREENS) {
      test(name, async () => {
        await hand.go(address);
        await hand.read(says);
        await hand.shot(`${name}-${theme}`);
        await look(hand, name);
      });
    }
    for (const [name, address, open, says] of OVERLAYS) {
      test(name, async () => {
        await hand.go(address);
        await hand.see("navigation", "Main");
        await open(hand);
        await hand.read(says);
        await hand.shot(`${name}-${theme}`);
        await look(hand, name);
        await hand.press("Escape");
      });
    }
    test("the pages complained about nothing", () => assert.deepEqual(hand.complaints, []));
  });
}

test("the screens fit a large window too", async () => {
  const hand = await openChromium(gatepost.url, { width: 1920, height: 1080 });
  try {
    for (const [name, address, says] of SCREENS) {
      await hand.go(address);
      await hand.read(says);
      await hand.shot(`${name}-large`);
      await look(hand, name);
    }
  } finally {
    await hand.close();
  }
});

test("every screen is reached by keyboard alone", async () => {
  const hand = await openChromium(gatepost.url);
  try {
    await hand.read("Gateway running");
    const keys = { a: "APIs", p: "Automated policies", c: "Clients", t: "Tester", r: "Traffic", n: "Analytics", s: "Settings", o: "Overview" };
    for (const [key, heading] of Object.entries(keys)) {
      await hand.press("g");
      await hand.press(key);
      await hand.see("heading", heading);
    }
  } finally {
    await hand.close();
  }
});
