import { expect, it } from "vitest";
import type { AppliedPolicy } from "@/api/types";
import { inForceWords } from "./in-force";

const now = new Date(2026, 2, 9, 14, 30).getTime();
const policy: AppliedPolicy = {
  id: 1,
  policy: "p",
  config: {},
  only: [],
  enabled: true,
  shadow: false,
  position: 0,
  summary: "",
  in_force_since: now - 60_000,
  replaced_by: [],
};

it.each([
  [{}, "In force since today 14:29:00"],
  [{ shadow: true }, "In shadow since today 14:29:00"],
  [{ enabled: false, shadow: true, replaced_by: [7] }, "Off since today 14:29:00"],
  [{ replaced_by: [7] }, "An automated policy runs in its place since today 14:29:00"],
])("says of %o since when", (change, words) => {
  expect(inForceWords({ ...policy, ...change }, now)).toBe(words);
});
