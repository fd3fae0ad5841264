import { expect, it } from "vitest";
import { told, typed, untyped } from "./units";

it("reads what it writes", () => {
  for (const [kind, units] of [
    ["count", 10_000],
    ["bytes", 65_536],
    ["bytes", 1_500],
    ["time", 1_500],
  ] as const) {
    expect(untyped(kind, typed(kind, units))).toBe(units);
  }
});

it("takes neither nothing nor words for a number", () => {
  expect(untyped("count", " ")).toBeUndefined();
  expect(untyped("time", "soon")).toBeUndefined();
});

it("tells limits in the unit in which they are typed", () => {
  expect([told("count", 128), told("bytes", 65_536), told("time", 600_000)]).toEqual(["128", "64 KiB", "600 s"]);
});
