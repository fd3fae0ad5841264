import type { ReactNode } from "react";
import type { SeriesPoint } from "@/api/types";
import { Spark } from "@/shared/chart";
import { decimal, micros, plural } from "@/shared/format";
import type { Traffic } from "./use-traffic";

/** Points of a small chart: more than these are not told apart in its width. */
const SPARK_POINTS = 40;

/** Three figures that say whether something is wrong: errors, latency, refusals. */
export function FigureColumn({ traffic }: { traffic: Traffic }) {
  const { figures } = traffic;
  const totals = figures?.totals;
  const calls = totals?.calls ?? 0;
  const share = (part: number) => (calls === 0 ? 0 : (part / calls) * 100);
  const worst = figures?.by_api.toSorted((a, b) => b.server_5xx - a.server_5xx)[0];
  const [most] = figures?.by_policy.toSorted((a, b) => b.calls - a.calls) ?? [];
  const [p95, unit] = micros(totals?.p95_us ?? 0).split(" ");
  const refused = totals?.refused ?? 0;
  return (
    <section className="card figure-column" aria-label="Figures">
      <Figure
        name="Error share"
        value={decimal(share(totals?.server_5xx ?? 0))}
        unit="% are 5xx"
        spark={sparkOf(figures?.series, (point) => point.server_5xx)}
      >
        {totals?.server_5xx && worst
          ? `${worst.name} has ${decimal((worst.server_5xx / totals.server_5xx) * 100)} % of them`
          : "No call failed behind the gateway"}
      </Figure>
      <Figure
        name="Latency p95"
        value={calls === 0 ? "0" : (p95 ?? "0")}
        unit={calls === 0 ? "ms" : (unit ?? "")}
        spark={sparkOf(figures?.series, (point) => point.p95_us)}
      >
        {calls === 0 ? "No calls yet" : `Gateway adds ${micros(totals?.gateway_avg_us ?? 0)} of it`}
      </Figure>
      <Figure name="Violations" value={decimal(share(refused))} unit="% refused" spark={sparkOf(figures?.series, (point) => point.refused)}>
        {refused > 0 && most ? `${plural(refused, "call")}, mostly by ${most.policy}` : "No call was refused"}
      </Figure>
    </section>
  );
}

function sparkOf(series: SeriesPoint[] | undefined, of: (point: SeriesPoint) => number): number[] {
  const points = series ?? [];
  const width = Math.max(1, Math.ceil(points.length / SPARK_POINTS));
  return Array.from({ length: Math.ceil(points.length / width) }, (_, n) => Math.max(...points.slice(n * width, (n + 1) * width).map(of)));
}

function Figure({
  name,
  value,
  unit,
  spark,
  children,
}: {
  name: string;
  value: string;
  unit: string;
  spark: number[];
  children: ReactNode;
}) {
  return (
    <div className="figure figure-row">
      <div>
        <div className="k">{name}</div>
        <div className="v">
          {value}
          <small>{unit}</small>
        </div>
      </div>
      <Spark values={spark} width={92} height={26} />
      <div className="micro t3 figure-note trunc">{children}</div>
    </div>
  );
}
