import { describe, expect, it } from "vitest";
import type { Figures } from "@/api/types";
import { callsDelta, errorDelta, latencyDelta, refusedDelta } from "./compare";
import { RANGES, rangeOf, windowOf } from "./range";

const figures = (change: Partial<Figures>): Figures => ({
  calls: 100,
  ok_2xx: 100,
  redirect_3xx: 0,
  client_4xx: 0,
  server_5xx: 0,
  refused: 0,
  would_refuse: 0,
  avg_us: 0,
  p50_us: 0,
  p95_us: 10_000,
  p99_us: 0,
  max_us: 0,
  gateway_avg_us: 0,
  request_bytes: 0,
  response_bytes: 0,
  ...change,
});

describe("windowOf", () => {
  it("is as long as the range, on whole steps, and holds the present", () => {
    for (const range of RANGES) {
      const now_ms = 1_790_000_123_456;
      const { from_ms, to_ms } = windowOf(range, now_ms);
      expect(to_ms - from_ms).toBe(range.length_ms);
      expect(to_ms % (range.step_s * 1000)).toBe(0);
      expect(to_ms).toBeGreaterThan(now_ms);
      expect(range.length_ms / 1000 / range.step_s).toBeLessThanOrEqual(180);
    }
  });

  it("takes an unknown name for the last 15 minutes", () => {
    expect(rangeOf("never").value).toBe("15m");
    expect(rangeOf(undefined).value).toBe("15m");
  });
});

describe("deltas", () => {
  it("have nothing to say without calls before", () => {
    const before = figures({ calls: 0 });
    for (const delta of [callsDelta, errorDelta, refusedDelta, latencyDelta]) expect(delta(figures({}), before)).toBeNull();
  });

  it("call more errors and slower answers bad, more calls neither", () => {
    expect(callsDelta(figures({ calls: 150 }), figures({}))).toEqual({ direction: "up", tone: "", words: "50 %", was: "100" });
    expect(errorDelta(figures({ server_5xx: 2 }), figures({ server_5xx: 1 }))).toMatchObject({
      direction: "up",
      tone: "bad",
      words: "1 pts",
    });
    expect(latencyDelta(figures({ p95_us: 6_000 }), figures({}))).toEqual({ direction: "down", tone: "good", words: "4 ms", was: "10 ms" });
  });

  it("do not call a change of refused calls bad", () => {
    expect(refusedDelta(figures({ refused: 9 }), figures({}))).toMatchObject({ direction: "up", tone: "" });
  });
});
