import { expect, test } from "vitest";
import type { PreviewedCall } from "@/api/types";
import { notable, reasonsOf } from "./policy-preview";

const call = (id: number, outcome: PreviewedCall["outcome"], why = "", changes: string[] = []): PreviewedCall => ({
  id,
  at_us: 0,
  method: "GET",
  path: "/",
  was: 200,
  outcome,
  status: null,
  why,
  changes,
});
const counts = { passed: 0, changed: 0, refused: 0, answered: 0, failed: 0, out_of_scope: 0, not_reached: 0, cannot_tell: 0 };

test("calls that would pass as they are, or do not come to the policy, are not notable", () => {
  const outcomes = ["passed", "refused", "out_of_scope", "changed", "not_reached", "cannot_tell", "failed", "answered"] as const;
  const shown = notable({ counts, left_out: 0, calls: outcomes.map((outcome, id) => call(id, outcome)) });
  expect(shown.map(({ outcome }) => outcome)).toEqual(["refused", "changed", "cannot_tell", "failed", "answered"]);
});

test("the reason stands before what is changed, and nothing stands for none", () => {
  expect(reasonsOf(call(1, "changed", "told the caller", ["answer: gets x-a"]))).toEqual(["told the caller", "answer: gets x-a"]);
  expect(reasonsOf(call(1, "passed"))).toEqual([]);
});
