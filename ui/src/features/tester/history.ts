import type { TesterResponse } from "@/api/types";
import type { Draft, HeaderRow } from "./draft";

/** A request that was sent, and in short what came of it. */
export interface Entry {
  id: number;
  at_ms: number;
  draft: Draft;
  /** Values were taken out before the entry was kept. */
  redacted: boolean;
  status: number | null;
  refused_by: string | null;
  duration_us: number | null;
  error: string | null;
}

export const HISTORY_KEPT = 200;
/** Longer bodies are not kept: two hundred of them would not fit the browser's store. */
const LONGEST_BODY = 8_000;
const KEY = "gatepost.tester.history";
const SECRET = /authorization|cookie|secret|passw|token|api[-_]?key|client[-_]?id|credential|signature/i;

const withoutSecret = (row: HeaderRow): HeaderRow => (SECRET.test(row.name) ? { ...row, value: "" } : row);

/** The address with the values of telling query parameters taken out, and the user and password of a URL. */
function withoutSecrets(address: string): string {
  const mark = address.indexOf("?");
  const place = (mark < 0 ? address : address.slice(0, mark)).replace(/^(https?:\/\/)[^/@]*@/i, "$1");
  if (mark < 0) return place;
  const pairs = address
    .slice(mark + 1)
    .split("&")
    .map((pair) => (SECRET.test(pair.split("=")[0] ?? "") ? `${pair.split("=")[0]}=` : pair));
  return `${place}?${pairs.join("&")}`;
}

/** The draft as it may be written down: nothing in it that looks like a secret. */
export function keepable(draft: Draft): { draft: Draft; redacted: boolean } {
  const body = SECRET.test(draft.body) || draft.body.length > LONGEST_BODY ? "" : draft.body;
  const kept: Draft = {
    ...draft,
    path: withoutSecrets(draft.path),
    url: withoutSecrets(draft.url),
    headers: draft.headers.map(withoutSecret),
    body,
  };
  return { draft: kept, redacted: JSON.stringify(kept) !== JSON.stringify(draft) };
}

/** An entry for what was sent and what came back: a response, or the reason why there is none. */
export function entryOf(draft: Draft, at_ms: number, outcome: TesterResponse | { error: string }): Omit<Entry, "id"> {
  const kept = keepable(draft);
  if ("error" in outcome) return { at_ms, ...kept, status: null, refused_by: null, duration_us: null, error: outcome.error };
  const { status, call, timings_us } = outcome;
  return { at_ms, ...kept, status, refused_by: call?.refused_by ?? null, duration_us: timings_us.total, error: null };
}

/** The history with one more entry on top, and the oldest dropped. */
export function withEntry(history: readonly Entry[], entry: Omit<Entry, "id">): Entry[] {
  const id = (history[0]?.id ?? 0) + 1;
  return [{ ...entry, id }, ...history].slice(0, HISTORY_KEPT);
}

const isDraft = (value: unknown): value is Draft => {
  const draft = value as Draft | null;
  return (
    typeof draft === "object" &&
    draft !== null &&
    typeof draft.method === "string" &&
    typeof draft.path === "string" &&
    typeof draft.url === "string" &&
    typeof draft.body === "string" &&
    Array.isArray(draft.headers)
  );
};

const isEntry = (value: unknown): value is Entry => {
  const entry = value as Entry | null;
  return (
    typeof entry === "object" && entry !== null && typeof entry.id === "number" && typeof entry.at_ms === "number" && isDraft(entry.draft)
  );
};

/** What an earlier session kept; what cannot be read is left out. */
export function readHistory(store: Pick<Storage, "getItem">): Entry[] {
  try {
    const kept: unknown = JSON.parse(store.getItem(KEY) ?? "[]");
    return Array.isArray(kept) ? kept.filter(isEntry).slice(0, HISTORY_KEPT) : [];
  } catch {
    return [];
  }
}

/** Keeps the history for the next session; a store that is full or forbidden keeps nothing, and the session goes on. */
export function keepHistory(store: Pick<Storage, "setItem">, history: readonly Entry[]): void {
  try {
    store.setItem(KEY, JSON.stringify(history));
  } catch {
    // The history lives on in this session.
  }
}
