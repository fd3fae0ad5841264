// HTTP/1.1 and HTTP/2 by programs of other makers: curl, nghttp, h2load.

import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { serve } from "../lib/gatepost.mjs";
import { freePort } from "../lib/machine.mjs";
import { run, speakTls } from "../lib/peers.mjs";
import { until } from "../lib/until.mjs";

const CALLS = 5_000;
const UPLOAD = 3_000_000;

/** Says how much it was sent, once it has all of it. */
const backend = createServer(async (request, response) => {
  let size = 0;
  for await (const data of request) size += data.length;
  response.end(told(size));
});
const told = (size) => `${size} bytes`;

describe("HTTP", () => {
  let gatepost, url, secure, authority, upload;
  before(async () => {
    await once(backend.listen(0, "127.0.0.1"), "listening");
    gatepost = await serve();
    const [port, tlsPort] = [await freePort(), await freePort()];
    for (const [name, at] of [["Plain", port], ["Secure", tlsPort]]) {
      const upstream = { url: `http://127.0.0.1:${backend.address().port}` };
      await gatepost.api("POST", "/apis", { name, listen: { port: at, base_path: "/posts" }, upstream });
    }
    authority = await speakTls(gatepost, tlsPort);
    secure = `https://localhost:${tlsPort}/posts`;
    upload = path.join(gatepost.dir, "upload");
    writeFileSync(upload, Buffer.alloc(UPLOAD, "x"));
    url = `http://127.0.0.1:${port}/posts`;
  });
  after(async () => {
    await gatepost?.stop();
    backend.close();
    backend.closeAllConnections();
  });

  /** What curl got: version, status and body. */
  async function curl(...args) {
    const said = await run("curl", ["--silent", "--show-error", "--max-time", "20", "--write-out", "\n%{http_version} %{http_code}", ...args]);
    const end = said.lastIndexOf("\n");
    return { body: said.slice(0, end), version: said.slice(end + 1).split(" ")[0], status: Number(said.slice(end + 1).split(" ")[1]) };
  }

  for (const [flag, version] of [
    ["--http1.0", "1.0"],
    ["--http1.1", "1.1"],
    ["--http2-prior-knowledge", "2"],
  ]) {
    test(`curl ${flag}`, async () => {
      const answer = await curl(flag, url);
      assert.equal(answer.status, 200);
      assert.equal(answer.body, told(0));
      if (version !== "1.0") assert.equal(answer.version, version);
    });
    test(`curl ${flag} uploads`, async () => {
      const answer = await curl(flag, "--data-binary", `@${upload}`, url);
      assert.deepEqual([answer.status, answer.body], [200, told(UPLOAD)]);
    });
  }

  for (const [flags, version] of [
    [["--http1.1"], "1.1"],
    [["--http2"], "2"],
    [["--http1.1", "--tls-max", "1.2"], "1.1"],
    [["--http2", "--tls-max", "1.2"], "2"],
  ]) {
    test(`curl ${flags.join(" ")} over TLS, the authority trusted`, async () => {
      const answer = await curl(...flags, "--cacert", authority, "--data-binary", `@${upload}`, secure);
      assert.deepEqual([answer.version, answer.status, answer.body], [version, 200, told(UPLOAD)]);
    });
  }

  test("curl over TLS refuses what nobody vouches for", () => assert.rejects(curl(secure), /certificate/));

  test("curl --http2 asks to change, and is answered", async () => {
    const answer = await curl("--http2", url);
    assert.deepEqual([answer.status, answer.body], [200, told(0)]);
  });

  test("nghttp gets many answers over one connection, with windows of its own", async () => {
    const many = Array.from({ length: 50 }, (_, n) => `${url}?${n}`);
    const said = await run("nghttp", ["--null-out", "--stat", "--window-bits=16", ...many]);
    assert.equal(said.match(/ 200 /g)?.length, many.length, said);
  });

  test("nghttp uploads with a window smaller than the body", async () => {
    const said = await run("nghttp", ["--data", upload, url]);
    assert.equal(said, told(UPLOAD));
  });

  for (const [what, args, at] of [
    ["HTTP/1.1", ["--h1"], () => url],
    ["HTTP/2", ["-m", "10"], () => url],
    ["HTTP/1.1 and TLS", ["--h1"], () => secure],
    ["HTTP/2 and TLS", ["-m", "10"], () => secure],
  ]) {
    test(`${CALLS} calls of h2load over ${what}, none fails, each is counted`, async () => {
      const totals = () => gatepost.api("GET", "/analytics").then((figures) => figures.totals);
      const before = (await totals()).calls;
      const said = await run("h2load", ["-n", String(CALLS), "-c", "10", ...args, at()]);
      assert.match(said, new RegExp(`${CALLS} succeeded, 0 failed, 0 errored, 0 timeout`));
      const after = await until("every call is counted", async () => {
        const now = await totals();
        return now.calls >= before + CALLS && now;
      });
      assert.equal(after.calls, before + CALLS);
    });
  }
});
