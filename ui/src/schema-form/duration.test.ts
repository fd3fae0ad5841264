import { expect, it } from "vitest";
import { joinDuration, splitDuration } from "./duration";

it("splits and joins every unit without a loss", () => {
  for (const text of ["500ms", "30s", "1m", "24h", "7d"]) expect(joinDuration(splitDuration(text))).toBe(text);
});

it("reads a bare number as milliseconds", () => {
  expect(splitDuration(60_000)).toEqual({ amount: "60000", unit: "ms" });
  expect(splitDuration("250")).toEqual({ amount: "250", unit: "ms" });
});

it("keeps the unit while the number is empty, and says nothing then", () => {
  expect(splitDuration(undefined, "m")).toEqual({ amount: "", unit: "m" });
  expect(joinDuration({ amount: "", unit: "m" })).toBeUndefined();
});

it("keeps what it cannot read", () => {
  expect(joinDuration(splitDuration("soon"))).toBe("soon");
});
