// Edits of several policies wait, and come in force together.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { openChromium } from "../lib/chromium.mjs";
import { serve } from "../lib/gatepost.mjs";
import { freePort } from "../lib/machine.mjs";

describe("edits of several policies", () => {
  let gatepost, hand, api;
  before(async () => {
    gatepost = await serve({
      config: `gatepost: 1
apis:
  - name: Orders
    listen: { port: ${await freePort()} }
    upstream: { url: http://127.0.0.1:9 }
    policies:
      - policy: rate-limiting
        config: { limits: [{ requests: 60, per: 1m }] }
      - policy: header-injection
        config: { inbound_headers: [{ key: x-via, value: gatepost }] }
`,
    });
    hand = await openChromium(gatepost.url);
    [api] = await gatepost.api("GET", "/apis");
  });
  after(async () => {
    await hand?.close();
    await gatepost?.stop();
  });
  const policies = () => gatepost.api("GET", `/apis/${api.id}/policies`);
  const edit = async (at, label, value) => {
    const { id } = (await policies())[at];
    await hand.go(`/apis/${api.id}?tab=policies&policy=${id}`);
    await hand.fill(label, value);
  };

  test("wait where they are seen, and are not in force", async () => {
    await edit(0, "Requests", "7");
    await hand.read("1 edit not in force");
    await edit(1, "Value", "here");
    await hand.read("2 edits not in force");
    await hand.shot("edits-waiting");
    assert.deepEqual((await policies())[0].config.limits, [{ requests: 60, per: "1m" }]);
  });
  test("are shown line by line", async () => {
    await hand.click("button", "Review and apply");
    const changes = () => hand.page.getByRole("region", { name: "Changes of rate-limiting" }).innerText();
    await hand.read("They come in force in one step");
    assert.match(await changes(), /-\s+- requests: 60\n\+\s+- requests: 7/);
    assert.deepEqual(await hand.faults(), []);
    await hand.shot("edits-review");
  });
  test("come in force together", async () => {
    const { number } = (await gatepost.api("GET", "/status")).plan;
    await hand.click("button", "Apply together");
    await hand.read("2 edits of Orders are in force");
    const [first, second] = await policies();
    assert.equal(first.config.limits[0].requests, 7);
    assert.equal(second.config.inbound_headers[0].value, "here");
    assert.equal((await gatepost.api("GET", "/status")).plan.number, number + 1);
    assert.equal(await hand.has("region", "Edits not in force"), false);
  });
  test("one with a fault keeps all of them waiting, and says which", async () => {
    await edit(0, "Requests", "0");
    await edit(1, "Value", "there");
    await hand.click("button", "Review and apply");
    await hand.click("button", "Apply together");
    await hand.read("Nothing was applied");
    await hand.read("rate-limiting, limits[0].requests:");
    await hand.shot("edits-with-a-fault");
    assert.equal((await policies())[1].config.inbound_headers[0].value, "here");
    await hand.click("button", "Take all back");
    assert.equal(await hand.has("region", "Edits not in force"), false);
  });
  test("the page complained about nothing", () =>
    assert.deepEqual(
      hand.complaints.filter((line) => !line.includes("422")),
      [],
    ));
});
