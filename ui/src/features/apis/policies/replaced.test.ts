import { expect, it } from "vitest";
import type { AppliedPolicy, Only } from "@/api/types";
import { replacedOn, replacedWords } from "./replaced";

const policy = (id: number, only: Only[], replaced_by: number[] = []): AppliedPolicy => ({
  id,
  policy: "cors",
  config: {},
  only,
  enabled: true,
  shadow: false,
  position: 0,
  summary: "",
  in_force_since: 0,
  replaced_by,
});

it.each([
  [[], [], "none", null],
  [[7], [policy(7, [])], "all", "Replaced by an automated policy"],
  [[7], [policy(7, [{ methods: ["POST"] }]), policy(8, [])], "some", "Replaced on POST"],
  [[7, 8], [policy(7, [{ methods: ["POST"] }]), policy(8, [])], "all", "Replaced by an automated policy"],
  [[7, 8], [policy(7, [{ methods: ["POST"] }]), policy(8, [{ path: "/a" }])], "some", "Replaced on POST; /a"],
  // Before the automated ones are read, it is not shown as enforced.
  [[7], [], "all", "Replaced by an automated policy"],
] as const)("by %o of %o it is replaced on %s", (by, automated, on, words) => {
  expect(replacedOn(policy(1, [], [...by]), [...automated])).toBe(on);
  expect(replacedWords(policy(1, [], [...by]), [...automated])).toBe(words);
});
