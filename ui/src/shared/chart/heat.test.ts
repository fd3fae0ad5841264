import { describe, expect, it } from "vitest";
import { shades, usedBuckets } from "./heat";

describe("shades", () => {
  it("gives nothing to an empty bucket and something to a single call among many", () => {
    expect(shades([0, 1, 9999])).toEqual([0, 1, 6]);
  });

  it("gives a quiet step the same shades as a busy one with the same shares", () => {
    expect(shades([1, 3])).toEqual(shades([1000, 3000]));
  });

  it("has no shade without calls", () => {
    expect(shades([0, 0])).toEqual([0, 0]);
  });
});

describe("usedBuckets", () => {
  it("shows the buckets in use and their neighbours", () => {
    expect(usedBuckets([{ at_ms: 0, cells: [0, 0, 0, 4, 1, 0, 0, 0] }])).toEqual({ first: 2, last: 5 });
  });

  it("stays inside the buckets there are", () => {
    expect(usedBuckets([{ at_ms: 0, cells: [1, 1] }])).toEqual({ first: 0, last: 1 });
  });

  it("is nothing without calls", () => {
    expect(usedBuckets([{ at_ms: 0, cells: [0, 0] }])).toBeNull();
  });
});
