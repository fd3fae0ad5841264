import type { AppliedPolicy } from "@/api/types";
import { moment } from "@/shared/format";

/** Whether what is saved is in force, and since when. */
export function inForceWords({ enabled, shadow, replaced_by, in_force_since }: AppliedPolicy, now_ms?: number): string {
  const since = `since ${moment(in_force_since, now_ms)}`;
  if (!enabled) return `Off ${since}`;
  if (replaced_by.length > 0) return `An automated policy runs in its place ${since}`;
  return shadow ? `In shadow ${since}` : `In force ${since}`;
}
