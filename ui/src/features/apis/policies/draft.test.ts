import { expect, it } from "vitest";
import { type Draft, draftOf, inputOf, same, scopeWords } from "./draft";
import { draftKey, keepDraft, useDrafts } from "./drafts";

const draft: Draft = { policy: "p", config: { a: 1, b: { c: 2, d: 3 } }, only: [], enabled: true, shadow: false };

it("leaves out rows of the scope that say nothing", () => {
  expect(
    inputOf({
      ...draft,
      only: [
        { methods: [], path: "" },
        { methods: ["GET"], path: null },
      ],
    }).only,
  ).toEqual([{ methods: ["GET"] }]);
});

it("compares by meaning, not by the order of keys", () => {
  expect(same(draft, { ...draft, config: { b: { d: 3, c: 2 }, a: 1 } })).toBe(true);
  expect(same(draft, { ...draft, config: { a: 1, b: { c: 2 } } })).toBe(false);
  expect(same(draft, { ...draft, only: [{ path: "" }] })).toBe(true);
});

it("says a row of the scope in words", () => {
  expect([{ methods: ["POST", "PUT"], path: "/a" }, { path: "/a" }, {}].map(scopeWords)).toEqual(["POST, PUT /a", "/a", "every call"]);
});

it("keeps a draft only while it differs from what is saved", () => {
  const key = draftKey(1, 2);
  keepDraft(key, { ...draft, enabled: false }, draft);
  expect(key in useDrafts.getState().drafts).toBe(true);
  keepDraft(key, draft, draft);
  expect(key in useDrafts.getState().drafts).toBe(false);
});

it("keeps shadow when something else is edited, and tells it apart", () => {
  const saved = { ...draft, id: 1, position: 0, summary: "", shadow: true, in_force_since: 0, replaced_by: [] };
  expect(inputOf({ ...draftOf(saved), enabled: false })).toMatchObject({ enabled: false, shadow: true });
  expect(same(draft, { ...draft, shadow: true })).toBe(false);
});
