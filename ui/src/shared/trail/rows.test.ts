import { describe, expect, it } from "vitest";
import type { TrailStep } from "@/api/types";
import { notReachedWords, trailRows } from "./rows";

const step = (phase: TrailStep["phase"], outcome: TrailStep["outcome"], policy: string | null = "p"): TrailStep => ({
  phase,
  policy,
  applied_policy_id: null,
  automated: false,
  outcome,
  note: "",
  duration_us: 1,
});

describe("trailRows", () => {
  it("orders request, upstream, response, whatever the order they came in", () => {
    const rows = trailRows([step("response", "changed"), step("upstream", "passed", null), step("request", "passed")]);
    expect(rows.map((row) => (row.kind === "phase" ? row.name : row.kind === "step" ? row.step.phase : row.kind))).toEqual([
      "Request",
      "request",
      "upstream",
      "Response",
      "response",
    ]);
  });

  it("puts all that a refusal kept from running into one line", () => {
    const rows = trailRows([
      step("request", "passed"),
      step("request", "refused"),
      step("request", "not_reached"),
      step("request", "not_reached"),
      step("upstream", "not_reached", null),
      step("response", "not_reached"),
    ]);
    expect(rows.at(-1)).toEqual({ kind: "not_reached", policies: 2, upstream: true });
    expect(rows).toHaveLength(4);
  });

  it("says that the upstream was not called, with or without a step of its own", () => {
    const refused = step("request", "refused");
    const last = { kind: "not_reached", policies: 0, upstream: true };
    expect(trailRows([refused]).at(-1)).toEqual(last);
    expect(trailRows([refused, step("upstream", "not_reached", null)]).at(-1)).toEqual(last);
    expect(trailRows([step("request", "passed")]).at(-1)).toMatchObject({ kind: "step" });
  });

  it("is empty for a call without a trail", () => {
    expect(trailRows([])).toEqual([]);
  });
});

it("names what was not reached", () => {
  expect(notReachedWords(3, true)).toBe("3 more and the upstream");
  expect(notReachedWords(0, true)).toBe("The upstream");
  expect(notReachedWords(1, false)).toBe("1 more");
});
