// Automated policies by click and by keyboard, in Chromium against `gatepost serve`, and what they do to calls.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startBackend } from "../lib/backend.mjs";
import { openChromium } from "../lib/chromium.mjs";
import { serve } from "../lib/gatepost.mjs";
import { freePort } from "../lib/machine.mjs";
import { until } from "../lib/until.mjs";

describe("automated policies", () => {
  let gatepost, backend, hand, url;
  before(async () => {
    backend = await startBackend();
    gatepost = await serve();
    const listen = { port: await freePort(), base_path: "/posts" };
    await gatepost.api("POST", "/apis", { name: "Posts", listen, upstream: { url: backend.url } });
    await gatepost.api("POST", "/apis/1/policies", { policy: "rate-limiting", config: { limits: [{ requests: 1000, per: "1h" }] } });
    url = `http://127.0.0.1:${listen.port}/posts`;
    hand = await openChromium(gatepost.url);
  });
  after(async () => {
    await hand?.close();
    await gatepost?.stop();
    await backend?.stop();
  });

  const look = async (name) => {
    assert.deepEqual(await hand.faults(), [], `${name}: accessibility`);
    for (const theme of ["dark", "light"]) {
      await hand.theme(theme);
      await hand.shot(`${name}-${theme}`);
    }
  };

  test("one is added by keyboard alone, once it is said whose own policy gives way", async () => {
    await hand.read("Gateway running");
    await hand.press("g");
    await hand.press("p");
    await hand.see("heading", "Automated policies");
    await hand.read("No policy is for every API");
    await hand.press("a");
    await hand.see("dialog", "Add policy");
    await hand.page.keyboard.type("rate-lim");
    await hand.press("Enter");
    await hand.read("For 1 API, and each that is added. One API has a policy of this kind of its own");
    await hand.fill("Requests", "2");
    await until("the form to be without fault", () => hand.page.getByRole("button", { name: /^Add/ }).last().isEnabled());
    await look("automated-add");
    await hand.press("Control+Enter");
    await hand.read("rate-limiting is in force.");
    await hand.read("In force since today");
    const statuses = [];
    for (let call = 0; call < 3; call++) statuses.push((await fetch(url)).status);
    assert.deepEqual(statuses, [200, 200, 429]);
  });

  test("the API shows it above its own, which is replaced, and leads to it", async () => {
    await hand.go("/apis/1?tab=policies");
    await hand.read("Replaced by an automated policy");
    await hand.see("list", "Automated policies, which run first");
    await look("automated-api");
    await hand.click("link", /rate-limiting Automated/);
    await hand.see("heading", "Automated policies");
    await hand.see("complementary", "Edit rate-limiting");
  });

  test("in shadow it lets pass, and what it would refuse is found in Traffic and Analytics", async () => {
    await hand.click("switch", "Shadow");
    await hand.press("Control+Enter");
    await hand.read("rate-limiting is in shadow.");
    assert.equal((await fetch(url)).status, 200, "its limit is used up, but it only says so");
    await hand.go("/traffic?q=status:would_refuse");
    await hand.read("would: rate-limiting");
    await look("traffic-would-refuse");
    await hand.go("/analytics");
    await hand.read("Would be refused, in shadow");
    await look("analytics-in-shadow");
  });

  test("once it is removed, the API's own is enforced again", async () => {
    await hand.go("/automated?policy=2");
    await hand.click("button", "Remove");
    await hand.click("button", "Remove rate-limiting");
    await hand.read("No policy is for every API");
    await hand.go("/apis/1?tab=policies&policy=1");
    await hand.read("In force since today");
    assert.ok(!(await hand.text()).includes("Replaced"));
    assert.deepEqual(hand.complaints, []);
  });
});
