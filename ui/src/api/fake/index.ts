import { saveByLink } from "../save-by-link";
import type { Answer, Transport } from "../transport";
import type { CallSummary, LiveEvent } from "../types";
import { answer } from "./routes";
import { newId, sources, state } from "./state";
import { callNo, countsAt } from "./traffic";

/** A management API in memory, for work on the console without a gateway: `npm run dev -- --mode fake`. Not part of a build. */
export const fake_transport: Transport = {
  async call(method, path, body): Promise<Answer> {
    // Through JSON, as over the wire: nothing is shared, and nothing that JSON cannot say passes.
    const sent = body === undefined ? undefined : (JSON.parse(JSON.stringify(body)) as unknown);
    const { status, body: result } = answer(method, new URL(path, "http://fake"), sent);
    return { status, body: result === undefined ? null : JSON.parse(JSON.stringify(result)) };
  },

  save: saveByLink,

  async live(opened, on_event, signal) {
    opened();
    const timer = setInterval(() => {
      for (const event of oneSecond()) on_event(event);
    }, 1_000);
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    clearInterval(timer);
  },
};

function oneSecond(): LiveEvent[] {
  const at_ms = Math.floor(Date.now() / 1000) * 1000 - 1000;
  const sent = state.unreported.splice(0);
  if (!state.has_traffic)
    return sent.length === 0
      ? []
      : [
          { kind: "calls", calls: sent, skipped: 0 },
          { kind: "second", at_ms, ...countsOf(sent), p95_us: 2_100 },
        ];
  const { p95_us, ...counts } = countsAt(at_ms);
  const calls = Array.from({ length: 8 }, (_, n) => callNo(newId(), at_ms + n * 120, sources()));
  state.calls.unshift(...calls.toReversed());
  return [
    { kind: "calls", calls: [...sent, ...calls], skipped: counts.calls - calls.length },
    { kind: "second", at_ms, ...counts, p95_us },
  ];
}

function countsOf(calls: CallSummary[]) {
  const refused = calls.filter((call) => call.refused_by).length;
  return { calls: calls.length, ok_2xx: calls.length - refused, redirect_3xx: 0, client_4xx: 0, server_5xx: 0, refused };
}
