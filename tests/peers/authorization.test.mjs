// External authorization: a server of Envoy's gRPC protocol, whose messages others generated, and one that speaks HTTP.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { after, before, describe, test } from "node:test";
import { serve } from "../lib/gatepost.mjs";
import { freePort } from "../lib/machine.mjs";
import { foreignCertificate, pythonServer } from "../lib/peers.mjs";
import { until } from "../lib/until.mjs";

/** Serves `answer(request, body)`, which gives status, headers and body. */
async function httpServer(answer) {
  const server = createServer({ maxHeaderSize: 65_536 }, (request, response) => {
    let body = "";
    request.on("data", (data) => (body += data));
    request.on("end", () => {
      const { status = 200, headers = {}, text = "" } = answer(request, body);
      response.writeHead(status, headers).end(text);
    });
  });
  await new Promise((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      }),
  };
}

/** Tells what reached it. */
const echo = () =>
  httpServer((request, body) => ({ headers: { "content-type": "application/json" }, text: JSON.stringify({ url: request.url, headers: request.headers, body }) }));

/** One API whose calls are judged as `config` says; `rest` is what stands below it. */
const file = (port, upstream, config, rest = "") => `
gatepost: 1
apis:
  - name: Guarded
    listen: {port: ${port}, base_path: /api}
    upstream: {url: "${upstream}"}
    policies:
      - policy: external-authorization
        config: ${JSON.stringify(config)}
${rest}`;

describe("an authorization server of Envoy's gRPC protocol", () => {
  let backend, server, gatepost, port, url;
  before(async () => {
    [backend, server, port] = [await echo(), await pythonServer("authorization_server.py", "0"), await freePort()];
    const later = `      - policy: header-injection
        config: {inbound_headers: [{key: x-plan, value: "#[authentication.properties.ext_authz.plan]"}]}
`;
    const config = { uri: `h2://127.0.0.1:${server.port}`, request_timeout: "2s", max_request_bytes: 100 };
    gatepost = await serve({ config: file(port, backend.url, config, later) });
    url = `http://127.0.0.1:${port}/api`;
  });
  after(async () => {
    await gatepost?.stop();
    await server?.stop();
    await backend?.stop();
  });

  test("is told the call, and what it changes reaches upstream and caller", async () => {
    const answer = await fetch(`${url}/posts?key=s&a=1`, {
      method: "POST",
      body: "hello",
      headers: { authorization: "Bearer t", "x-user": "root", "x-tag": "a", "x-there": "old", "x-odd": "é" },
    });
    assert.deepEqual([answer.status, answer.headers.get("x-left")], [200, "9"]);
    const got = await answer.json();
    assert.deepEqual([got.url, got.body, got.headers.authorization], ["/posts?a=1&user=ann", "hello", undefined]);
    assert.deepEqual([got.headers["x-user"], got.headers["x-tag"], got.headers["x-there"], got.headers["x-plan"]], ["ann", "a, b", "old", "gold"]);
    const { source, destination, request } = JSON.parse(got.headers["x-told"]).attributes;
    assert.equal(source.address.socket_address.address, "127.0.0.1");
    assert.equal(destination.address.socket_address.port_value, port);
    const { id, method, path, host, scheme, protocol, size, body, headers } = request.http;
    assert.deepEqual([method, path, host, scheme, protocol, size, body], ["POST", "/api/posts?key=s&a=1", `127.0.0.1:${port}`, "http", "HTTP/1.1", "5", "hello"]);
    assert.deepEqual([headers.authorization, headers["x-odd"], headers[":path"]], ["Bearer t", "!", "/api/posts?key=s&a=1"]);
    assert.equal(id, answer.headers.get("x-request-id"));
    assert.ok(Math.abs(Date.parse(request.time) - Date.now()) < 600_000, request.time);
  });

  test("a denial comes with its status, headers and body", async () => {
    const answer = await fetch(`${url}/deny`);
    assert.deepEqual([answer.status, await answer.text()], [401, "<p>not you"]);
    assert.deepEqual([answer.headers.get("www-authenticate"), answer.headers.get("content-type")], ['Basic realm="peer"', "text/html"]);
    assert.ok(answer.headers.get("x-request-id"));
    const bare = await fetch(`${url}/refuse`);
    assert.deepEqual([bare.status, (await bare.json()).policy], [403, "external-authorization"]);
  });

  test("one that is slow or fails has not decided", async () => {
    for (const [path, why] of [
      ["slow", "no answer within 2000 ms"],
      ["fail", "gRPC status 14: come later"],
    ]) {
      const answer = await fetch(`${url}/${path}`);
      assert.equal(answer.status, 403, path);
      const detail = await until("the call to be kept", async () => {
        const { calls } = await gatepost.api("GET", "/calls?limit=50");
        const call = calls.find((call) => call.path.endsWith(`/${path}`));
        return call && gatepost.api("GET", `/calls/${call.id}`);
      });
      assert.ok(JSON.stringify(detail).includes(`could not decide: ${why}`), JSON.stringify(detail));
    }
    assert.equal((await fetch(`${url}/posts`)).status, 200, "others are judged as before");
  });

  test("two hundred at once are all judged", async () => {
    const paths = Array.from({ length: 200 }, (_, n) => (n % 2 ? "deny" : "posts"));
    const statuses = await Promise.all(paths.map(async (path) => (await fetch(`${url}/${path}`)).status));
    assert.deepEqual(statuses, paths.map((path) => (path === "deny" ? 401 : 200)));
  });

  test("while it is gone nobody passes, and when it is back everybody is judged again", async () => {
    const { port: place } = server;
    await server.stop();
    assert.equal((await fetch(`${url}/posts`)).status, 403);
    server = await pythonServer("authorization_server.py", String(place));
    await until("calls to pass again", async () => (await fetch(`${url}/posts`)).status === 200);
    assert.equal((await fetch(`${url}/deny`)).status, 401);
  });
});

