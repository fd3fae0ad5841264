import { describe, expect, it } from "vitest";
import type { Call, TesterResponse } from "@/api/types";
import { burstClass } from "./burst-view";
import { explain } from "./explain";

const call = (change: Partial<Call>): Call => ({
  id: 1,
  at_us: 0,
  method: "GET",
  path: "/",
  api_id: 1,
  api_name: "Posts",
  client_app_id: null,
  client_name: null,
  status: 200,
  grpc_status: null,
  refused_by: null,
  would_refuse_by: null,
  duration_us: 1,
  upstream_us: null,
  request_bytes: 0,
  response_bytes: 0,
  request_id: "r",
  plan: 1,
  host: "h",
  scheme: "http",
  remote_address: "127.0.0.1:1",
  http_version: "1.1",
  request_headers: [],
  response_headers: [],
  response_trailers: [],
  response_body: null,
  error: null,
  upstream_address: null,
  connection_reused: false,
  trail: [],
  ...change,
});

const response = (status: number, change: Partial<Call> | null, headers: [string, string][] = []): TesterResponse => ({
  status,
  reason: "",
  http_version: "1.1",
  headers,
  trusts: null,
  body: "",
  body_encoding: "text",
  body_bytes: 0,
  truncated: false,
  timings_us: { connect: null, first_byte: 1, total: 1 },
  request_headers: [],
  url: "",
  call: change && call({ status, ...change }),
});

describe("explain", () => {
  it("says nothing of the upstream's own answers", () => {
    expect(explain(response(404, {}), false)).toBeNull();
    expect(explain(response(429, null), false)).toBeNull();
  });

  it("gives the policy, its reason, and when to come back", () => {
    const step = {
      phase: "request",
      policy: "rate-limiting",
      applied_policy_id: 1,
      automated: false,
      outcome: "refused",
      note: "5 of 5 used",
      duration_us: 1,
    } as const;
    const words = explain(response(429, { refused_by: "rate-limiting", trail: [step] }, [["Retry-After", "38"]]), true);
    expect(words).toEqual({ kind: "refused", what: "Refused by rate-limiting: 5 of 5 used", advice: "Calls pass again in 38 s." });
  });

  it("says what a policy in shadow would have done, and that the call passed", () => {
    const step = {
      phase: "request",
      policy: "ip-blocklist",
      applied_policy_id: 1,
      automated: false,
      outcome: "would_refuse",
      note: "10.0.0.1 is listed",
      duration_us: 1,
    } as const;
    const words = explain(response(200, { trail: [step] }), true);
    expect(words).toMatchObject({ kind: "shadow", what: "ip-blocklist would refuse this call: 10.0.0.1 is listed" });
    expect(words?.advice).toContain("the call passed");
    expect(explain(response(204, { trail: [{ ...step, policy: "cors", outcome: "answered", note: "preflight" }] }), true)).toMatchObject({
      kind: "answered",
      what: "Answered by cors: preflight",
    });
  });

  it("points at Call as when a 401 came without credentials", () => {
    expect(explain(response(401, { refused_by: "client-id-enforcement" }), false)?.advice).toContain("Call as");
    expect(explain(response(401, { refused_by: "client-id-enforcement" }), true)?.advice).toContain("access");
  });

  it("tells why the upstream did not answer", () => {
    expect(explain(response(502, { error: "connection refused" }), false)).toMatchObject({ kind: "failed", what: "connection refused" });
  });
});

it("takes a status for refused only when a refused answer has it", () => {
  const first_refused = response(429, { refused_by: "rate-limiting" });
  expect(burstClass(429, { first: null, first_refused })).toBe("refused");
  expect(burstClass(404, { first: response(404, {}), first_refused })).toBe("4");
  expect(burstClass(0, { first: null, first_refused: null })).toBe("none");
});
