// gRPC through the gateway: client and server are grpcio's, from end to end over HTTP/2.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { serve } from "../lib/gatepost.mjs";
import { freePort } from "../lib/machine.mjs";
import { foreignCertificate, python, pythonServer, speakTls } from "../lib/peers.mjs";
import { until } from "../lib/until.mjs";

const api = (name, port, upstream) => ({
  name,
  listen: { port, base_path: "/" },
  upstream: { url: upstream, protocol: "http2" },
});

describe("gRPC", () => {
  let server, gatepost, open, guarded, nobody;
  before(async () => {
    server = await pythonServer("grpc_server.py");
    gatepost = await serve();
    const upstream = `http://127.0.0.1:${server.port}`;
    [open, guarded, nobody] = [await freePort(), await freePort(), await freePort()];
    await gatepost.api("POST", "/apis", api("Open", open, upstream));
    const { id } = await gatepost.api("POST", "/apis", api("Guarded", guarded, upstream));
    await gatepost.api("POST", `/apis/${id}/policies`, { policy: "client-id-enforcement", config: {} });
    await gatepost.api("POST", "/apis", api("Nobody", nobody, `http://127.0.0.1:${await freePort()}`));
  });
  after(async () => {
    await gatepost?.stop();
    await server?.stop();
  });

  const checks = {
    unary: "one message each way, with metadata before and after, binary too",
    large: "a message of 8 MiB passes both ways",
    server_streaming: "a thousand messages come back in order",
    client_streaming: "a thousand messages go in order",
    bidirectional: "each message can wait for the answer to the one before",
    empty_stream: "streams without a message end",
    error_status: "an error keeps its code, its words and its metadata",
    late_error: "an error after messages comes after them",
    unknown_method: "a method that does not exist is said not to",
    deadline_is_told: "the upstream learns the deadline",
    deadline_ends_the_call: "a deadline that passes ends the upstream's call",
    cancelling_reaches_the_upstream: "a call that is given up ends at the upstream",
    many_at_once: "300 calls at once on one connection",
  };
  for (const [check, what] of Object.entries(checks)) {
    test(what, () => python("grpc_client.py", check, `127.0.0.1:${open}`));
  }
  test("a refusal of the gateway's own is gRPC's UNAUTHENTICATED", () =>
    python("grpc_client.py", "refused_by_a_policy", `127.0.0.1:${guarded}`));
  test("an upstream that is gone is gRPC's UNAVAILABLE", () =>
    python("grpc_client.py", "upstream_is_gone", `127.0.0.1:${nobody}`));
});

describe("gRPC over TLS, both ways", () => {
  let server, gatepost, open, authority;
  before(async () => {
    gatepost = await serve();
    const foreign = await foreignCertificate(gatepost.dir);
    server = await pythonServer("grpc_server.py", foreign.key, foreign.certificate);
    await gatepost.api("POST", "/certificates", { name: "foreign", certificate: readFileSync(foreign.authority, "utf8") });
    open = await freePort();
    await gatepost.api("POST", "/apis", {
      name: "Open",
      listen: { port: open, base_path: "/" },
      // HTTP/2 is what both find in the TLS greeting; nothing here asks for it.
      upstream: { url: `https://localhost:${server.port}`, tls: { authority: "foreign" } },
    });
    authority = await speakTls(gatepost, open);
  });
  after(async () => {
    await server?.stop();
    await gatepost?.stop();
  });

  for (const check of ["unary", "large", "server_streaming", "client_streaming", "bidirectional", "late_error", "many_at_once", "cancelling_reaches_the_upstream"]) {
    test(check.replaceAll("_", " "), () => python("grpc_client.py", check, `localhost:${open}`, authority));
  }

  test("is recorded as https over HTTP/2, with gRPC's own status", async () => {
    await python("grpc_client.py", "error_status", `localhost:${open}`, authority);
    const call = await until("the call to be kept", async () => {
      const { calls } = await gatepost.api("GET", "/calls?limit=50");
      return calls.find((call) => call.path.endsWith("/Fail"));
    });
    const detail = await gatepost.api("GET", `/calls/${call.id}`);
    assert.deepEqual([detail.scheme, detail.http_version, detail.grpc_status], ["https", "HTTP/2", 5]);
  });
});
