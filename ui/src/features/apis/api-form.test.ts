import { describe, expect, it } from "vitest";
import type { Api } from "@/api/types";
import { draftOf, emptyDraft, inputOf, proxyUrl, slug } from "./api-form";

it("makes an identifier of a name", () => {
  expect(["Orders API", "  Été & Café  ", "a--b", "日本"].map(slug)).toEqual(["orders-api", "ete-cafe", "a-b", ""]);
});

describe("proxyUrl", () => {
  const draft = { ...emptyDraft, name: "Orders API" };
  it("follows the defaults", () => expect(proxyUrl(draft)).toBe("http://127.0.0.1:8081/orders-api/v1"));
  it("follows what is typed", () => {
    expect(proxyUrl({ ...draft, version: "v2", port: "9090", hosts: ["api.test", "other.test"] })).toBe(
      "http://api.test:9090/orders-api/v2",
    );
    expect(proxyUrl({ ...draft, base_path: "shop" })).toBe("http://127.0.0.1:8081/shop");
  });
  it("shows an address that can be called", () => {
    expect(proxyUrl({ ...draft, address: "0.0.0.0" })).toContain("//127.0.0.1:");
    expect(proxyUrl({ ...draft, address: "::1" })).toContain("//[::1]:");
  });
});

describe("inputOf", () => {
  it("sends only what was given", () => {
    expect(inputOf({ ...emptyDraft, name: " Orders ", url: "http://x" })).toEqual({ name: "Orders", upstream: { url: "http://x" } });
  });
  it("sends a port that is no number as it is, for the gateway to refuse", () => {
    expect(inputOf({ ...emptyDraft, port: "80x" }).listen?.port).toBeNaN();
  });
  it("gives back an API as it was", () => {
    const api = {
      id: 1,
      name: "A",
      asset_id: "a",
      version: "v1",
      label: "default",
      listen: { address: "127.0.0.1", port: 8081, base_path: "/a/v1", hosts: ["x.test"] },
      upstream: { url: "http://u", timeouts: { connect: "5s", response: "15s" } },
    } as Api;
    const { id: _, ...expected } = api;
    expect(inputOf(draftOf(api))).toEqual(expected);
  });

  it("keeps what the form has no field for", () => {
    const kept = {
      name: "A",
      listen: { base_path: "/a", version_header: "api-version" },
      upstream: {
        targets: [{ url: "http://u", weight: 2 }, { url: "http://v" }],
        timeouts: { connect: "1s", idle: "9s" },
        health: { path: "/health" },
      },
      routes: [{ name: "r", upstream: { url: "http://r" } }],
    };
    const input = inputOf(
      { ...emptyDraft, name: "A", url: "http://w", version_header: "api-version", base_path: "/a", connect: "2s" },
      kept,
    );
    expect(input).toEqual({
      ...kept,
      upstream: {
        ...kept.upstream,
        targets: [{ url: "http://w", weight: 2 }, { url: "http://v" }],
        timeouts: { connect: "2s", idle: "9s" },
      },
    });
  });
});
