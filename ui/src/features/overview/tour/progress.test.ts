import { describe, expect, it } from "vitest";
import type { Api, AppliedPolicy, CallSummary, ClientApp, Contract } from "@/api/types";
import { doneSteps, type Facts, isTourApi } from "./progress";

const nothing: Facts = {
  sample: { running: false, url: null, message: null },
  api: undefined,
  policies: [],
  contract: undefined,
  client: undefined,
  calls: [],
};
const call = (status: number, refused_by: string | null) => ({ status, refused_by }) as CallSummary;
const policy = (name: string, enabled = true) => ({ policy: name, enabled }) as AppliedPolicy;

const ready: Facts = {
  sample: { running: true, url: "http://127.0.0.1:9000", message: null },
  api: { state: "active" } as Api,
  policies: [policy("client-id-enforcement")],
  contract: { state: "approved" } as Contract,
  client: {} as ClientApp,
  calls: [],
};

describe("doneSteps", () => {
  it("begins with nothing done", () => expect(doneSteps(nothing, false)).toBe(0));

  it("counts a call as shown only when one was refused and one passed", () => {
    expect(doneSteps(ready, false)).toBe(4);
    expect(doneSteps({ ...ready, calls: [call(401, "client-id-enforcement")] }, false)).toBe(4);
    expect(doneSteps({ ...ready, calls: [call(401, "client-id-enforcement"), call(200, null)] }, false)).toBe(5);
  });

  it("goes back when something it needs is undone", () => {
    expect(doneSteps({ ...ready, policies: [policy("client-id-enforcement", false)] }, true)).toBe(2);
    expect(doneSteps({ ...ready, contract: { state: "revoked" } as Contract }, true)).toBe(3);
    expect(doneSteps({ ...ready, api: { state: "failed" } as Api }, true)).toBe(1);
  });

  it("ends with the limit that refused a call", () => {
    const calls = [call(401, "client-id-enforcement"), call(200, null), call(429, "rate-limiting")];
    expect(doneSteps({ ...ready, calls, policies: [policy("client-id-enforcement"), policy("rate-limiting")] }, true)).toBe(7);
  });
});

it("knows an API of the tour by its upstream", () => {
  const api = { upstream: { url: "http://127.0.0.1:9000/posts" } };
  expect(isTourApi(api, "http://127.0.0.1:9000")).toBe(true);
  expect(isTourApi(api, "http://127.0.0.1:9100")).toBe(false);
  expect(isTourApi(api, null)).toBe(false);
});
