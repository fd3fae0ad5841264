import type { CallQuery, CallSummary } from "@/api/types";
import { matches } from "./query";

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
  /** Older calls were dropped to make room for new ones. */
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

/** A page of older calls at the end. */
export function withOlder(list: CallList, calls: readonly CallSummary[], next: string | null): CallList {
  return { ...list, shown: merge(list.shown, calls), next };
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

/** Drops the oldest beyond the bound; there is no going on behind them, since the cursor belongs to the dropped ones. */
function trimmed(list: CallList): CallList {
  return list.shown.length <= CALLS_KEPT ? list : { ...list, shown: list.shown.slice(0, CALLS_KEPT), next: null, cut: true };
}
