import { describe, expect, it } from "vitest";
import { ago, bytes, count, decimal, micros, moment, percent, perSecond, plural, sentences, shortUrl, span } from "./format";

const SPACE = "\u202f";

it("writes numbers with a thin space between thousands", () => {
  expect([0, 999, 9612, 1_234_567].map(count)).toEqual(["0", "999", `9${SPACE}612`, `1${SPACE}234${SPACE}567`]);
});

it("keeps the digits that matter", () => {
  expect([0, 0.042, 0.42, 7.31, 128.44, 9612.4].map(decimal)).toEqual(["0", "0.04", "0.4", "7.3", "128.4", `9${SPACE}612`]);
});

it("never shows something as nothing", () => {
  expect(percent(0, 100)).toBe("0 %");
  expect(percent(1, 100_000)).toBe("< 0.1 %");
  expect(percent(24, 1000)).toBe("2.4 %");
  expect(percent(5, 0)).toBe("0 %");
});

it("chooses the unit that fits", () => {
  expect([48, 3_210, 1_400_000].map(micros)).toEqual(["48 µs", "3.2 ms", "1.4 s"]);
  expect([0, 312, 1_434, 5_242_880].map(bytes)).toEqual(["0 B", "312 B", "1.4 KB", "5 MB"]);
});

it("divides calls by seconds, and by none gives none", () => {
  expect(perSecond(90, 60)).toBe("1.5");
  expect(perSecond(90, 0)).toBe("0");
});

describe("times", () => {
  const now = new Date(2026, 2, 10, 14, 2, 11).getTime();

  it("names today and yesterday", () => {
    expect(moment(now, now)).toBe("today 14:02:11");
    expect(moment(new Date(2026, 2, 9, 23, 59, 59).getTime(), now)).toBe("yesterday 23:59:59");
    expect(moment(new Date(2026, 1, 28, 1, 2, 3).getTime(), now)).toBe("2026-02-28 01:02:03");
  });

  it("gives the two largest units of a span", () => {
    expect(span(((3 * 24 + 4) * 60 + 12) * 60_000)).toBe("3 d 4 h");
    expect(span(725_000)).toBe("12 min 5 s");
    expect(span(-5)).toBe("0 s");
  });

  it("says how long ago in one unit", () => {
    expect(ago(now - 1_000, now)).toBe("just now");
    expect(ago(now - 12_000, now)).toBe("12 s ago");
    expect(ago(now - 3 * 3_600_000 - 5_000, now)).toBe("3 h ago");
  });
});

it("counts one and many", () => {
  expect([plural(1, "call"), plural(2, "call"), plural(0, "policy", "policies")]).toEqual(["1 call", "2 calls", "0 policies"]);
});

it("joins sentences by one space, without what is not said", () => {
  expect(sentences("Port 80 is in use. ", " Choose another.")).toBe("Port 80 is in use. Choose another.");
  expect(sentences(null, "Choose another.", undefined)).toBe("Choose another.");
});

it("leaves out only the scheme that goes without saying", () => {
  expect(shortUrl("http://127.0.0.1:8081/a?to=http://b")).toBe("127.0.0.1:8081/a?to=http://b");
  expect(shortUrl("https://example.com/")).toBe("https://example.com/");
});
