import { describe, expect, it } from "vitest";
import { ApiError } from "@/api/errors";
import type { AppliedPolicy } from "@/api/types";
import type { Draft } from "./draft";
import { draftKey } from "./drafts";
import { changesOf, editsOf, whyNot, withEdits } from "./pending";

const draft = (policy: string, config: Draft["config"]): Draft => ({ policy, config, only: [], enabled: true, shadow: false });
const saved = (id: number, policy: string, config: Draft["config"]): AppliedPolicy => ({
  ...draft(policy, config),
  id,
  position: id,
  summary: "",
  in_force_since: 0,
  replaced_by: [],
});
const policies = [saved(1, "a", { n: 1 }), saved(2, "b", { n: 2, m: 3 }), saved(3, "c", {})];
const drafts = {
  [draftKey(7, "d")]: draft("d", { n: 4 }),
  [draftKey(7, 2)]: draft("b", { n: 5, m: 3 }),
  [draftKey(8, 1)]: draft("a", { n: 6 }),
};

describe("edits that are not in force", () => {
  it("are those of this API, the new ones last", () => {
    expect(editsOf(7, policies, drafts).map(({ draft: { policy }, saved: before }) => [policy, before?.id])).toEqual([
      ["b", 2],
      ["d", undefined],
    ]);
  });

  it("go out among all policies, each by its number, and what was not edited without its content", () => {
    expect(withEdits(policies, editsOf(7, policies, drafts))).toEqual({
      policies: [{ id: 1 }, { id: 2, set: { ...draft("b", { n: 5, m: 3 }) } }, { id: 3 }, { set: draft("d", { n: 4 }) }],
      removed: [],
    });
  });

  it("say by name which of them cannot be applied", () => {
    const fault = { field: "policies[1].set.config.limits[0].requests", message: "must be 1 or more" };
    const error = new ApiError(422, "invalid", "It is not valid", [fault]);
    expect(whyNot(error, withEdits(policies, editsOf(7, policies, drafts)))).toBe("b, limits[0].requests: must be 1 or more.");
    expect(whyNot(new Error("offline"), { policies: [], removed: [] })).toBe("offline");
  });

  it("are shown by the lines that go and come", () => {
    const [changed, added] = editsOf(7, policies, drafts);
    const marked = (edit: typeof changed) => (edit ? changesOf(edit).map(({ mark, text }) => mark + text) : []);
    expect(marked(changed)).toEqual([" - policy: b", "   config:", "-    n: 2", "+    n: 5", "     m: 3", "   enabled: true"]);
    expect(marked(added).every((line) => line.startsWith("+"))).toBe(true);
  });
});
