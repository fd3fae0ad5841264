// Certificates, HTTPS and upstreams by click, in Chromium against `gatepost serve`.

import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";
import { request } from "node:https";
import { after, before, describe, test } from "node:test";
import { BODY, startBackend } from "../lib/backend.mjs";
import { openChromium } from "../lib/chromium.mjs";
import { serve } from "../lib/gatepost.mjs";
import { freePort } from "../lib/machine.mjs";
import { until } from "../lib/until.mjs";

const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const KEY_OF_ANOTHER = privateKey.export({ type: "pkcs8", format: "pem" });

/** Calls over TLS, trusting only `ca`; gives the status and the body. */
const callTls = (url, ca) =>
  new Promise((resolve, reject) => {
    const call = request(url, { ca, agent: false }, (answer) => {
      let body = "";
      answer.setEncoding("utf8").on("data", (part) => (body += part));
      answer.on("end", () => resolve({ status: answer.statusCode, body }));
    });
    call.once("error", reject).end();
  });

describe("an API over HTTPS", () => {
  let backend, gatepost, hand, port, pem;
  before(async () => {
    backend = await startBackend();
    gatepost = await serve();
    hand = await openChromium(gatepost.url);
    port = await freePort();
  });
  after(async () => {
    await hand?.close();
    await gatepost?.stop();
    await backend?.stop();
  });

  test("the local authority is made in Settings, and says how to trust it", async () => {
    await hand.go("/settings");
    await hand.click("tab", "Listeners & certificates");
    await hand.read("No certificates");
    await hand.click("button", "Make a local authority");
    await hand.click("button", "Make it");
    await hand.read("Vouches for localhost");
    await hand.read("sudo update-ca-certificates");
    await hand.choose("How to trust it", "curl");
    await hand.read("curl --cacert gatepost-local-authority.crt");
    assert.deepEqual(await hand.faults(), []);
    const [download] = await Promise.all([hand.page.waitForEvent("download"), hand.click("button", "Download its certificate")]);
    assert.equal(download.suggestedFilename(), "gatepost-local-authority.crt");
    pem = await streamText(await download.createReadStream());
    assert.match(pem, /^-----BEGIN CERTIFICATE-----/);
  });
  test("an API is added with HTTPS, and callers who trust the authority get the backend's own bytes", async () => {
    await hand.go("/apis");
    await hand.click("button", "Add API");
    await hand.fill("Name", "Posts API");
    await hand.fill("Upstream URL", backend.url);
    await hand.click("button", /^More/);
    await hand.fill("Port", String(port));
    await hand.click("button", "HTTPS");
    await hand.read(`https://127.0.0.1:${port}/posts-api/v1`);
    await hand.click("button", "Add API", { within: ["dialog", "Add API"] });
    await hand.see("heading", "Posts API");
    await hand.read(`Proxy https://127.0.0.1:${port}/posts-api/v1`);
    assert.deepEqual(await callTls(`https://127.0.0.1:${port}/posts-api/v1`, pem), { status: 200, body: BODY });
    await assert.rejects(callTls(`https://127.0.0.1:${port}/posts-api/v1`, undefined), "without trust the call fails");
  });
  test("the listener tells its certificate, its API and the greeting that failed", async () => {
    await hand.go("/settings?tab=tls");
    await hand.read(`local 127.0.0.1:${port}`);
    await hand.read("TLS 1.2 or later, HTTP/2 and HTTP/1.1");
    await hand.read("Posts API v1");
    await hand.read(/Failed greetings 1 greeting/);
  });
  test("what a listener wants cannot be removed, and it says who", async () => {
    await hand.click("button", "Remove");
    await hand.click("button", "Remove the local authority");
    await hand.read(`is used by the listener 127.0.0.1:${port}`);
    await hand.click("button", "Cancel");
  });
  test("a certificate is issued for a list of names, and a wrong one is marked", async () => {
    await hand.click("button", "Issue a certificate");
    const hosts = hand.page.getByRole("dialog").getByLabel("Hosts");
    await hosts.fill("shop.test, example.com");
    await hosts.press("Enter");
    await hand.click("button", "Issue");
    await hand.page.locator(".names-input .chip-5", { hasText: "example.com" }).waitFor();
    await hand.click("button", "Remove example.com");
    await hosts.fill("pay.test");
    await hand.click("button", "Issue");
    await hand.read("shop.test is issued for shop.test, pay.test.");
    assert.deepEqual(await hand.faults(), []);
  });
  test("a key that is of another certificate is refused at its field", async () => {
    await hand.click("button", "Add certificate");
    await hand.fill("Name", "mine");
    await hand.fill("Certificate", pem);
    await hand.fill("Private key", KEY_OF_ANOTHER);
    await hand.click("button", "Add", { within: ["dialog", "Add certificate"] });
    await hand.page.locator('textarea[aria-invalid="true"][placeholder*="PRIVATE"]').waitFor();
    assert.deepEqual(await hand.faults(), []);
    assert.equal((await gatepost.api("GET", "/certificates")).some(({ name }) => name === "mine"), false);
    await hand.click("button", "Cancel");
  });
  test("plain HTTP is one choice away", async () => {
    await hand.click("button", `Change TLS at 127.0.0.1:${port}`);
    await hand.click("button", "HTTP");
    await hand.read("URLs of 1 API begin with http:// from then on");
    await hand.click("button", "Save");
    await hand.see("button", `Use HTTPS at 127.0.0.1:${port}`);
    assert.equal((await fetch(`http://127.0.0.1:${port}/posts-api/v1`)).status, 200);
  });
});

