// Certificates, upstreams and files to keep, in the real window.

import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { startBackend } from "../lib/backend.mjs";
import { freePort } from "../lib/machine.mjs";
import { until } from "../lib/until.mjs";
import { openWindow } from "../lib/window.mjs";

describe("HTTPS in the window", () => {
  let backend, hand, port;
  before(async () => {
    [backend, hand, port] = [await startBackend(), await openWindow(), await freePort()];
    await hand.read("Gateway running", 20_000);
  });
  after(async () => {
    await hand?.close();
    await backend?.stop();
  });
  /** What was saved under a name, once it is there. */
  const saved = (name) => {
    const file = path.join(path.dirname(hand.dataDir), name);
    return until(`${file} to be there`, () => {
      try {
        return readFileSync(file, "utf8");
      } catch {
        return false;
      }
    });
  };

  test("the local authority is made, and its certificate is a file that the window names", async () => {
    await hand.go("/settings?tab=tls");
    await hand.click("button", "Make a local authority");
    await hand.click("button", "Make it");
    await hand.read("Vouches for localhost");
    await hand.click("button", "Download its certificate");
    await hand.read(/It is saved as \S+gatepost-local-authority\.crt/);
    const { subject, ca } = new X509Certificate(await saved("gatepost-local-authority.crt"));
    assert.ok(ca, subject);
    await hand.shot("window-settings-tls");
    assert.deepEqual(await hand.faults(), []);
  });
  test("a second download takes another name", async () => {
    await hand.click("button", "Download its certificate");
    await hand.read("gatepost-local-authority (1).crt");
    assert.equal(await saved("gatepost-local-authority (1).crt"), await saved("gatepost-local-authority.crt"));
  });
  test("an API is added with HTTPS, and called", async () => {
    await hand.go("/apis");
    await hand.click("button", "Add API");
    await hand.fill("Name", "Posts API");
    await hand.fill("Upstream URL", backend.url);
    await hand.click("button", /^More/);
    await hand.fill("Port", String(port));
    await hand.click("button", "HTTPS");
    await hand.click("button", "Add API", { within: ["dialog", "Add API"] });
    await hand.read(`Proxy https://127.0.0.1:${port}/posts-api/v1`);
    await hand.go("/tester");
    await hand.click("button", /^Send/);
    await hand.read("A post of the backend's own");
  });
  test("its upstream can be edited, and tells which route would take a request", async () => {
    await hand.go("/apis/1?tab=upstream");
    await hand.read("It goes to");
    await hand.fill("Path", "/elsewhere");
    await hand.read("Posts API does not take it: the path is not below /posts-api/v1.");
    await hand.shot("window-upstream");
    assert.deepEqual(await hand.faults(), []);
  });
});
