import { faultsOf, messageOf } from "@/api/errors";
import type { AppliedPolicy, PolicyDraft } from "@/api/types";
import { type Draft, draftOf, inputOf } from "./draft";
import { yamlOf } from "./draft-yaml";
import { draftKey } from "./drafts";

/** An edit that is not in force. Without `saved` the policy is a new one. */
export type Edit = { key: string; draft: Draft; saved: AppliedPolicy | null };

/** The edits of one API's policies in the order of enforcement, the new ones last. */
export function editsOf(api_id: number, policies: readonly AppliedPolicy[], drafts: Record<string, Draft>): Edit[] {
  const changed = policies.map((saved) => ({ key: draftKey(api_id, saved.id), saved }));
  const known = new Set(changed.map(({ key }) => key));
  const added = Object.entries(drafts).filter(([key, draft]) => key === draftKey(api_id, draft.policy) && !known.has(key));
  return [
    ...changed.flatMap(({ key, saved }) => (drafts[key] ? [{ key, saved, draft: drafts[key] }] : [])),
    ...added.map(([key, draft]) => ({ key, draft, saved: null })),
  ];
}

/** All of the API's policies with the edits in them, as they are applied together. */
export function withEdits(policies: readonly AppliedPolicy[], edits: readonly Edit[]): PolicyDraft {
  const changes = new Map(edits.map((edit) => [edit.saved?.id, inputOf(edit.draft)]));
  const kept = policies.map(({ id }) => ({ id, ...(changes.has(id) && { set: changes.get(id) ?? null }) }));
  const added = edits.filter((edit) => edit.saved === null).map((edit) => ({ set: inputOf(edit.draft) }));
  return { policies: [...kept, ...added], removed: [] };
}

/** Why a draft was not applied: each fault with the name of its policy instead of its number. */
export function whyNot(error: unknown, { policies }: PolicyDraft): string {
  const named = faultsOf(error).map(({ field, message }) => {
    const [, at, rest] = field.match(/^policies\[(\d+)\]\.set\.(?:config\.)?(.*)$/) ?? [];
    const policy = at !== undefined && policies[Number(at)]?.set?.policy;
    return policy ? `${policy}, ${rest}: ${message}` : message;
  });
  return named.length > 0 ? `${named.join(". ")}.` : messageOf(error);
}

export type Line = { mark: " " | "-" | "+"; text: string };

/** What an edit changes, line by line of its YAML. */
export function changesOf({ draft, saved }: Edit): Line[] {
  return compared(saved ? linesOf(draftOf(saved)) : [], linesOf(draft));
}

const linesOf = (draft: Draft): string[] => yamlOf(draft).trimEnd().split("\n");

/** The longest common subsequence of lines stays; a configuration has few of them. */
function compared(before: string[], after: string[]): Line[] {
  const common = lengths(before, after);
  const lines: Line[] = [];
  let [b, a] = [0, 0];
  while (b < before.length || a < after.length) {
    if (b < before.length && before[b] === after[a]) {
      lines.push({ mark: " ", text: before[b] as string });
      b += 1;
      a += 1;
    } else if (b < before.length && (a >= after.length || at(common, b + 1, a) >= at(common, b, a + 1))) {
      lines.push({ mark: "-", text: before[b] as string });
      b += 1;
    } else {
      lines.push({ mark: "+", text: after[a] as string });
      a += 1;
    }
  }
  return lines;
}

const at = (table: number[][], row: number, column: number): number => table[row]?.[column] ?? 0;

/** How many lines the rests of both have in common, by where each rest begins. */
function lengths(before: string[], after: string[]): number[][] {
  const table = Array.from({ length: before.length + 1 }, () => new Array<number>(after.length + 1).fill(0));
  for (let b = before.length - 1; b >= 0; b -= 1)
    for (let a = after.length - 1; a >= 0; a -= 1)
      (table[b] as number[])[a] = before[b] === after[a] ? at(table, b + 1, a + 1) + 1 : Math.max(at(table, b + 1, a), at(table, b, a + 1));
  return table;
}
