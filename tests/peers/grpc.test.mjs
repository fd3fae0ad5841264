// gRPC through the gateway: client and server are grpcio's, from end to end over HTTP/2.

import { after, before, describe, test } from "node:test";
import { serve } from "../lib/gatepost.mjs";
import { freePort } from "../lib/machine.mjs";
import { python, pythonServer } from "../lib/peers.mjs";

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
