import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { queries } from "@/api/queries";
import type { CallSummary, ClientApp } from "@/api/types";
import { writeQuery } from "@/shared/call/query";
import { clock, plural } from "@/shared/format";
import { CallStatus } from "@/shared/ui";

const LOOKED_AT = 200;

export interface RefusedGroup {
  status: number;
  policy: string;
  calls: number;
  last_us: number;
}

/** Refused calls by status and policy, most first. */
export function grouped(calls: readonly CallSummary[]): RefusedGroup[] {
  const groups = new Map<string, RefusedGroup>();
  for (const call of calls) {
    if (call.refused_by === null) continue;
    const key = `${call.status} ${call.refused_by}`;
    const group = groups.get(key) ?? { status: call.status, policy: call.refused_by, calls: 0, last_us: 0 };
    groups.set(key, { ...group, calls: group.calls + 1, last_us: Math.max(group.last_us, call.at_us) });
  }
  return [...groups.values()].sort((a, b) => b.calls - a.calls);
}

/** Why a client app's newest refused calls were refused. */
export function RefusedCard({ client }: { client: ClientApp }) {
  const page = useQuery(queries.calls({ client_app_id: client.id, status: "refused", limit: LOOKED_AT })).data;
  const groups = grouped(page?.calls ?? []);
  if (groups.length === 0) return null;
  const q = writeQuery([
    { field: "client", value: client.name },
    { field: "status", value: "refused" },
  ]);
  return (
    <section className="card" aria-label="Refused calls">
      <div className="card-head ruled">
        <h2>Refused</h2>
        <span className="small t3">{page?.next ? `of its newest ${LOOKED_AT}` : "of the calls kept"}</span>
        <Link className="small push" to="/traffic" search={{ q }}>
          Open in Traffic
        </Link>
      </div>
      <table className="table table-dense">
        <tbody>
          {groups.map((group) => (
            <tr key={`${group.status} ${group.policy}`} title={`Last at ${clock(Math.floor(group.last_us / 1000))}`}>
              <td style={{ width: 74 }}>
                <CallStatus status={group.status} refused_by={group.policy} />
              </td>
              <td className="mono">{group.policy}</td>
              <td className="num" style={{ width: 84 }}>
                {plural(group.calls, "call")}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
