import { describe, expect, it } from "vitest";
import { languageFor, pretty } from "./language";

describe("pretty", () => {
  it("lays JSON out", () => {
    expect(pretty('{"a":[1,2]}')).toBe('{\n  "a": [\n    1,\n    2\n  ]\n}');
  });

  it("leaves what is not JSON as it is", () => {
    expect(pretty("<p>no</p>")).toBe("<p>no</p>");
  });

  it("changes nothing but the space between tokens", () => {
    const text = '{"id":12345678901234567890,"price":1.0,"b":1,"2":{},"b":[],"name":"\\u00e9 a:[1, 2]\\/\\" "}';
    expect(pretty(text).replace(/\n */g, "").replaceAll('": ', '":')).toBe(text);
    expect(pretty(text).split("\n")).toHaveLength(8);
  });

  it("nests by depth, and keeps what is empty on one line", () => {
    expect(pretty('[{"a":{"b":[]}},{}]')).toBe('[\n  {\n    "a": {\n      "b": []\n    }\n  },\n  {}\n]');
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
