import { create } from "zustand";
import type { PolicyOwner } from "@/api/actions";
import { type Draft, same } from "./draft";

/** Edits that are not saved yet, by policy: going elsewhere in the console loses nothing. They are not in force. */
export const useDrafts = create<{ drafts: Record<string, Draft> }>(() => ({ drafts: {} }));

export const draftKey = (owner: PolicyOwner, policy: number | string): string => `${owner ?? "all"}/${policy}`;

/** Keeps a draft while it differs from what is saved. */
export function keepDraft(key: string, draft: Draft, saved: Draft | null): void {
  if (saved && same(draft, saved)) forgetDraft(key);
  else useDrafts.setState(({ drafts }) => ({ drafts: { ...drafts, [key]: draft } }));
}

export function forgetDraft(key: string): void {
  useDrafts.setState(({ drafts: { [key]: _, ...drafts } }) => ({ drafts }));
}
