import { create } from "zustand";
import { get } from "./client";
import { messageOf } from "./errors";
import { queries, queryKeysOf } from "./queries";
import { queryClient, renew } from "./query-client";
import { transport } from "./transport";
import type { CallSummary, LiveEvent, Second } from "./types";

/** How much the live store keeps: the 15 minutes of the overview, and the newest calls of the traffic list. */
const SECONDS_KEPT = 15 * 60;
const CALLS_KEPT = 2_000;
const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 10_000;

export type LiveState = {
  connection: "connecting" | "open" | "lost";
  /** Why the stream is lost, in words for a person. */
  reason: string | null;
  /** Oldest first; seconds without calls are left out. */
  seconds: Second[];
  /** Newest first. */
  calls: CallSummary[];
  /** Calls that were counted but not sent one by one since the stream opened, because there were too many. */
  skipped: number;
};

const nothing: LiveState = { connection: "connecting", reason: null, seconds: [], calls: [], skipped: 0 };

export const useLive = create<LiveState>(() => nothing);

/** The store after one event. Pure, so that the rules of keeping and ordering can be tested without a stream. */
export function after(state: LiveState, event: LiveEvent): LiveState {
  switch (event.kind) {
    case "second": {
      const { kind: _, ...second } = event;
      return { ...state, seconds: withSecond(state.seconds, second) };
    }
    case "calls": {
      const newest_first = event.calls.toSorted((a, b) => b.id - a.id);
      const newest_known = state.calls[0]?.id ?? 0;
      const fresh = newest_first.filter((call) => call.id > newest_known);
      return { ...state, calls: [...fresh, ...state.calls].slice(0, CALLS_KEPT), skipped: state.skipped + event.skipped };
    }
    case "changed":
      return state;
  }
}

/** A second told twice replaces its first telling: late calls of that second were added. */
function withSecond(seconds: Second[], second: Second): Second[] {
  const earlier = seconds.filter((known) => known.at_ms !== second.at_ms && known.at_ms > second.at_ms - SECONDS_KEPT * 1000);
  const last = earlier.at(-1);
  if (!last || last.at_ms < second.at_ms) return [...earlier, second];
  return [...earlier, second].toSorted((a, b) => a.at_ms - b.at_ms);
}

/** The wait before the n-th try in a row (from 0): doubles from half a second to ten. */
export const retryAfterMs = (attempt: number): number => Math.min(FIRST_RETRY_MS * 2 ** attempt, LONGEST_RETRY_MS);

type Listener = (event: LiveEvent) => void;
const listeners = new Set<Listener>();

/** Calls back for every live event, for a screen that wants more than the store keeps. Returns how to stop. */
export function onLive(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function receive(event: LiveEvent): void {
  useLive.setState((state) => after(state, event));
  if (event.kind === "changed") {
    for (const key of event.topics.flatMap(queryKeysOf)) void renew(key);
  }
  for (const listener of listeners) listener(event);
}

/** Keeps one subscription open, for as long as `signal` lets it; connects again by itself, waiting longer each time. */
export async function stayLive(signal: AbortSignal): Promise<void> {
  let attempt = 0;
  while (!signal.aborted) {
    let reason = "The gateway ended the live stream.";
    try {
      await transport.live(
        () => {
          attempt = 0;
          void catchUp();
          useLive.setState({ connection: "open", reason: null });
        },
        receive,
        signal,
      );
    } catch (error) {
      reason = messageOf(error);
    }
    if (signal.aborted) return;
    useLive.setState({ connection: "lost", reason });
    await wait(retryAfterMs(attempt++), signal);
  }
}

/** What passed while nobody listened: everything shown is asked for again, and the last minutes come from the gateway's memory. */
async function catchUp(): Promise<void> {
  void queryClient.invalidateQueries();
  const recent = await get<Second[]>("/live/recent").catch(() => []);
  useLive.setState((state) => ({ seconds: recent.reduce(withSecond, state.seconds) }));
  const page = await queryClient.fetchQuery(queries.calls({ limit: 200 })).catch(() => null);
  if (page) useLive.setState((state) => after(state, { kind: "calls", calls: page.calls, skipped: 0 }));
}

const wait = (ms: number, signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
