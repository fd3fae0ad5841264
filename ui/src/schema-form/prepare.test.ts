import { describe, expect, it } from "vitest";
import { humanised, prepared } from "./prepare";

describe("prepared", () => {
  it("drops null from a nullable property and keeps its description", () => {
    const schema = prepared({
      properties: { key: { description: "why", anyOf: [{ type: "string", format: "expression" }, { type: "null" }] } },
    });
    expect(schema.properties?.key).toEqual({ title: "Key", type: "string", format: "expression", description: "why" });
  });

  it("takes text where text or a number is allowed", () => {
    expect(prepared({ type: ["integer", "string", "null"], format: "duration" })).toEqual({ type: "string", format: "duration" });
  });

  it("puts properties in the order that x-order asks for", () => {
    const schema = prepared({ properties: { a: {}, b: { "x-order": 2 }, c: { "x-order": 1 } } });
    expect(Object.keys(schema.properties ?? {})).toEqual(["c", "b", "a"]);
  });

  it("names choices by their short description or their constant", () => {
    const schema = prepared({
      oneOf: [
        { const: "basic", description: "The Authorization header." },
        { const: "not_there", description: "x".repeat(80) },
      ],
    });
    expect((schema.oneOf as { title: string }[]).map((option) => option.title)).toEqual(["The Authorization header", "Not there"]);
  });

  it("gives a choice of constants the type of its constants", () => {
    expect(prepared({ oneOf: [{ const: "a" }, { const: "b" }] }).type).toBe("string");
    expect(prepared({ oneOf: [{ const: "a" }, { const: 1 }] }).type).toBeUndefined();
    expect(prepared({ oneOf: [{ type: "object" }, { const: "b" }] }).type).toBeUndefined();
  });

  it("names tagged objects by their tag", () => {
    const schema = prepared({
      oneOf: [
        { type: "object", properties: { kind: { const: "jwks_url" } } },
        { type: "object", required: ["secret"], properties: {} },
      ],
    });
    expect((schema.oneOf as { title: string }[]).map((option) => option.title)).toEqual(["JWKS URL", "Secret"]);
  });

  it("reaches into definitions and items", () => {
    const schema = prepared({
      $defs: { Limit: { properties: { per_ip: { type: ["boolean", "null"] } } } },
      items: { type: ["integer", "null"] },
    });
    expect(schema.$defs?.Limit).toEqual({ properties: { per_ip: { title: "Per IP", type: "boolean" } } });
    expect(schema.items).toEqual({ type: "integer" });
  });
});

it("writes names as words, abbreviations in capitals", () => {
  expect(["expose_headers", "client_id_expression", "jwks_url", "allowed-ips", "valid"].map(humanised)).toEqual([
    "Expose headers",
    "Client ID expression",
    "JWKS URL",
    "Allowed IPs",
    "Valid",
  ]);
});
