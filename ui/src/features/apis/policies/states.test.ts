import { expect, it } from "vitest";
import type { AppliedPolicy } from "@/api/types";
import { policiesInWords, statesInWords } from "./states";

const policy = (change: Partial<AppliedPolicy> = {}): AppliedPolicy => ({
  id: 1,
  policy: "cors",
  config: {},
  only: [],
  enabled: true,
  shadow: false,
  position: 0,
  summary: "",
  in_force_since: 0,
  replaced_by: [],
  ...change,
});

it("counts what is in force apart from what is off, in shadow or replaced", () => {
  const idle = [policy({ enabled: false, shadow: true }), policy({ shadow: true }), policy({ replaced_by: [7] })];
  expect(statesInWords([policy(), policy()])).toBe("2 on, in force");
  expect(statesInWords([policy(), ...idle])).toBe("1 on and in force, 1 off, 1 in shadow, 1 replaced");
  expect(statesInWords(idle)).toBe("None in force, 1 off, 1 in shadow, 1 replaced");
});

it("does not say that every call passes where an automated policy stands", () => {
  expect(policiesInWords([], [])).toBe("none: every call passes");
  expect(policiesInWords([], [policy()])).toBe("none of its own, 1 automated policy");
  expect(policiesInWords([policy()], [policy(), policy()])).toBe("1 on, in force; 2 automated policies");
});
