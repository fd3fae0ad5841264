import { expect, it } from "vitest";
import { alignLatency } from "./percentiles";

it("leaves a gap where nothing was called", () => {
  const point = (at_ms: number, calls: number) => ({ at_ms, calls, p50_us: 1, p95_us: 2, p99_us: 3 });
  const aligned = alignLatency([point(0, 4), point(60_000, 0), point(180_000, 1)], 0, 180_000, 60);
  expect(aligned.map((step) => "p50_us" in step)).toEqual([true, false, false, true]);
});
