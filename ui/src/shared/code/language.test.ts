import { describe, expect, it } from "vitest";
import { languageFor, pretty } from "./language";

describe("pretty", () => {
  it("lays JSON out", () => {
    expect(pretty('{"a":[1,2]}')).toBe('{\n  "a": [\n    1,\n    2\n  ]\n}');
  });

  it("leaves what is not JSON as it is", () => {
    expect(pretty("<p>no</p>")).toBe("<p>no</p>");
  });

  it("never changes a number it cannot hold", () => {
    expect(pretty('{"id":12345678901234567890}')).toBe('{"id":12345678901234567890}');
    expect(pretty('{"price":1.0}')).toBe('{"price":1.0}');
  });

  it("does not take digits in strings for numbers", () => {
    expect(pretty('{"a": "1.0", "b":"\\u00e9"}')).toContain("\n");
  });
});

describe("languageFor", () => {
  it("knows JSON in all its types", () => {
    expect(languageFor("application/json; charset=utf-8")).toBe("json");
    expect(languageFor("application/problem+json")).toBe("json");
  });

  it("takes all else for text", () => {
    expect(languageFor("text/html")).toBe("text");
    expect(languageFor(null)).toBe("text");
  });
});