describe("the same over TLS", () => {
  let backend, server, gatepost, foreign, port;
  before(async () => {
    backend = await echo();
    gatepost = await serve();
    foreign = await foreignCertificate(gatepost.dir);
    server = await pythonServer("authorization_server.py", "0", foreign.key, foreign.certificate);
    port = await freePort();
  });
  after(async () => {
    await gatepost?.stop();
    await server?.stop();
    await backend?.stop();
  });

  test("a server is believed once its authority is named", async () => {
    const api = { name: "Guarded", listen: { port, base_path: "/" }, upstream: { url: backend.url } };
    const { id } = await gatepost.api("POST", "/apis", api);
    const config = { uri: `https://localhost:${server.port}` };
    const applied = await gatepost.api("POST", `/apis/${id}/policies`, { policy: "external-authorization", config });
    const ask = async () => (await fetch(`http://127.0.0.1:${port}/posts`)).status;
    assert.equal(await ask(), 403, "nobody vouches for it");
    const known = { ...config, authorities: readFileSync(foreign.authority, "utf8") };
    await gatepost.api("PUT", `/apis/${id}/policies/${applied.id}`, { policy: "external-authorization", config: known });
    assert.equal(await ask(), 200);
  });
});

describe("an authorization server that speaks HTTP", () => {
  let backend, server, gatepost, url;
  before(async () => {
    backend = await echo();
    server = await httpServer((request) => {
      if (request.headers.authorization !== "Bearer good") return { status: 401, headers: { "www-authenticate": "Bearer" }, text: "who?" };
      if (request.url.endsWith("/login")) return { status: 302, headers: { location: "https://login.test/" } };
      if (request.url.endsWith("/fail")) return { status: 500 };
      const told = [request.method, request.url, request.headers["x-forwarded-host"], request.headers["x-key"]].join(" ");
      return { status: 204, headers: { "x-user": "ann", "x-told": told, "x-left": "9" } };
    });
    const port = await freePort();
    const config = {
      uri: server.url,
      server_type: "http",
      path_prefix: "/check",
      service_request_secret_headers: [{ key: "x-key", value: "s3cret" }],
      service_response_upstream_headers: ["x-user", "x-told", "x-role"],
      service_response_client_headers_on_success: ["x-left"],
    };
    gatepost = await serve({ config: file(port, backend.url, config) });
    url = `http://127.0.0.1:${port}/api`;
  });
  after(async () => {
    await gatepost?.stop();
    await server?.stop();
    await backend?.stop();
  });
  const good = { authorization: "Bearer good", "x-role": "admin", "x-user": "root" };

  test("allows with 2xx, and its headers go where the lists say", async () => {
    const answer = await fetch(`${url}/posts?a=1`, { headers: good });
    const { headers } = await answer.json();
    assert.deepEqual([answer.status, answer.headers.get("x-left"), answer.headers.get("x-user")], [200, "9", null]);
    assert.deepEqual([headers["x-user"], headers["x-role"]], ["ann", undefined]);
    assert.equal(headers["x-told"], `GET /check/api/posts?a=1 ${new URL(url).host} s3cret`);
  });

  test("denies with what it says, redirects too, and has not decided when it fails", async () => {
    const without = await fetch(`${url}/posts`);
    assert.deepEqual([without.status, without.headers.get("www-authenticate"), await without.text()], [401, "Bearer", "who?"]);
    const login = await fetch(`${url}/login`, { headers: good, redirect: "manual" });
    assert.deepEqual([login.status, login.headers.get("location")], [302, "https://login.test/"]);
    assert.equal((await fetch(`${url}/fail`, { headers: good })).status, 403);
  });

  test("its secrets are shown to nobody", async () => {
    const [api] = await gatepost.api("GET", "/apis");
    const shown = JSON.stringify(await gatepost.api("GET", `/apis/${api.id}/policies`));
    assert.ok(shown.includes("x-key") && !shown.includes("s3cret"), shown);
  });
});
