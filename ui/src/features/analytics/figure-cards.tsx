import { ArrowDown, ArrowUp, Equal } from "lucide-react";
import type { ReactNode } from "react";
import type { Analytics } from "@/api/types";
import { mergeIntoSteps, Spark } from "@/shared/chart";
import { count, decimal, micros } from "@/shared/format";
import { callsDelta, type Delta, errorDelta, errorShare, latencyDelta, refusedDelta, refusedShare, share } from "./compare";

const ARROWS = { up: ArrowUp, down: ArrowDown, same: Equal };

function DeltaWords({ delta }: { delta: Delta | null }) {
  if (!delta) return <span className="small t3">no calls before</span>;
  const Arrow = ARROWS[delta.direction];
  return (
    <span className="row figure-delta">
      <span className={`delta ${delta.tone}`}>
        <Arrow
          className="i"
          role="img"
          aria-label={delta.direction === "up" ? "more by" : delta.direction === "down" ? "less by" : "same"}
        />
        {delta.words}
      </span>
      <span className="small t3">was {delta.was}</span>
    </span>
  );
}

interface FigureProps {
  name: string;
  /** Beside the name, quieter. */
  note?: string;
  value: string;
  unit: string;
  delta: Delta | null | undefined;
  spark: readonly number[];
}

function Figure({ name, note, value, unit, delta, spark }: FigureProps): ReactNode {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for forms
    <div className="figure" role="group" aria-label={name}>
      <div>
        <div className="k">
          {name}
          {note && <span className="t3">, {note}</span>}
        </div>
        <div className="v">
          {value}
          <small>{unit}</small>
        </div>
        {delta !== undefined && <DeltaWords delta={delta} />}
      </div>
      <Spark values={spark} height={32} />
    </div>
  );
}

const parts = (text: string): [string, string] => {
  const at = text.lastIndexOf(" ");
  return [text.slice(0, at), text.slice(at + 1)];
};

/** The four figures that say how things are, each against the period before. */
export function FigureCards({ data, compare }: { data: Analytics; compare: boolean }) {
  const { totals, before, series, step_s } = data;
  const [p95, p95_unit] = totals.calls > 0 ? parts(micros(totals.p95_us)) : ["0", "ms"];
  const by_step = new Map(series.map((point) => [Math.floor(point.at_ms / (step_s * 1000)), point]));
  const steps = mergeIntoSteps([], data.from_ms, data.to_ms - 1, step_s).map((step) =>
    by_step.get(Math.floor(step.at_ms / (step_s * 1000))),
  );
  const only = <T,>(delta: T) => (compare ? delta : undefined);
  return (
    <section className="card figure-cards" aria-label="Figures">
      <Figure
        name="Calls"
        value={count(totals.calls)}
        unit=""
        note={`${decimal(totals.calls / ((data.to_ms - data.from_ms) / 1000))} a second`}
        delta={only(callsDelta(totals, before))}
        spark={steps.map((step) => step?.calls ?? 0)}
      />
      <Figure
        name="Error share"
        note={`${decimal(share(totals.client_4xx, totals.calls))} % are 4xx`}
        value={decimal(errorShare(totals))}
        unit="% are 5xx"
        delta={only(errorDelta(totals, before))}
        spark={steps.map((step) => (step ? errorShare(step) : 0))}
      />
      <Figure
        name="Latency p95"
        value={p95}
        unit={p95_unit}
        {...(totals.calls > 0 && { note: `average ${micros(totals.avg_us)}` })}
        delta={only(latencyDelta(totals, before))}
        spark={steps.map((step) => step?.p95_us ?? 0)}
      />
      <Figure
        name="Violations"
        value={decimal(refusedShare(totals))}
        unit="% refused"
        {...(totals.would_refuse > 0 && { note: `${decimal(share(totals.would_refuse, totals.calls))} % more in shadow` })}
        delta={only(refusedDelta(totals, before))}
        spark={steps.map((step) => (step ? refusedShare(step) : 0))}
      />
    </section>
  );
}
