// The same story in the real window, through WebKitWebDriver. Needs a display: cargo xtask test --only window brings one.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { BODY, startBackend } from "../lib/backend.mjs";
import { freePort } from "../lib/machine.mjs";
import { openWindow } from "../lib/window.mjs";
import * as tour from "../story/first-run.mjs";
import * as story from "../story/protect-an-api.mjs";

describe("an API of one's own, in the window", () => {
  let backend, hand;
  before(async () => {
    backend = await startBackend();
    hand = await openWindow();
  });
  after(async () => {
    await hand?.close();
    await backend?.stop();
  });

  test("the window is usable soon after its start", async (t) => {
    await hand.read("Gateway running", 20_000);
    await hand.see("navigation", "Main");
    const ms = Date.now() - hand.asked;
    t.diagnostic(`usable after ${ms} ms, the driver's own start included`);
    assert.ok(ms < 15_000, `the window took ${ms} ms`);
  });
  test("an API is added with a name and a URL", async () => {
    await story.addApi(hand, { url: backend.url, port: await freePort() });
  });
  test("two policies are put on it", () => story.protect(hand));
  test("a client app gets an ID, a secret and access", () => story.letAClientIn(hand));
  test("the tester meets 401, then 200 with the backend's own bytes, then 429", async () => {
    await story.callUntilRefused(hand, BODY);
    assert.equal(backend.hits(), story.MADE.passed, "what was refused never reached the backend");
  });
  test("the traffic lists every call, and why one was refused", () => story.seeTheTraffic(hand));
  test("the charts show exactly the calls that were made", () => story.seeTheFigures(hand));

  for (const theme of ["Light", "Dark"]) {
    test(`the ${theme.toLowerCase()} theme is chosen in the settings, and every screen is in it`, async () => {
      await hand.go("/settings");
      await hand.click("button", theme);
      assert.equal(await hand.evaluate("return document.documentElement.dataset.theme"), theme.toLowerCase());
      const screens = { settings: "Data folder", apis: story.API, clients: story.CLIENT, tester: "Send", traffic: "calls", analytics: "Violations" };
      for (const [screen, says] of Object.entries(screens)) {
        await hand.go(`/${screen}`);
        await hand.read(says);
        await hand.shot(`window-${screen}-${theme.toLowerCase()}`);
        assert.deepEqual(await hand.faults(), [], `${screen}: accessibility`);
      }
    });
  }

  test("the window's data stayed in its own folder, and its process ends with it", async () => {
    assert.ok(existsSync(path.join(hand.dataDir, "gatepost.db")));
    assert.equal(hand.processes().length, 1);
    await hand.close();
    assert.deepEqual(hand.processes(), []);
    hand = undefined;
  });
});

describe("the first run, in the window", () => {
  let hand;
  before(async () => {
    hand = await openWindow();
  });
  after(() => hand?.close());

  test("an empty Gatepost leads through the story with the sample API", async () => {
    await hand.read("Protect an API in five minutes", 20_000);
    await hand.shot("window-first-run");
    await tour.takeTheTour(hand);
    await hand.shot("window-first-run-done");
  });
  test("the overview follows", async () => {
    await tour.finishTheTour(hand);
    await hand.shot("window-overview");
  });
});
