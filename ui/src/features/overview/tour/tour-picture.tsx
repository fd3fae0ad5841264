import { KeyRound, Server } from "lucide-react";
import { useLive } from "@/api/live";
import { StackedCalls } from "@/shared/chart";
import { CopyButton, StatusChip } from "@/shared/ui";
import { useNow } from "@/shared/use-now";
import { type Facts, LIMITING, PROTECTING } from "./progress";

/** What stands between a caller and the sample; grows with the steps. */
export function TourLane({ facts, done }: { facts: Facts; done: number }) {
  const limited = facts.policies.find((policy) => policy.policy === LIMITING && policy.enabled);
  return (
    <section className="card" aria-labelledby="tour-lane">
      <div className="card-head ruled">
        <h2 id="tour-lane">What the gateway will do</h2>
        <span className="push small t3">follows the steps</span>
      </div>
      <div className="tour-lane">
        <div className="lane">
          <Gutter end />
          <div className={done > 3 ? "stop tour-stop" : "stop tour-stop pending"}>
            <KeyRound className="i i-s" aria-hidden />
            <b className="strong">{facts.client?.name ?? "Client app"}</b>
            <span className={done > 3 ? "push t3" : "push c4"}>{done > 3 ? "has an ID and a secret" : "none yet, step 4"}</span>
          </div>
          <Gutter end out />
          <TourPolicy name={PROTECTING} words="Without an ID and secret: 401, goes no further" on={done > 2} pending="step 3" />
          {limited && <TourPolicy name={LIMITING} words={`${limited.summary}, then 429`} on pending="" />}
          <Gutter fin on={done > 1} />
          <div className={done > 0 ? "stop tour-stop" : "stop tour-stop pending"}>
            <Server className="i i-s" aria-hidden />
            <b className="strong">Sample API</b>
            {facts.sample.url && <span className="mono t3">{facts.sample.url.replace("http://", "")}/posts</span>}
            <span className="push">
              {done > 0 ? <StatusChip of="2">Runs</StatusChip> : <span className="t3">not started, step 1</span>}
            </span>
          </div>
          <Gutter fin out on={done > 1} />
        </div>
      </div>
    </section>
  );
}

function TourPolicy({ name, words, on, pending }: { name: string; words: string; on: boolean; pending: string }) {
  return (
    <>
      <Gutter on={on} />
      <div className={on ? "policy tour-policy" : "policy tour-policy off"}>
        <div>
          <div className="nm mono">{name}</div>
          <div className="sum">{words}</div>
        </div>
        {on ? <StatusChip of="2">In force</StatusChip> : <span className="small t3">{pending}</span>}
      </div>
      <Gutter out />
    </>
  );
}

function Gutter({ out, end, fin, on }: { out?: boolean; end?: boolean; fin?: boolean; on?: boolean }) {
  return (
    <div className={`${out ? "g-out" : "g-in"} ${end ? "end" : ""} ${fin ? "fin" : ""}`} aria-hidden>
      <i className={on ? "pip" : end || fin ? "pip pip-end" : "pip skip"} />
    </div>
  );
}

const SHOWN_MS = 2 * 60_000;
/** A second is told when it is over, and the chart ends where it has been told. */
const TOLD_AFTER_MS = 2_000;

export function TourChart({ facts }: { facts: Facts }) {
  const all = useLive((live) => live.seconds);
  const to_ms = Math.floor((useNow(1_000) - TOLD_AFTER_MS) / 1000) * 1000;
  const seconds = all.filter((second) => second.at_ms >= to_ms - SHOWN_MS);
  if (all.length > 0) {
    return (
      <section className="card grow tour-chart">
        <StackedCalls
          points={seconds}
          stepSeconds={1}
          from_ms={to_ms - SHOWN_MS}
          to_ms={to_ms}
          note="live"
          empty="No calls in the last two minutes."
        />
      </section>
    );
  }
  const curl = facts.api && `curl -i ${facts.api.proxy_url}/1`;
  return (
    <section className="card grow tour-chart" aria-labelledby="tour-calls">
      <div className="card-head ruled">
        <h2 id="tour-calls">Calls per second</h2>
        <span className="small t3 push">live</span>
      </div>
      <div className="empty grow">
        <svg width="300" height="72" viewBox="0 0 300 72" fill="none" aria-hidden="true">
          <path d="M0 56h300M0 36h300M0 16h300" stroke="var(--line)" />
          <path d="M0 56h226" stroke="var(--c2)" strokeWidth="1.75" />
          <circle cx="226" cy="56" r="3.5" fill="var(--bg-card)" stroke="var(--c2)" strokeWidth="1.75" />
        </svg>
        <h3>No calls yet</h3>
        <p className="small empty-words">
          Each call through the gateway shows here within a second. The first one comes in step 5{curl ? ", or send it now:" : "."}
        </p>
        {curl && (
          <div className="input mono">
            <span className="select-text">{curl}</span>
            <CopyButton text={curl} label="Copy the curl command" />
          </div>
        )}
      </div>
    </section>
  );
}
