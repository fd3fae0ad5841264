import { Ban, Check, Eye, Minus, PencilLine, Reply, Server, TriangleAlert } from "lucide-react";
import type { Call, TrailStep } from "@/api/types";
import { decimal, micros } from "@/shared/format";
import { notReachedWords, type TrailRow, trailRows } from "./rows";

type Trailed = Pick<Call, "trail" | "plan" | "duration_us" | "upstream_us" | "upstream_address" | "connection_reused" | "error">;

const OUTCOMES: Record<TrailStep["outcome"], { mark: string; icon: typeof Check; word: string }> = {
  passed: { mark: "ok", icon: Check, word: "passed" },
  changed: { mark: "ok", icon: PencilLine, word: "changed the call" },
  refused: { mark: "no", icon: Ban, word: "refused" },
  failed: { mark: "er", icon: TriangleAlert, word: "failed" },
  skipped: { mark: "", icon: Minus, word: "skipped" },
  not_reached: { mark: "", icon: Minus, word: "not reached" },
  would_refuse: { mark: "sh", icon: Eye, word: "would refuse; is in shadow" },
  would_change: { mark: "sh", icon: Eye, word: "would change the call; is in shadow" },
  answered: { mark: "ok", icon: Reply, word: "answered in place of the upstream" },
};

/** Outcomes that a mark alone does not tell clearly enough. */
const SAID: Partial<Record<TrailStep["outcome"], { colour: string; word: string }>> = {
  refused: { colour: "cr", word: "Refused" },
  failed: { colour: "c5", word: "Failed" },
  answered: { colour: "c2", word: "Answered" },
  would_refuse: { colour: "cr", word: "Would refuse, in shadow" },
  would_change: { colour: "t2", word: "Would change, in shadow" },
};

/** Below this, tenths of a microsecond tell policies apart. */
const FINE_BELOW_US = 10;

const fineMicros = (us: number): string => (us < FINE_BELOW_US ? `${decimal(us)} µs` : micros(us));

function Reason({ step, call }: { step: TrailStep; call: Trailed }) {
  if (step.phase === "upstream") {
    const way = call.upstream_address ? `${call.upstream_address}, ${call.connection_reused ? "reused" : "new"} connection` : "";
    const words = [way, step.note, step.outcome === "failed" ? call.error : null].filter(Boolean).join(", ");
    return words ? <div className="why">{words}</div> : null;
  }
  const said = SAID[step.outcome];
  if (said) {
    return (
      <div className="why">
        <span className={`${said.colour} strong`}>{said.word}</span>
        {step.note && `: ${step.note}`}
      </div>
    );
  }
  return step.note ? <div className="why">{step.note}</div> : null;
}

function Step({ step, call }: { step: TrailStep; call: Trailed }) {
  const { mark, icon: plain, word } = OUTCOMES[step.outcome];
  const upstream = step.phase === "upstream";
  const Icon = upstream && step.outcome !== "failed" ? Server : plain;
  return (
    <li className={step.outcome === "skipped" ? "skip" : undefined}>
      <span className={`mk ${upstream && step.outcome !== "failed" ? "up" : mark}`} title={word}>
        <Icon className="i" aria-label={word} role="img" />
      </span>
      <div className="trail-what">
        <div className={upstream ? "nm" : "nm mono"}>
          {upstream ? "Upstream" : step.policy}
          {step.automated && <span className="chip scope-chip trail-chip">Automated</span>}
          {step.outcome === "skipped" && !step.note && ", skipped"}
        </div>
        <Reason step={step} call={call} />
      </div>
      <span className="us">{step.outcome === "skipped" ? "" : fineMicros(step.duration_us)}</span>
    </li>
  );
}

function Row({ row, call }: { row: TrailRow; call: Trailed }) {
  if (row.kind === "phase") return <li className="phase micro t3">{row.name}</li>;
  if (row.kind === "step") return <Step step={row.step} call={call} />;
  return (
    <li className="skip">
      <span className="mk">
        <Minus className="i" aria-hidden />
      </span>
      <div className="trail-what">
        <div className="nm">{notReachedWords(row.policies, row.upstream)}</div>
        <div className="why">Not reached</div>
      </div>
      <span className="us" />
    </li>
  );
}

const rowKey = (row: TrailRow, index: number) => (row.kind === "phase" ? row.name : `${index}`);

/** What each policy decided about a call, why, and how long it took; then the upstream, then the way back. */
export function Trail({ call }: { call: Trailed }) {
  const rows = trailRows(call.trail);
  if (rows.length === 0) return <p className="small t3 trail-none">No policy looked at this call.</p>;
  return (
    <ol className="trail">
      {rows.map((row, index) => (
        <Row key={rowKey(row, index)} row={row} call={call} />
      ))}
    </ol>
  );
}

/** "Trail, Plan 118, gateway 86 µs": the time a call spent in the gateway itself, without the upstream. */
export function TrailHead({ call }: { call: Trailed }) {
  const gateway_us = Math.max(0, call.duration_us - (call.upstream_us ?? 0));
  return (
    <div className="trail-head">
      <h2>Trail</h2>
      <span className="small t3">Plan {call.plan}</span>
      <span className="small push t2">
        gateway <b>{micros(gateway_us)}</b>
      </span>
    </div>
  );
}

/** The share of a call's time that the gateway took, beside the upstream's. */
export function TrailShare({ call }: { call: Trailed }) {
  if (call.upstream_us === null || call.duration_us <= 0) return null;
  const gateway = Number(Math.min(100, Math.max(0, (1 - call.upstream_us / call.duration_us) * 100)).toFixed(1));
  const digits = gateway < 10 ? 1 : 0;
  return (
    <div className="trail-share">
      <div className="bar-split" aria-hidden>
        <i className="own" style={{ width: `${gateway}%` }} />
        <i className="their" />
      </div>
      <div className="row micro t3">
        <span>gateway {gateway.toFixed(digits)} %</span>
        <span className="push">upstream {(100 - gateway).toFixed(digits)} %</span>
      </div>
    </div>
  );
}
