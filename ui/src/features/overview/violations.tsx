import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { ShieldCheck } from "lucide-react";
import { useLive } from "@/api/live";
import { queries } from "@/api/queries";
import type { CallSummary } from "@/api/types";
import { clock } from "@/shared/format";
import { CallStatus, Empty, Method } from "@/shared/ui";

const SHOWN = 12;

/** The newest refusals: those known at first, and those that came since. */
export function newest(known: CallSummary[], live: CallSummary[]): CallSummary[] {
  const by_id = new Map([...known, ...live.filter((call) => call.refused_by !== null)].map((call) => [call.id, call]));
  return [...by_id.values()].sort((a, b) => b.id - a.id).slice(0, SHOWN);
}

export function Violations() {
  const navigate = useNavigate();
  const known = useQuery(queries.calls({ status: "refused", limit: SHOWN })).data?.calls ?? [];
  const live = useLive((state) => state.calls);
  const calls = newest(known, live);
  return (
    <section className="card" aria-labelledby="violations">
      <div className="card-head ruled">
        <h2 id="violations">Recent violations</h2>
        <Link to="/traffic" search={{ q: "status:refused" }} className="push small">
          Open in Traffic
        </Link>
      </div>
      {calls.length === 0 ? (
        <Empty icon={ShieldCheck} title="No call was refused">
          A call that a policy refuses shows here, with the policy that did it.
        </Empty>
      ) : (
        <div className="table-scroll">
          <table className="table table-dense" aria-label="The newest calls that a policy refused">
            <tbody>
              {calls.map((call) => (
                <tr key={call.id} onClick={() => void navigate({ to: "/traffic", search: { q: "status:refused", call: call.id } })}>
                  <td className="mono t3" style={{ width: 84 }}>
                    {clock(call.at_us / 1000)}
                  </td>
                  <td style={{ width: 68 }}>
                    <CallStatus status={call.status} refused_by={call.refused_by} />
                  </td>
                  <td title={`${call.method} ${call.path}`}>
                    <Link to="/traffic" search={{ q: "status:refused", call: call.id }} className="row-link">
                      <Method method={call.method} /> <span className="path">{call.path}</span>
                    </Link>
                  </td>
                  <td className="t2" style={{ width: 160 }} title={call.refused_by ?? undefined}>
                    {call.refused_by}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
