import { describe, expect, it } from "vitest";
import { sparkPath } from "./spark";

describe("sparkPath", () => {
  it("is empty without values", () => {
    expect(sparkPath([], 80, 20)).toBe("");
  });

  it("lies at the bottom when all is zero", () => {
    expect(sparkPath([0, 0], 80, 20)).toBe("M0,19 L80,19");
  });

  it("reaches the top at its largest value", () => {
    expect(sparkPath([0, 10], 80, 20)).toBe("M0,19 L80,1");
  });

  it("draws a single value as a line", () => {
    expect(sparkPath([4], 80, 20)).toBe("M0,1 L80,1");
  });
});
