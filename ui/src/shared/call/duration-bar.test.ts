import { expect, it } from "vitest";
import { durationPx } from "./duration-bar";

it("keeps the shortest call visible and the longest inside its column", () => {
  expect(durationPx(0)).toBe(2);
  expect(durationPx(60_000_000)).toBe(56);
});

it("grows with the time", () => {
  expect(durationPx(10_000)).toBeLessThan(durationPx(40_000));
});
