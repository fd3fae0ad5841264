import { create } from "zustand";
import { actions } from "@/api/actions";
import { messageOf } from "@/api/errors";
import type { BurstResult, TesterResponse } from "@/api/types";
import { type Draft, emptyDraft, headerRow, requestOf } from "./draft";
import { type Entry, entryOf, keepHistory, readHistory, withEntry } from "./history";

/** What the last send brought. */
export type Outcome =
  | { kind: "none" }
  | { kind: "response"; response: TesterResponse; at_ms: number }
  | { kind: "burst"; result: BurstResult; at_ms: number }
  | { kind: "error"; error: unknown; at_ms: number };

interface TesterState {
  draft: Draft;
  /** Neither an API nor a URL was chosen since the program started. */
  untouched: boolean;
  outcome: Outcome;
  /** Set while a send is under way; aborting it gives up the wait. */
  under_way: AbortController | null;
  history: Entry[];
}

/** The tester's state lives here, not in the screen, so that it is still there when one comes back to it. */
export const useTester = create<TesterState>(() => ({
  draft: emptyDraft(),
  untouched: true,
  outcome: { kind: "none" },
  under_way: null,
  history: readHistory(localStorage),
}));

export function change(part: Partial<Draft>): void {
  const chosen = "api_id" in part || "url" in part;
  useTester.setState(({ draft, untouched }) => ({ draft: { ...draft, ...part }, untouched: untouched && !chosen }));
}

function remember(draft: Draft, at_ms: number, outcome: TesterResponse | { error: string }): void {
  const history = withEntry(useTester.getState().history, entryOf(draft, at_ms, outcome));
  useTester.setState({ history });
  keepHistory(localStorage, history);
}

/** Runs one send at a time: a new one gives up the wait for the one before. */
async function run(work: (signal: AbortSignal) => Promise<Outcome>, draft: Draft): Promise<void> {
  useTester.getState().under_way?.abort();
  const under_way = new AbortController();
  useTester.setState({ under_way });
  const mine = () => useTester.getState().under_way === under_way;
  try {
    const outcome = await work(under_way.signal);
    if (mine()) useTester.setState({ outcome, under_way: null });
  } catch (error) {
    if (!mine()) return;
    remember(draft, Date.now(), { error: messageOf(error) });
    useTester.setState({ outcome: { kind: "error", error, at_ms: Date.now() }, under_way: null });
  }
}

export function send(): Promise<void> {
  const { draft } = useTester.getState();
  return run(async (signal) => {
    const response = await actions.send(requestOf(draft), signal);
    const at_ms = Date.now();
    remember(draft, at_ms, response);
    return { kind: "response", response, at_ms };
  }, draft);
}

/** Sends the same request `count` times (1 to 10000), `concurrency` (1 to 64) at a time. */
export function sendMany(count: number, concurrency: number): Promise<void> {
  const { draft } = useTester.getState();
  return run(async (signal) => {
    const result = await actions.burst({ request: requestOf(draft), count, concurrency }, signal);
    const at_ms = Date.now();
    if (result.first) remember(draft, at_ms, result.first);
    return { kind: "burst", result, at_ms };
  }, draft);
}

/** Gives up the wait. What the gateway already sent stays sent. */
export function cancel(): void {
  useTester.getState().under_way?.abort();
  useTester.setState({ under_way: null });
}

/** Puts a kept request back into the form; its secrets have to be typed again. */
export function restore(entry: Entry): void {
  const headers = entry.draft.headers.map((row) => headerRow(row.name, row.value, row.enabled));
  useTester.setState({ draft: { ...emptyDraft(), ...entry.draft, headers }, untouched: false, outcome: { kind: "none" } });
}

export function forgetHistory(): void {
  useTester.setState({ history: [] });
  keepHistory(localStorage, []);
}
