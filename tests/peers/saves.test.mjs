// Saves while callers keep their connections, over HTTP/1.1, HTTP/2 and TLS: no call fails, and every one is counted.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { serve } from "../lib/gatepost.mjs";
import { freePort } from "../lib/machine.mjs";
import { run, speakTls } from "../lib/peers.mjs";
import { until } from "../lib/until.mjs";

const CALLS = 10_000;
const LEAST_SAVES = 50;

const backend = createServer((_, response) => response.end("fine"));
let gatepost, port, tlsPort, apis;
before(async () => {
  await once(backend.listen(0, "127.0.0.1"), "listening");
  gatepost = await serve();
  [port, tlsPort] = [await freePort(), await freePort()];
  apis = [await add("Called", port), await add("Called", tlsPort, "secure")];
  await speakTls(gatepost, tlsPort);
  await gatepost.api("POST", "/local-authority/certificates", { name: "of its own", hosts: ["localhost"] });
});
after(async () => {
  await gatepost?.stop();
  backend.close();
  backend.closeAllConnections();
});

const add = (name, at, label) =>
  gatepost.api("POST", "/apis", {
    name,
    label,
    listen: { port: at, base_path: `/${name.toLowerCase()}` },
    upstream: { url: `http://127.0.0.1:${backend.address().port}` },
  });

const SAVES_EACH = 7;

/**
 * Adds and removes an API beside one that is called, adds, changes and removes a policy of that one, and changes the
 * certificate that the next callers are shown.
 */
async function save(number, { id: called }) {
  const other = await add(`Other${number}`, number % 2 ? port : tlsPort);
  const policies = `/apis/${called}/policies`;
  for (const certificate of ["of its own", "local_authority"]) {
    await gatepost.api("PUT", `/listeners/127.0.0.1:${tlsPort}/tls`, { certificates: [certificate] });
  }
  const header = (value) => ({ policy: "header-injection", config: { outbound_headers: [{ key: "x-mark", value }] } });
  const { id } = await gatepost.api("POST", policies, header("a"));
  await gatepost.api("PUT", `${policies}/${id}`, header("b"));
  await gatepost.api("DELETE", `${policies}/${id}`);
  await gatepost.api("DELETE", `/apis/${other.id}`);
}

test(`${4 * CALLS} calls and at least ${LEAST_SAVES} saves`, async () => {
  const urls = [`http://127.0.0.1:${port}/called`, `https://localhost:${tlsPort}/called`];
  const load = (url, ...args) => run("h2load", ["-n", String(CALLS), "-c", "8", ...args, url]);
  let isOver = false;
  const loads = Promise.all(urls.flatMap((url) => [load(url, "--h1"), load(url, "-m", "10")]));
  const ended = loads.finally(() => (isOver = true));
  for (let number = 0; !isOver || number * SAVES_EACH < LEAST_SAVES; number += 1) {
    await save(number, apis[number % 2]);
  }
  for (const said of await ended) assert.match(said, new RegExp(`${CALLS} succeeded, 0 failed, 0 errored, 0 timeout`));
  for (const { id } of apis) {
    const totals = await until("every call is counted", async () => {
      const figures = await gatepost.api("GET", `/analytics?api_id=${id}`);
      return figures.totals.calls >= 2 * CALLS && figures.totals;
    });
    assert.deepEqual([totals.calls, totals.ok_2xx], [2 * CALLS, 2 * CALLS]);
  }
});
