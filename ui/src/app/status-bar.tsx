import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { TriangleAlert } from "lucide-react";
import { useLive } from "@/api/live";
import { queries } from "@/api/queries";
import type { Second, Status, Warning } from "@/api/types";
import { bytes, clock, count, decimal, plural } from "@/shared/format";
import { useNow } from "@/shared/use-now";
import { warningTone } from "@/shared/warning";

/** The rate is taken over the last whole seconds, so that it does not flicker between two counts. */
const RATE_WINDOW_S = 3;

export function rateOf(seconds: Second[], now_ms: number): number {
  const from = now_ms - (RATE_WINDOW_S + 1) * 1000;
  const calls = seconds.filter((second) => second.at_ms >= from).reduce((sum, second) => sum + second.calls, 0);
  return calls / RATE_WINDOW_S;
}

/** On every screen: does the gateway run, where, under which plan since when, and is everything recorded. */
export function StatusBar() {
  const status = useQuery(queries.status()).data;
  const connection = useLive((live) => live.connection);
  return (
    <footer className="statusbar">
      <Running status={status} lost={connection === "lost"} />
      {status && (
        <>
          <span className="mono">{[...new Set(status.listeners.map((listener) => `:${listener.port}`))].join(" ")}</span>
          <span>
            Plan <b>{count(status.plan.number)}</b> in force since <b>{clock(status.plan.since_ms)}</b>
          </span>
        </>
      )}
      <Rate />
      <span className="push" />
      {status && status.warnings.length > 0 && <Warnings warnings={status.warnings} />}
      {status && <Recording status={status} />}
      {status?.memory_bytes != null && <span title="Memory in use">{bytes(status.memory_bytes)}</span>}
    </footer>
  );
}

function Running({ status, lost }: { status: Status | undefined; lost: boolean }) {
  if (lost) {
    return (
      <span className="row lost" role="status">
        <i className="dot dot-5" />
        <b className="c5">Connection lost, trying again</b>
      </span>
    );
  }
  const failed = status?.listeners.filter((listener) => listener.state === "failed").length ?? 0;
  const words = !status ? "Connecting" : failed > 0 ? `${failed} of ${status.listeners.length} listeners failed` : "Gateway running";
  return (
    <span className="row" role="status">
      <i className={failed > 0 ? "dot dot-5" : status ? "dot" : "dot dot-0"} />
      <b>{words}</b>
    </span>
  );
}

/** What works and should be known all the same: the first in words, and how many more. */
function Warnings({ warnings }: { warnings: Warning[] }) {
  const worst = warnings.some((warning) => warningTone(warning) === "c5") ? "c5" : "c4";
  return (
    <Link to="/" className={`row ${worst}`} title={warnings.map(({ message }) => message).join("\n")}>
      <TriangleAlert className="i i-s" aria-hidden />
      {warnings.some(({ kind }) => kind === "not_accepting") ? "New callers wait" : plural(warnings.length, "warning")}
    </Link>
  );
}

function Rate() {
  const seconds = useLive((live) => live.seconds);
  const now = useNow(1_000);
  return (
    <span>
      <b>{decimal(rateOf(seconds, now))}</b> calls/s
    </span>
  );
}

function Recording({ status }: { status: Status }) {
  if (status.recording.fault) {
    return (
      <span className="c5" title={status.recording.fault}>
        Calls are counted, not kept: {status.recording.fault}
      </span>
    );
  }
  if (!status.recording.on) return <span className="c4">Calls are not recorded</span>;
  const dropped = status.recording.dropped_details;
  if (dropped === 0) return <span title={`${count(status.recording.calls)} calls kept`}>Every call recorded</span>;
  return (
    <span
      className="c4"
      title="The counts are exact. The details of some calls were left out, because they came faster than they could be written."
    >
      {count(dropped)} calls counted without detail
    </span>
  );
}
