import { useState } from "react";
import type { BurstResult } from "@/api/types";
import { reasonOf } from "@/shared/call";
import { clock, count, micros, percent, perSecond } from "@/shared/format";
import { classOf, Segments, StatusChip, type StatusClass } from "@/shared/ui";
import { ResponseView } from "./response-view";

const FILLS: Record<StatusClass, string> = {
  "2": "key-ok_2xx",
  "3": "key-redirect_3xx",
  "4": "key-client_4xx",
  "5": "key-server_5xx",
  refused: "key-refused",
  none: "key-none",
};

/** A status counts as refused when an answer that was kept has it and was refused; a burst keeps no more than two. */
export function burstClass(status: number, { first, first_refused }: Pick<BurstResult, "first" | "first_refused">): StatusClass {
  const kept = [first_refused, first].find((response) => response?.status === status);
  return classOf(status, kept?.call?.refused_by);
}

type Answers = BurstResult["by_status"][number];

function Bar({ result }: { result: BurstResult }) {
  return (
    <div
      className="burst-bar"
      role="img"
      aria-label={result.by_status.map((each) => `${each.calls} × ${each.status || "no answer"}`).join(", ")}
    >
      {result.by_status.map((each) => (
        <i key={each.status} className={FILLS[burstClass(each.status, result)]} style={{ flexGrow: each.calls }} />
      ))}
    </div>
  );
}

function Line({ each, result }: { each: Answers; result: BurstResult }) {
  return (
    <li className="row row-3">
      <StatusChip of={burstClass(each.status, result)}>
        {each.status === 0 ? "no answer" : `${each.status} ${reasonOf(each.status)}`}
      </StatusChip>
      <span className="strong">{count(each.calls)}</span>
      <span className="t3 small">{percent(each.calls, result.count)}</span>
      {each.error && <span className="small c5 trunc">{each.error}</span>}
    </li>
  );
}

/** What many sends of one request brought: how many of each status, how fast, and an answer of each kind to look at. */
export function BurstView({ result, at_ms }: { result: BurstResult; at_ms: number }) {
  const [which, setWhich] = useState<"first" | "refused">("first");
  const choices = [
    { value: "first", label: "First answer" },
    { value: "refused", label: "First refused" },
  ] as const;
  const shown = which === "refused" && result.first_refused ? result.first_refused : result.first;
  const answered = result.by_status.toSorted((a, b) => a.status - b.status);
  return (
    <div className="col grow">
      <section className="burst" aria-label="Answers by status">
        <div className="row row-3 burst-head">
          <h2>{count(result.count)} calls</h2>
          <span className="small t2">in {micros(result.total_us)}</span>
          <span className="small t2">{perSecond(result.count, result.total_us / 1_000_000)} calls/s</span>
          <span className="small t2">p50 {micros(result.p50_us)}</span>
          <span className="small t2">p95 {micros(result.p95_us)}</span>
          <span className="small t3">{clock(at_ms)}</span>
          {result.first_refused && result.first && (
            <span className="push">
              <Segments label="Which answer to show" value={which} options={choices} onChange={setWhich} />
            </span>
          )}
        </div>
        <Bar result={{ ...result, by_status: answered }} />
        <ul className="burst-lines">
          {answered.map((each) => (
            <Line key={each.status} each={each} result={result} />
          ))}
        </ul>
      </section>
      {shown && <ResponseView key={which} response={shown} at_ms={at_ms} />}
    </div>
  );
}
