// Pages of other origins call an API through the gateway: what Chromium lets them read is what the policy says.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, describe, test } from "node:test";
import { openChromium } from "../lib/chromium.mjs";
import { serve } from "../lib/gatepost.mjs";
import { freePort } from "../lib/machine.mjs";
import { until } from "../lib/until.mjs";

/** Listens on a port of its own, and keeps the requests it got. */
async function listen(answer) {
  const requests = [];
  const server = createServer((request, response) => {
    requests.push({ method: request.method, headers: request.headers });
    answer(response);
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  return { requests, port: server.address().port, stop: () => new Promise((done) => server.close(done).closeAllConnections()) };
}

const page = (response) => response.setHeader("content-type", "text/html").end("<!doctype html><title>A page</title>");
const backend = (response) => {
  // What an upstream says of CORS must not reach a page.
  response.setHeader("access-control-allow-origin", "*").setHeader("x-total", "7").setHeader("set-cookie", "seen=1; Path=/");
  response.setHeader("content-type", "application/json").end('{"from":"backend"}');
};

/** Runs in a page: the answer as its script sees it. */
const fetchIn = (hand, url, options = {}) =>
  hand.evaluate(
    `const [url, options] = args;
     try {
       const answer = await fetch(url, options);
       return { status: answer.status, body: await answer.text(), total: answer.headers.get("x-total") };
     } catch (error) {
       return { hidden: error.name };
     }`,
    url,
    options,
  );

describe("a page of another origin", () => {
  let shop, other, behind, gatepost, port, ofShop, ofOther, base;
  before(async () => {
    shop = await listen(page);
    other = await listen(page);
    behind = await listen(backend);
    port = await freePort();
    base = `http://127.0.0.1:${port}`;
    gatepost = await serve({
      config: `gatepost: 1
apis:
  - name: Open
    listen: {port: ${port}, base_path: /open}
    upstream: {url: "http://127.0.0.1:${behind.port}"}
    policies:
      - policy: ip-blocklist
        config: {ips: [203.0.113.0/24]}
        only: [{methods: [GET, PUT]}]
      - policy: ip-allowlist
        config: {ips: [192.0.2.1]}
        only: [{path: "/closed"}]
      - policy: cors
        config:
          public_resource: false
          support_credentials: true
          origin_groups:
            - origins: ["http://127.0.0.1:${shop.port}"]
              allowed_methods: [{method_name: GET}, {method_name: PUT}]
              headers: [x-client]
              exposed_headers: [x-total]
`,
    });
    await until("the gateway to listen", () => fetch(`${base}/open`).then(() => true, () => false));
    [ofShop, ofOther] = await Promise.all([openChromium(`http://127.0.0.1:${shop.port}/`), openChromium(`http://127.0.0.1:${other.port}/`)]);
  });
  after(async () => {
    await Promise.all([ofShop?.close(), ofOther?.close()]);
    await gatepost?.stop();
    await Promise.all([shop?.stop(), other?.stop(), behind?.stop()]);
  });

  test("reads a simple answer, and the headers that are exposed", async () => {
    assert.deepEqual(await fetchIn(ofShop, `${base}/open/a`), { status: 200, body: '{"from":"backend"}', total: "7" });
  });

  test("asks first where it must, and the backend never sees the question", async () => {
    const answer = await fetchIn(ofShop, `${base}/open/a`, { method: "PUT", headers: { "x-client": "shop" } });
    assert.equal(answer.status, 200);
    assert.equal(behind.requests.at(-1).method, "PUT");
    assert.ok(behind.requests.every(({ method }) => method !== "OPTIONS"));
  });

  test("does not get through with a header or a method that is not allowed", async () => {
    const before = behind.requests.length;
    assert.deepEqual(await fetchIn(ofShop, `${base}/open/a`, { headers: { "x-evil": "1" } }), { hidden: "TypeError" });
    assert.deepEqual(await fetchIn(ofShop, `${base}/open/a`, { method: "DELETE" }), { hidden: "TypeError" });
    assert.equal(behind.requests.length, before);
  });

  test("sends its cookies where credentials are allowed", async () => {
    const options = { credentials: "include" };
    assert.equal((await fetchIn(ofShop, `${base}/open/a`, options)).status, 200);
    assert.equal((await fetchIn(ofShop, `${base}/open/a`, options)).status, 200);
    assert.equal(behind.requests.at(-1).headers.cookie, "seen=1");
  });

  test("reads the refusal of another policy", async () => {
    const answer = await fetchIn(ofShop, `${base}/open/closed`);
    assert.equal(answer.status, 403);
    assert.equal(JSON.parse(answer.body).policy, "ip-allowlist");
  });

  test("sees nothing where its origin is not allowed, though curl would", async () => {
    assert.deepEqual(await fetchIn(ofOther, `${base}/open/a`), { hidden: "TypeError" });
    assert.deepEqual(await fetchIn(ofOther, `${base}/open/a`, { credentials: "include" }), { hidden: "TypeError" });
    const origin = `http://127.0.0.1:${other.port}`;
    const answer = await fetch(`${base}/open/a`, { headers: { origin } });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get("access-control-allow-origin"), null);
    const id = answer.headers.get("x-request-id");
    const seen = await until("the call to be recorded", async () =>
      (await gatepost.api("GET", "/calls?limit=50")).calls.find((call) => call.request_id === id),
    );
    const call = await gatepost.api("GET", `/calls/${seen.id}`);
    const note = call.trail.find((step) => step.policy === "cors").note;
    assert.match(note, /is in no group: the answer goes without Access-Control-Allow-Origin/);
    assert.ok(note.startsWith(origin));
  });
});
