// The story by click, in Chromium against `gatepost serve`.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { BODY, startBackend } from "../lib/backend.mjs";
import { openChromium } from "../lib/chromium.mjs";
import { serve } from "../lib/gatepost.mjs";
import { freePort } from "../lib/machine.mjs";
import * as tour from "../story/first-run.mjs";
import * as story from "../story/protect-an-api.mjs";

describe("an API of one's own", () => {
  let backend, gatepost, hand, issued;
  before(async () => {
    backend = await startBackend();
    gatepost = await serve();
    hand = await openChromium(gatepost.url);
  });
  after(async () => {
    await hand?.close();
    await gatepost?.stop();
    await backend?.stop();
  });

  test("the token leaves the address as soon as the console opens", async () => {
    await hand.read("Gateway running");
    assert.ok(!hand.page.url().includes("token="), hand.page.url());
  });
  test("an API is added with a name and a URL", async () => {
    await story.addApi(hand, { url: backend.url, port: await freePort() });
  });
  test("two policies are put on it", () => story.protect(hand));
  test("a client app gets an ID, a secret and access", async () => {
    issued = await story.letAClientIn(hand);
  });
  test("the tester meets 401, then 200 with the backend's own bytes, then 429", async () => {
    await story.callUntilRefused(hand, BODY);
    assert.equal(backend.hits(), story.MADE.passed, "what was refused never reached the backend");
  });
  test("the traffic lists every call, and why one was refused", () => story.seeTheTraffic(hand));
  test("the charts show exactly the calls that were made", async () => {
    await story.seeTheFigures(hand);
    const now = Date.now();
    const figures = await gatepost.api("GET", `/analytics?from_ms=${now - 900_000}&to_ms=${now + 1000}&step_s=60`);
    assert.equal(figures.totals.calls, story.MADE.calls);
    assert.equal(figures.totals.ok_2xx, story.MADE.passed);
    assert.equal(figures.totals.refused, story.MADE.refused);
  });
  test("the secret is in no recorded call and on no later screen, unless revealed", async () => {
    const { calls } = await gatepost.api("GET", "/calls?limit=100");
    for (const { id } of calls) {
      const call = JSON.stringify(await gatepost.api("GET", `/calls/${id}`));
      assert.ok(!call.includes(issued.client_secret), `call ${id} holds the secret`);
    }
    await hand.go("/clients");
    await hand.click("link", story.CLIENT);
    await hand.read("Credentials");
    assert.ok(!(await hand.text()).includes(issued.client_secret));
    await hand.click("button", "Reveal the secret");
    await hand.read(issued.client_secret);
  });
  test("a policy is switched off and on again, and each is in force at once", async () => {
    const [api] = await gatepost.api("GET", "/apis");
    await hand.go(`/apis/${api.id}?tab=policies`);
    await hand.click("switch", /client-id-enforcement/);
    const status = async () => (await fetch(api.proxy_url)).status;
    await hand.read("1 on and in force, 1 off");
    assert.notEqual(await status(), 401);
    await hand.click("switch", /client-id-enforcement/);
    await hand.read("2 on, in force");
    assert.equal(await status(), 401);
  });
  test("a policy is put in shadow, says what it would do, and stays there when it is edited", async () => {
    const [api] = await gatepost.api("GET", "/apis");
    const policies = () => gatepost.api("GET", `/apis/${api.id}/policies`);
    const { id } = (await policies()).find(({ policy }) => policy === "client-id-enforcement");
    const shadow = async () => (await policies()).find((policy) => policy.id === id).shadow;
    await hand.go(`/apis/${api.id}?tab=policies&policy=${id}`);
    await hand.click("switch", "Shadow");
    await hand.click("button", /^Save/);
    await hand.read("1 on and in force, 1 in shadow");
    assert.equal(await shadow(), true);
    assert.notEqual((await fetch(api.proxy_url)).status, 401);
    await hand.click("switch", /client-id-enforcement in force/);
    await hand.read("1 on and in force, 1 off");
    await hand.click("switch", /client-id-enforcement in force/);
    await hand.read("1 on and in force, 1 in shadow");
    assert.equal(await shadow(), true, "switching it off and on keeps shadow");
    await hand.shot("story-policy-in-shadow");
    await hand.go("/traffic");
    await hand.page.getByRole("row").nth(1).click();
    await hand.read("Would refuse, in shadow");
    await hand.shot("story-trail-in-shadow");
  });
  test("the page complained about nothing", () => assert.deepEqual(hand.complaints, []));
});

describe("the first run", () => {
  let gatepost, hand;
  before(async () => {
    gatepost = await serve();
    hand = await openChromium(gatepost.url);
  });
  after(async () => {
    await hand?.close();
    await gatepost?.stop();
  });

  test("an empty Gatepost leads through the story with the sample API", () => tour.takeTheTour(hand));
  test("the overview follows, and does not offer the tour again", async () => {
    await tour.finishTheTour(hand);
    await hand.page.reload();
    await hand.see("heading", "APIs by traffic");
  });
  test("exactly the calls of the tour were counted", async () => {
    const now = Date.now();
    const { totals } = await gatepost.api("GET", `/analytics?from_ms=${now - 900_000}&to_ms=${now + 1000}&step_s=60`);
    assert.deepEqual(
      { calls: totals.calls, passed: totals.ok_2xx, refused: totals.refused },
      { calls: tour.MADE.calls, passed: tour.MADE.passed, refused: tour.MADE.refused },
    );
  });
  test("the page complained about nothing", () => assert.deepEqual(hand.complaints, []));
});

test("without a token the console asks for it, and takes the printed address", async () => {
  const gatepost = await serve();
  const hand = await openChromium(`${gatepost.origin}/`);
  try {
    await hand.see("heading", "This console needs its token");
    assert.deepEqual(await hand.faults(), []);
    await hand.fill("Token, or the whole address", gatepost.url);
    await hand.click("button", "Open the console");
    await hand.read("Gateway running");
  } finally {
    await hand.close();
    await gatepost.stop();
  }
});
