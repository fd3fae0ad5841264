import { describe, expect, it } from "vitest";
import { complete } from "./complete";

const values = {
  status: ["refused", "2xx", "4xx", "404"],
  api: ["Orders API"],
  client: [],
  policy: ["rate-limiting"],
  method: ["GET", "POST"],
};

describe("complete", () => {
  it("offers every field before anything is typed", () => {
    expect(complete("", values).map((each) => each.text)).toEqual(["status:", "api:", "client:", "policy:", "method:"]);
  });

  it("offers the fields that begin with the word", () => {
    expect(complete("st", values).map((each) => each.text)).toEqual(["status:"]);
  });

  it("offers a field's values, and quotes those with spaces", () => {
    expect(complete("status:4", values).map((each) => each.text)).toEqual(["status:4xx", "status:404"]);
    expect(complete("api:ord", values).map((each) => each.text)).toEqual(['api:"Orders API"']);
  });

  it("offers nothing for a path", () => {
    expect(complete("/orders", values)).toEqual([]);
    expect(complete("nope:x", values)).toEqual([]);
  });

  it("does not offer what is already typed in full", () => {
    expect(complete("method:get", values)).toEqual([]);
  });
});
