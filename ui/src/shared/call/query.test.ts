import { describe, expect, it } from "vitest";
import type { CallSummary } from "@/api/types";
import { matches, parseQuery, resolveQuery, withToken, writeQuery } from "./query";

const known = {
  apis: [
    { id: 1, name: "Orders API", asset_id: "orders" },
    { id: 2, name: "Posts API", asset_id: "posts" },
  ],
  clients: [{ id: 7, name: "MyTestApp" }],
};

const call = (change: Partial<CallSummary>): CallSummary => ({
  id: 1,
  at_us: 0,
  method: "GET",
  path: "/posts/v1/1?x=2",
  api_id: 2,
  api_name: "Posts API",
  client_app_id: null,
  client_name: null,
  status: 200,
  grpc_status: null,
  refused_by: null,
  would_refuse_by: null,
  duration_us: 1,
  upstream_us: 1,
  request_bytes: 0,
  response_bytes: 0,
  request_id: "r",
  ...change,
});

describe("parseQuery", () => {
  it("reads fields, and takes the rest for the path", () => {
    expect(parseQuery("status:4xx method:get /orders")).toEqual([
      { field: "status", value: "4xx" },
      { field: "method", value: "get" },
      { field: "path", value: "/orders" },
    ]);
  });

  it("keeps quoted values together", () => {
    expect(parseQuery('api:"Orders API" status:404')).toEqual([
      { field: "api", value: "Orders API" },
      { field: "status", value: "404" },
    ]);
  });

  it("lets the later of two count", () => {
    expect(parseQuery("status:404 status:500")).toEqual([{ field: "status", value: "500" }]);
  });

  it("takes an unknown field for a part of the path", () => {
    expect(parseQuery("http://x")).toEqual([{ field: "path", value: "http://x" }]);
  });

  it("ignores a field without a value and an open quote", () => {
    expect(parseQuery('status: api:"')).toEqual([]);
  });

  it("reads what it wrote", () => {
    const tokens = parseQuery('api:"Orders API" policy:rate-limiting "a b"');
    expect(parseQuery(writeQuery(tokens))).toEqual(tokens);
  });
});

describe("withToken", () => {
  it("replaces a field and takes it out", () => {
    expect(withToken([{ field: "status", value: "4xx" }], "status", "404")).toEqual([{ field: "status", value: "404" }]);
    expect(withToken([{ field: "status", value: "4xx" }], "status", null)).toEqual([]);
  });
});

describe("resolveQuery", () => {
  it("finds APIs by name, slug and part of either", () => {
    for (const name of ["Orders API", "orders", "ord", "1"]) {
      expect(resolveQuery([{ field: "api", value: name }], known)).toEqual({ query: { api_id: 1 }, faults: [] });
    }
  });

  it("says what means nothing, all at once", () => {
    const tokens = parseQuery("api:nope client:nobody status:9xx");
    expect(resolveQuery(tokens, known).faults).toHaveLength(3);
  });
});

describe("matches", () => {
  it("finds what a policy in shadow would have refused, by that policy", () => {
    const shadowed = call({ would_refuse_by: "cors" });
    expect(matches(shadowed, { status: "would_refuse" })).toBe(true);
    expect(matches(shadowed, { status: "would_refuse", policy: "cors" })).toBe(true);
    expect(matches(shadowed, { policy: "cors" })).toBe(false);
    expect(matches(call({ refused_by: "cors" }), { status: "would_refuse" })).toBe(false);
  });

  it("tells a refused 429 from the upstream's own", () => {
    expect(matches(call({ status: 429, refused_by: "rate-limiting" }), { status: "refused" })).toBe(true);
    expect(matches(call({ status: 429 }), { status: "refused" })).toBe(false);
    expect(matches(call({ status: 429 }), { status: "4xx" })).toBe(true);
  });

  it("asks for all that the query names", () => {
    expect(matches(call({}), { api_id: 2, path: "/v1/", method: "GET" })).toBe(true);
    expect(matches(call({}), { api_id: 2, path: "/v2/" })).toBe(false);
  });
});
