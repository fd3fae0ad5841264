import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { queries } from "@/api/queries";
import type { Api } from "@/api/types";
import { StackedCalls } from "@/shared/chart";
import { count, decimal, micros, moment, percent } from "@/shared/format";
import { CopyButton } from "@/shared/ui";
import { useNow } from "@/shared/use-now";
import { policiesInWords } from "./policies";

const HOUR_MS = 3_600_000;
const EVERY_MS = 10_000;
const STEP_S = 30;

/** What this API is and how it did in the last hour. */
export function SummaryTab({ api }: { api: Api }) {
  const to_ms = Math.ceil(useNow(EVERY_MS) / EVERY_MS) * EVERY_MS;
  const from_ms = to_ms - HOUR_MS;
  // The chart ends with the last whole step: one that has only begun would look like a fall.
  const charted_to_ms = Math.floor(to_ms / (STEP_S * 1000)) * STEP_S * 1000 - STEP_S * 1000;
  const hour = useQuery({
    ...queries.analytics({ from_ms, to_ms, step_s: STEP_S, api_id: api.id }),
    placeholderData: keepPreviousData,
  }).data;
  const policies = useQuery(queries.appliedPolicies(api.id)).data ?? [];
  const automated = useQuery(queries.automatedPolicies()).data ?? [];
  const curl = `curl -i ${api.proxy_url}`;
  return (
    <div className="pad col stack">
      <section className="card" style={{ height: 236 }}>
        <StackedCalls
          points={hour?.series ?? []}
          stepSeconds={hour?.step_s ?? STEP_S}
          marks={(hour?.plan_changes ?? []).map((change) => ({ at_ms: change.at_ms, label: `Plan ${change.number}: ${change.what}` }))}
          from_ms={from_ms}
          to_ms={charted_to_ms}
          note="last hour"
          empty="No calls in the last hour."
        />
      </section>
      <div className="summary-cards">
        <section className="card" aria-labelledby="last-hour">
          <div className="card-head ruled">
            <h2 id="last-hour">Last hour</h2>
            <Link className="push small" to="/traffic" search={{ q: `api:${api.asset_id}` }}>
              Open in Traffic
            </Link>
          </div>
          <dl className="kv settings-body">
            <dt>Calls</dt>
            <dd>
              {count(hour?.totals.calls ?? 0)} <span className="t3">({decimal((hour?.totals.calls ?? 0) / 3600)}/s)</span>
            </dd>
            <dt>Refused by policies</dt>
            <dd>{percent(hour?.totals.refused ?? 0, hour?.totals.calls ?? 0)}</dd>
            {hour !== undefined && hour.totals.would_refuse > 0 && (
              <>
                <dt>Would be refused, in shadow</dt>
                <dd>
                  <Link to="/traffic" search={{ q: `api:${api.asset_id} status:would_refuse` }}>
                    {percent(hour.totals.would_refuse, hour.totals.calls)}
                  </Link>
                </dd>
              </>
            )}
            <dt>Answered 5xx</dt>
            <dd>{percent(hour?.totals.server_5xx ?? 0, hour?.totals.calls ?? 0)}</dd>
            <dt>p95</dt>
            <dd>{hour?.totals.calls ? micros(hour.totals.p95_us) : "no calls"}</dd>
            <dt>Gateway adds</dt>
            <dd>{hour?.totals.calls ? `${micros(hour.totals.gateway_avg_us)} on average` : "no calls"}</dd>
          </dl>
        </section>
        <section className="card" aria-labelledby="how-reached">
          <div className="card-head ruled">
            <h2 id="how-reached">How it is reached</h2>
          </div>
          <dl className="kv settings-body">
            <dt>Asset ID</dt>
            <dd className="mono">{api.asset_id}</dd>
            <dt>Listens on</dt>
            <dd className="mono">
              {api.listen.address}:{api.listen.port}
            </dd>
            <dt>Base path</dt>
            <dd className="mono">{api.listen.base_path}</dd>
            <dt>Hosts</dt>
            <dd className="mono">{api.listen.hosts.length > 0 ? api.listen.hosts.join(", ") : "any"}</dd>
            <dt>Timeouts</dt>
            <dd>
              connect <span className="mono">{api.upstream.timeouts.connect}</span>, response{" "}
              <span className="mono">{api.upstream.timeouts.response}</span>
            </dd>
            <dt>Policies</dt>
            <dd>{policiesInWords(policies, automated)}</dd>
            <dt>Configuration</dt>
            <dd>in force since {moment(api.updated_at)}</dd>
            <dt>Try it</dt>
            <dd className="row row-1">
              <span className="mono trunc select-text">{curl}</span>
              <CopyButton text={curl} label="Copy the curl command" />
            </dd>
          </dl>
        </section>
      </div>
    </div>
  );
}
