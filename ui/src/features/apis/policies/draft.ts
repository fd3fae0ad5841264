import type { AppliedPolicy, AppliedPolicyInput, Config, Only, PolicyKind } from "@/api/types";

/** A policy while it is edited: what would be saved. */
export type Draft = { policy: string; config: Config; only: Only[]; enabled: boolean; shadow: boolean };

export const draftOf = ({ policy, config, only, enabled, shadow }: AppliedPolicy): Draft => ({
  policy,
  config,
  only: only ?? [],
  enabled,
  shadow,
});

/** A new policy begins as its example, which the catalogue promises to be valid. */
export const newDraft = (kind: PolicyKind): Draft => ({
  policy: kind.name,
  config: kind.example,
  only: [],
  enabled: true,
  shadow: false,
});

/** As it is sent: rows of the scope without a value in them mean nothing, and are left out. */
export function inputOf(draft: Draft): AppliedPolicyInput {
  const only = draft.only.map(withoutGaps).filter((row) => Object.keys(row).length > 0);
  return { policy: draft.policy, config: draft.config, only, enabled: draft.enabled, shadow: draft.shadow };
}

/** A row without what is empty in it. */
export function withoutGaps({ methods, path }: Only): Only {
  return { ...(methods && methods.length > 0 && { methods }), ...(path && { path }) };
}

/** Whether two drafts mean the same, however their keys are ordered. */
export const same = (a: Draft, b: Draft): boolean => canonical(inputOf(a)) === canonical(inputOf(b));

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === "object" && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

/** One row of a scope in words: `POST, PUT /orders/.*`. */
export const scopeWords = ({ methods, path }: Only): string => [methods?.join(", "), path].filter(Boolean).join(" ") || "every call";
