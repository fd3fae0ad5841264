import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { Plus, Waypoints } from "lucide-react";
import { queries } from "@/api/queries";
import type { ApiFigures, ApiSummary } from "@/api/types";
import { openAddApi } from "@/app/overlays";
import { Spark } from "@/shared/chart";
import { count, micros, shortUrl } from "@/shared/format";
import { Screen } from "@/shared/screen";
import { Button, Empty, ErrorNote, StatusChip } from "@/shared/ui";
import { useRecentTraffic } from "@/shared/use-recent-traffic";

/** Every API on one page: where it is reached, where it goes, what guards it, and how it did in the last 15 minutes. */
export function ApisScreen() {
  const apis = useQuery(queries.apis());
  const traffic = useRecentTraffic();
  return (
    <Screen
      title="APIs"
      actions={
        <Button size="s" look="primary" icon={Plus} kbd="N" onClick={openAddApi}>
          Add API
        </Button>
      }
    >
      {apis.error && <ErrorNote title="The APIs could not be read" error={apis.error} onRetry={() => void apis.refetch()} />}
      {apis.data?.length === 0 && (
        <Empty
          icon={Waypoints}
          title="No API yet"
          action={
            <Button look="primary" icon={Plus} onClick={openAddApi}>
              Add API
            </Button>
          }
        >
          Give it a name and the URL of what stands behind it. The gateway then answers in its place, and enforces the policies you put on
          it.
        </Empty>
      )}
      {apis.data && apis.data.length > 0 && <ApiTable apis={apis.data} figures={traffic?.by_api ?? []} />}
    </Screen>
  );
}

function ApiTable({ apis, figures }: { apis: ApiSummary[]; figures: ApiFigures[] }) {
  const navigate = useNavigate();
  const of = new Map(figures.map((row) => [row.api_id, row]));
  return (
    <section className="card scroll-card">
      <table className="table api-table">
        <thead>
          <tr>
            <th>API</th>
            <th style={{ width: "23%" }}>Proxy</th>
            <th className="wide-only" style={{ width: "17%" }}>
              Upstream
            </th>
            <th className="num" style={{ width: 68 }}>
              Policies
            </th>
            <th className="num" style={{ width: 64 }}>
              Clients
            </th>
            <th style={{ width: 100 }}>Last 15 min</th>
            <th className="num" style={{ width: 72 }}>
              Calls
            </th>
            <th className="num" style={{ width: 76 }}>
              p95
            </th>
            <th style={{ width: 88 }}>State</th>
          </tr>
        </thead>
        <tbody>
          {apis.map((api) => (
            // The link in the first cell is the way for the keyboard; a click anywhere in the row is the short way for the pointer.
            <tr key={api.id} onClick={() => void navigate({ to: "/apis/$id", params: { id: api.id } })}>
              <td title={api.name}>
                <Link to="/apis/$id" params={{ id: api.id }} className="row-link strong">
                  {api.name}
                </Link>{" "}
                <span className="t3">{api.version}</span> {api.label !== "default" && <span className="chip">{api.label}</span>}
              </td>
              <td className="mono cut-start" title={api.proxy_url}>
                <bdi>{shortUrl(api.proxy_url)}</bdi>
              </td>
              <td className="mono t2 wide-only cut-start" title={api.upstream.url}>
                <bdi>{shortUrl(api.upstream.url)}</bdi>
              </td>
              <Amount value={api.policies} />
              <Amount value={api.contracts} />
              <td>
                <Spark values={of.get(api.id)?.spark ?? []} width={84} height={20} />
              </td>
              <Amount value={of.get(api.id)?.calls ?? 0} />
              <td className="num">{of.get(api.id)?.calls ? micros(of.get(api.id)?.p95_us ?? 0) : <span className="t3">none</span>}</td>
              <td>
                <ApiState api={api} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Amount({ value }: { value: number }) {
  return <td className={value === 0 ? "num t3" : "num"}>{count(value)}</td>;
}

export function ApiState({ api }: { api: { state: string; fault: string | null } }) {
  if (api.state === "active") return <StatusChip of="2">Active</StatusChip>;
  return (
    <StatusChip of="5" title={api.fault ?? "It cannot be served"}>
      Failed
    </StatusChip>
  );
}
