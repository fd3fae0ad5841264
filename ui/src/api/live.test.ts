import { describe, expect, it } from "vitest";
import { after, type LiveState, retryAfterMs } from "./live";
import type { CallSummary, Second } from "./types";

const nothing: LiveState = { connection: "open", reason: null, seconds: [], calls: [], skipped: 0 };
const second = (at_ms: number, calls = 1): Second => ({
  at_ms,
  calls,
  ok_2xx: calls,
  redirect_3xx: 0,
  client_4xx: 0,
  server_5xx: 0,
  refused: 0,
  p95_us: 100,
});
const call = (id: number) => ({ id }) as CallSummary;
const told = (state: LiveState, ...seconds: Second[]) => seconds.reduce((now, each) => after(now, { kind: "second", ...each }), state);

describe("seconds", () => {
  it("stay in order, whatever order they come in", () => {
    expect(told(nothing, second(2_000), second(1_000), second(3_000)).seconds.map((each) => each.at_ms)).toEqual([1_000, 2_000, 3_000]);
  });

  it("told twice replace their first telling", () => {
    expect(told(nothing, second(1_000, 4), second(1_000, 6)).seconds).toEqual([second(1_000, 6)]);
  });

  it("older than 15 minutes are forgotten", () => {
    const state = told(nothing, second(0), second(1_000), second(900_000));
    expect(state.seconds.map((each) => each.at_ms)).toEqual([1_000, 900_000]);
  });
});

describe("calls", () => {
  const come = (state: LiveState, ...ids: number[]) => after(state, { kind: "calls", calls: ids.map(call), skipped: 2 });

  it("stand newest first, each once", () => {
    const state = come(come(nothing, 1, 3, 2), 3, 4);
    expect(state.calls.map((each) => each.id)).toEqual([4, 3, 2, 1]);
    expect(state.skipped).toBe(4);
  });

  it("are bounded", () => {
    const many = Array.from({ length: 3_000 }, (_, n) => n + 1);
    const state = come(nothing, ...many);
    expect(state.calls).toHaveLength(2_000);
    expect(state.calls[0]?.id).toBe(3_000);
  });
});

it("waits longer each time, to a limit", () => {
  expect([0, 1, 2, 10].map(retryAfterMs)).toEqual([500, 1_000, 2_000, 10_000]);
});
