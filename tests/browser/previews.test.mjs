// What would be, before it is saved, by click in Chromium: of a scope, of a policy on the last calls, of an expression.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, describe, test } from "node:test";
import { openChromium } from "../lib/chromium.mjs";
import { serve } from "../lib/gatepost.mjs";
import { freePort } from "../lib/machine.mjs";

describe("before a save", () => {
  let backend, gatepost, hand, api;
  before(async () => {
    backend = createServer((_, response) => response.end("ok"));
    await new Promise((ready) => backend.listen(0, "127.0.0.1", ready));
    const port = await freePort();
    gatepost = await serve({
      config: `gatepost: 1
apis:
  - name: Orders
    listen: {port: ${port}, base_path: /orders}
    upstream: {url: "http://127.0.0.1:${backend.address().port}"}
`,
    });
    const call = (path, headers = {}) => fetch(`http://127.0.0.1:${port}/orders${path}`, { headers });
    for (const path of ["/items/1", "/items/2", "/people/1"]) await call(path, { "x-user": "ann" });
    await call("/items/1", { authorization: "Basic YTpi" });
    [api] = await gatepost.api("GET", "/apis");
    hand = await openChromium(gatepost.url);
  });
  after(async () => {
    await hand?.close();
    await gatepost?.stop();
    backend?.close();
  });

  const add = async (policy) => {
    await hand.go(`/apis/${api.id}?tab=policies`);
    await hand.click("button", "Add policy");
    await hand.fill("Search policies", policy);
    await hand.click("button", "Choose", { within: ["dialog", "Add policy"] });
    await hand.see("complementary", `Add ${policy}`);
  };
  const shots = async (name) => {
    for (const theme of ["dark", "light"]) {
      await hand.theme(theme);
      await hand.shot(`${name}-${theme}`);
      await hand.page.setViewportSize({ width: 1920, height: 1080 });
      await hand.shot(`${name}-${theme}-large`);
      await hand.page.setViewportSize({ width: 1280, height: 800 });
    }
  };

  test("a limit says which of the last calls it would have refused, and saves nothing", async () => {
    await add("rate-limiting");
    await hand.fill("Requests", "2");
    await hand.click("button", "Try on the last calls");
    await hand.read("2 Would be refused");
    await hand.read("Would be refused with 429");
    await hand.read("2 Would pass");
    assert.deepEqual(await hand.faults(), []);
    await shots("policy-preview");
    await hand.click("button", /Would pass/);
    await hand.read("1 of 2 left");
    await hand.press("Escape");
    await hand.see("button", "Try on the last calls");
    assert.deepEqual(await gatepost.api("GET", `/apis/${api.id}/policies`), []);
  });

  test("a scope says which requests it takes while it is typed", async () => {
    await hand.click("button", "Only some methods or paths");
    await hand.fill("Path of row 1", "/items/.*");
    await hand.read("It takes 2 of 3 requests that came lately");
    await hand.fill("Path to try", "/orders/items/9");
    await hand.read("The policy is for it, by row 1.");
    await hand.fill("Path to try", "/elsewhere");
    await hand.read("There is no such request here: is not below /orders.");
    assert.deepEqual(await hand.faults(), []);
    await shots("scope-preview");
  });

  test("what hangs on a secret is said to", async () => {
    await add("client-id-enforcement");
    await hand.click("button", "Try on the last calls");
    await hand.read("Would be refused");
    await hand.press("Escape");
  });

  test("an expression says what it comes to, and where it is at fault", async () => {
    await hand.go("/");
    await hand.press("Control+k");
    await hand.page.keyboard.type("Try an expression");
    await hand.press("Enter");
    await hand.fill("Expression", "#[upper(attributes.requestPath)]");
    await hand.read("/ORDERS/");
    await hand.fill("Expression", "#[upper(attributes.nothing)]");
    await hand.read("attributes.nothing is not known");
    assert.equal(await hand.page.locator(".playground mark").innerText(), "attributes.nothing");
    await hand.fill("Expression", "#[attributes.headers['authorization']]");
    await hand.read("Not recorded: the value of authorization.");
    await hand.click("button", "One that is made up");
    await hand.fill("Headers", "authorization: Bearer me");
    await hand.read("Bearer me");
    assert.deepEqual(await hand.faults(), []);
    await shots("expression");
    await hand.press("Escape");
    await hand.page.locator(".playground").waitFor({ state: "detached" });
    assert.deepEqual(hand.complaints, []);
  });

  test("a field's expression is tried, and taken back into the field", async () => {
    await add("rate-limiting");
    await hand.page.getByRole("button", { name: /^Try .* on a call$/ }).first().click();
    await hand.fill("Expression", "#[attributes.headers['x-user']]");
    await hand.click("button", "Use it");
    await hand.page.waitForFunction(() => [...document.querySelectorAll("input")].some((input) => input.value.includes("x-user")));
    assert.deepEqual(hand.complaints, []);
  });
});