async function streamText(stream) {
  let text = "";
  for await (const part of stream) text += part;
  return text;
}

/** A backend that answers with the path it was asked for, and can be taken down. */
async function echo(name) {
  const server = createServer((asked, answer) => answer.end(`${name} ${asked.url}`));
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const stop = () =>
    new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  return { url: `http://127.0.0.1:${server.address().port}`, stop };
}

describe("an API with several targets and a route", () => {
  let first, second, gatepost, hand, proxy;
  const get = async (path = "") => (await fetch(`${proxy}${path}`)).text();
  before(async () => {
    [first, second] = [await echo("first"), await echo("second")];
    const port = await freePort();
    gatepost = await serve({
      config: `gatepost: 1\napis:\n  - name: Orders\n    listen: {port: ${port}}\n    upstream: {url: "${first.url}"}\n`,
    });
    proxy = `http://127.0.0.1:${port}/orders/v1`;
    hand = await openChromium(gatepost.url);
    const [api] = await gatepost.api("GET", "/apis");
    await hand.read("Gateway running");
    await hand.go(`/apis/${api.id}?tab=upstream`);
  });
  after(async () => {
    await hand?.close();
    await gatepost?.stop();
    await first?.stop();
    await second?.stop();
  });

  test("a second target is added, and takes its share of the calls", async () => {
    await hand.click("button", "Spread over several targets");
    await hand.page.getByLabel("URL", { exact: true }).nth(1).fill(second.url);
    await hand.click("button", "Save");
    await hand.see("row", new RegExp(`${second.url}.*50 %`));
    // Each of the gateway's threads has turns of its own.
    const met = new Set();
    await until("both targets to answer", async () => met.add((await get()).split(" ")[0]).size === 2);
  });
  test("a wrong weight is told at its field", async () => {
    await hand.page.getByLabel(/^Weight/).nth(1).fill("70000");
    await hand.click("button", "Save");
    await hand.read("`70000` must be from 1 to 1000");
    await hand.page.locator('.object-inline .fault').waitFor();
    assert.deepEqual(await hand.faults(), []);
    await hand.click("button", "Take back");
  });
  test("a target that fails its calls is left out, in icon and word, and callers notice nothing", async () => {
    await second.stop();
    await until("the dead target to be left out", async () => {
      assert.match(await get(), /^first/);
      return (await hand.text()).includes("Left out");
    });
  });
  test("a route goes elsewhere with another path", async () => {
    await hand.click("button", "Add route");
    const route = hand.page.locator(".route-card");
    await route.getByLabel(/^Name/).first().fill("old");
    await route.getByLabel(/^Path/).first().fill("/old(/.*)");
    await route.getByLabel(/^Destination path/).first().fill("/new");
    await route.getByLabel(/^URL/).first().fill(first.url);
    await hand.click("button", "Save");
    await hand.read("1 route");
    assert.equal(await get("/old/7"), "first /new/7");
    assert.deepEqual(await hand.faults(), []);
  });
  test("it is told which route would take a request, and why none would", async () => {
    const card = hand.page.locator(".route-preview");
    const answer = card.getByRole("status");
    await card.getByLabel("Path").fill("/orders/v1/old/7?a=1");
    await answer.getByText("Route old").waitFor();
    await answer.getByText(`${first.url}/new/7?a=1`).waitFor();
    await card.getByLabel("Path").fill("/orders/v1/young");
    await answer.getByText("No route: the API's own upstream").waitFor();
    await answer.getByText("It goes to one of").waitFor();
    await card.getByLabel("Path").fill("/order");
    await answer.getByText("404").waitFor();
    await answer.getByText("Orders does not take it: the path is not below /orders/v1.").waitFor();
    await card.getByLabel("Path").fill("/orders/v1/../admin");
    await answer.getByText("400").waitFor();
    assert.deepEqual(await hand.faults(), []);
  });
});
