import { expect, it } from "vitest";
import { alignLatency, apart } from "./percentiles";

it("leaves a gap where nothing was called", () => {
  const point = (at_ms: number, calls: number) => ({ at_ms, calls, p50_us: 1, p95_us: 2, p99_us: 3 });
  const aligned = alignLatency([point(0, 4), point(60_000, 0), point(180_000, 1)], 0, 180_000, 60);
  expect(aligned.map((step) => "p50_us" in step)).toEqual([true, false, false, true]);
});

it("keeps labels apart, and inside the plot", () => {
  expect(apart([100, 50, 20], 12, 0)).toEqual([100, 50, 20]);
  expect(apart([100, 99, 98], 12, 0)).toEqual([100, 88, 76]);
  expect(apart([10, 9, 8], 12, 4)).toEqual([28, 16, 4]);
});
