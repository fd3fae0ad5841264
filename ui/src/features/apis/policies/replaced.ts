import type { AppliedPolicy } from "@/api/types";
import { scopeWords } from "./draft";

/** Whether automated policies run in the place of an API's own: on no call, on some, or on all. */
export function replacedOn(policy: AppliedPolicy, automated: AppliedPolicy[]): "none" | "some" | "all" {
  if (policy.replaced_by.length === 0) return "none";
  const scopes = scopesOf(policy, automated);
  return scopes.length > 0 && scopes.every((only) => only.length > 0) ? "some" : "all";
}

/** The same in words; none where it is not replaced. */
export function replacedWords(policy: AppliedPolicy, automated: AppliedPolicy[]): string | null {
  const on = replacedOn(policy, automated);
  if (on === "some") return `Replaced on ${scopesOf(policy, automated).flat().map(scopeWords).join("; ")}`;
  return on === "all" ? "Replaced by an automated policy" : null;
}

const scopesOf = (policy: AppliedPolicy, automated: AppliedPolicy[]) =>
  automated.filter(({ id }) => policy.replaced_by.includes(id)).map(({ only }) => only);
