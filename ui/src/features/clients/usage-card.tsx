import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { ClientApp } from "@/api/types";
import { StackedCalls } from "@/shared/chart";
import { count, micros, percent } from "@/shared/format";
import { useUsage } from "./use-usage";

function Figure({ name, value, tone }: { name: string; value: string; tone?: string }) {
  return (
    <div>
      <div className="micro t3">{name}</div>
      <div className={tone ? `strong ${tone}` : "strong"}>{value}</div>
    </div>
  );
}

/** What a client app called in the last 24 hours. */
export function UsageCard({ client }: { client: ClientApp }) {
  const usage = useUsage(client.id);
  const title: ReactNode = (
    <>
      <h2>Usage</h2>
      <span className="small t3">last 24 h</span>
      <Link className="small" to="/analytics" search={{ range: "24h", client: client.id }}>
        Analytics
      </Link>
    </>
  );
  const totals = usage?.totals;
  return (
    <section className="card usage" aria-label="Usage">
      <StackedCalls
        title={title}
        legend={false}
        points={usage?.series ?? []}
        stepSeconds={usage?.step_s ?? 900}
        {...(usage && { from_ms: usage.from_ms, to_ms: usage.to_ms - 1 })}
        height={132}
        empty={usage ? "No calls in the last 24 hours." : "Loading."}
      />
      {totals && (
        <div className="usage-figures">
          <Figure name="Calls" value={count(totals.calls)} />
          <Figure name="5xx" value={percent(totals.server_5xx, totals.calls)} {...(totals.server_5xx > 0 && { tone: "c5" })} />
          <Figure name="p95" value={totals.calls > 0 ? micros(totals.p95_us) : "none"} />
          <Figure name="Refused" value={percent(totals.refused, totals.calls)} {...(totals.refused > 0 && { tone: "cr" })} />
        </div>
      )}
    </section>
  );
}
