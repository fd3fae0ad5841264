import { useLive } from "@/api/live";
import { rateOf } from "@/app/status-bar";
import { StackedCalls } from "@/shared/chart";
import { decimal } from "@/shared/format";
import { useNow } from "@/shared/use-now";
import { SHAPE } from "./range";
import type { Traffic } from "./use-traffic";

/** A second is told when it is over, and the chart ends where it has been told. */
const TOLD_AFTER_MS = 2_000;

/** Calls a second: the last 15 minutes come live, second by second; longer ranges from the records. */
export function CallsChart({ traffic }: { traffic: Traffic }) {
  const seconds = useLive((live) => live.seconds);
  const now = useNow(1_000);
  const { span_ms, step_s } = SHAPE[traffic.range];
  const live = traffic.range === "15m";
  const to_ms = live ? Math.floor((now - TOLD_AFTER_MS) / 1000) * 1000 : traffic.to_ms;
  const peak = seconds.reduce((most, second) => Math.max(most, second.calls), 0);
  const marks = (traffic.figures?.plan_changes ?? []).map((change) => ({
    at_ms: change.at_ms,
    label: `Plan ${change.number}: ${change.what}`,
  }));
  return (
    <section className="card">
      <StackedCalls
        points={live ? seconds : (traffic.figures?.series ?? [])}
        stepSeconds={live ? 1 : (traffic.figures?.step_s ?? step_s)}
        from_ms={to_ms - span_ms}
        to_ms={to_ms}
        marks={marks}
        note={
          <>
            <b className="strong rate-now">{decimal(rateOf(seconds, now))}</b> now, peak {decimal(peak)}
          </>
        }
        empty="No calls in this range. Each call through the gateway shows here within a second."
      />
    </section>
  );
}
