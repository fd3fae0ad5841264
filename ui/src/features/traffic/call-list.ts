import type { CallQuery, CallSummary } from "@/api/types";
import { matches } from "@/shared/call/query";

/** So many calls stay in the list while new ones come in. */
export const CALLS_KEPT = 5_000;

/** The traffic list: what is shown, and what came in while it stood still. */
export interface CallList {
  /** Newest first, each id once. */
  shown: CallSummary[];
  /** Newest first: calls that wait for the list to follow again. */
  waiting: CallSummary[];
  /** Where the older calls go on; `null` when there are none. */
  next: string | null;
  /** Calls that were counted but never listed, because too many came at once. */
  skipped: number;
  /** Older calls were dropped to make room for new ones; they are found again by their time, not by the cursor. */
  cut: boolean;
}

export const emptyList: CallList = { shown: [], waiting: [], next: null, skipped: 0, cut: false };

const newestFirst = (x: CallSummary, y: CallSummary) => y.id - x.id;

/** Two lists as one, newest first, each call once. `b` is in order; `a` is mostly newer, and then costs no search through `b`. */
export function merge(a: readonly CallSummary[], b: readonly CallSummary[]): CallSummary[] {
  const newer = a.toSorted(newestFirst);
  if ((newer.at(-1)?.id ?? 0) > (b[0]?.id ?? 0)) return [...newer, ...b];
  const by_id = new Map([...b, ...a].map((call) => [call.id, call]));
  return [...by_id.values()].sort(newestFirst);
}

/** A fresh first page, beside what came in while it was on its way. */
export function withFirstPage(list: CallList, calls: readonly CallSummary[], next: string | null): CallList {
  return { ...list, shown: merge(list.shown, calls), next };
}

/** How to ask for what comes after the last call shown; `null` when nothing does. */
export function olderThan({ shown, next, cut }: CallList): Pick<CallQuery, "before" | "to_ms"> | null {
  if (next !== null) return { before: next };
  const last = shown.at(-1);
  // Calls of the same millisecond may be on either side of the cut: they come twice, and are listed once.
  return cut && last ? { to_ms: Math.floor(last.at_us / 1000) + 1 } : null;
}

/** A page of older calls at the end. */
export function withOlder(list: CallList, calls: readonly CallSummary[], next: string | null): CallList {
  return { ...list, shown: merge(calls, list.shown), next, cut: false };
}

/** Calls that just came in, those of them that the query asks for: on top while following, aside while not. */
export function withLive(list: CallList, calls: readonly CallSummary[], skipped: number, query: CallQuery, following: boolean): CallList {
  const wanted = calls.filter((call) => matches(call, query));
  if (wanted.length === 0 && skipped === 0) return list;
  const counted = { ...list, skipped: list.skipped + skipped };
  if (!following) return { ...counted, waiting: merge(wanted, list.waiting).slice(0, CALLS_KEPT) };
  return trimmed({ ...counted, shown: merge(wanted, list.shown) });
}

/** What waited comes on top. */
export function followed(list: CallList): CallList {
  return trimmed({ ...list, shown: merge(list.waiting, list.shown), waiting: [] });
}

/** Drops the oldest beyond the bound; the cursor goes with them, since it points behind them. */
function trimmed(list: CallList): CallList {
  return list.shown.length <= CALLS_KEPT ? list : { ...list, shown: list.shown.slice(0, CALLS_KEPT), next: null, cut: true };
}
