import { describe, expect, it } from "vitest";
import { edge, shades, usedBuckets } from "./heat";

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

it("names the edges of buckets in round figures", () => {
  const edges = [128, 512, 2_048, 8_192, 32_768, 131_072, 524_288, 999_700, 2_097_152, 8_388_608, 16_777_216];
  expect(edges.map(edge)).toEqual(["128 µs", "512 µs", "2 ms", "8 ms", "33 ms", "131 ms", "524 ms", "1 s", "2.1 s", "8.4 s", "16.8 s"]);
});
