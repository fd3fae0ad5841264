import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import { queries } from "@/api/queries";
import type { ListenerStatus, Warning } from "@/api/types";
import { moment, plural, sentences, span } from "@/shared/format";
import { ErrorNote, StatusChip } from "@/shared/ui";
import { useNow } from "@/shared/use-now";
import { warningTone } from "@/shared/warning";

/** Does it run, where does it listen, and under which plan. A listener that failed says why and what to do. */
export function StateLine() {
  const status = useQuery(queries.status());
  const lately = useQuery(queries.changes(1)).data?.[0];
  const now = useNow(1_000);
  if (status.error)
    return <ErrorNote title="The state of the gateway could not be read" error={status.error} onRetry={() => void status.refetch()} />;
  if (!status.data) return <section className="card state-line" aria-busy />;
  const { listeners, plan, started_at } = status.data;
  // A listener that failed has a note of its own here.
  const warnings = status.data.warnings.filter(({ kind }) => kind !== "listener_failed");
  const failed = listeners.filter((listener) => listener.state === "failed");
  return (
    <>
      <section className="card state-line" aria-label="State of the gateway">
        <div className="row grow state-running">
          <StatusChip of={failed.length > 0 ? "5" : "2"}>{failed.length > 0 ? "Running in part" : "Running"}</StatusChip>
          <span className="t3 small">{span(now - started_at)}</span>
        </div>
        {listeners.slice(0, 4).map((listener) => (
          <Part key={listener.address} name={listener.tls ? "HTTPS listener" : "HTTP listener"}>
            <Listening listener={listener} />
          </Part>
        ))}
        {listeners.length > 4 && <Part name="And">{plural(listeners.length - 4, "more listener")}</Part>}
        <Part name={`Plan ${plan.number}, in force since`}>
          <span className="small strong">{moment(plan.since_ms, now)}</span>
          {lately && (
            <span className="small t3 trunc lately" title={lately.what}>
              {lately.what}
            </span>
          )}
        </Part>
      </section>
      {failed.map((listener) => (
        <ErrorNote
          key={listener.address}
          title={`${listener.address} does not listen; ${plural(listener.apis, "API")} cannot be called there`}
          message={sentences(listener.message, listener.advice)}
        />
      ))}
      {warnings.length > 0 && <Warnings warnings={warnings} />}
    </>
  );
}

/** Most warnings that are told in full; an overview has more to show. */
const MOST = 3;

/** What works and should be known all the same, with the way to where it is mended. */
function Warnings({ warnings }: { warnings: Warning[] }) {
  return (
    <ul className="note note-warn state-warnings" aria-label="Warnings">
      {warnings.slice(0, MOST).map((warning) => (
        <li key={warning.message} className="row">
          <TriangleAlert className={`i i-s ${warningTone(warning)}`} aria-hidden />
          <span className="grow">{warning.message}</span>
          {warning.since_ms !== null && <span className="t2">since {moment(warning.since_ms)}</span>}
          <WayToMend warning={warning} />
        </li>
      ))}
      {warnings.length > MOST && <li className="t2">And {warnings.length - MOST} more.</li>}
    </ul>
  );
}

/** The screen on which it can be mended, where there is one. */
function WayToMend({ warning: { kind, api_id, certificate_id } }: { warning: Warning }) {
  if (api_id !== null) {
    return (
      <Link to="/apis/$id" params={{ id: api_id }} search={{ tab: "upstream" }}>
        Upstream
      </Link>
    );
  }
  if (certificate_id !== null) {
    return (
      <Link to="/settings" search={{ tab: "tls" }}>
        Certificates
      </Link>
    );
  }
  if (kind !== "not_accepting" && kind !== "connection_limit") return null;
  return (
    <Link to="/settings" search={{ tab: "limits" }}>
      Limits
    </Link>
  );
}

function Part({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="state-part">
      <div className="micro t3">{name}</div>
      <div className="row">{children}</div>
    </div>
  );
}

function Listening({ listener }: { listener: ListenerStatus }) {
  return (
    <>
      <span className="mono strong" title={listener.address}>
        :{listener.port}
      </span>
      {listener.state === "failed" ? (
        <StatusChip of="5">Failed</StatusChip>
      ) : (
        <span className="t2 small">{plural(listener.apis, "API")}</span>
      )}
    </>
  );
}
