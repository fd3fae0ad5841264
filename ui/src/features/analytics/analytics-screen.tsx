import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { type ReactNode, useMemo, useState } from "react";
import { queries } from "@/api/queries";
import type { Analytics } from "@/api/types";
import { writeQuery } from "@/shared/call/query";
import { Bars, LatencySpread, Percentiles, StackedCalls } from "@/shared/chart";
import { ClientSelect } from "@/shared/client";
import { moment, plural, span } from "@/shared/format";
import { Screen } from "@/shared/screen";
import { ErrorNote, Segments, Select } from "@/shared/ui";
import { FigureCards } from "./figure-cards";
import { InShadow } from "./in-shadow";
import { RANGES, rangeOf } from "./range";
import { TopTable } from "./top-table";
import { useAnalytics } from "./use-analytics";

const route = getRouteApi("/analytics");
const ALL = "";
const asId = (value: string) => (value === ALL ? undefined : Number(value));

interface Picks {
  api: (id: number) => void;
  client: (id: number) => void;
  /** With a status, calls of that status alone. */
  policy: (name: string, status?: string) => void;
}

function Charts({ data, picks, narrowed }: { data: Analytics; picks: Picks; narrowed: { api: boolean; client: boolean } }) {
  const { series, step_s, from_ms, spread } = data;
  const to_ms = data.to_ms - 1;
  const marks = useMemo(
    () => data.plan_changes.map((change) => ({ at_ms: change.at_ms, label: `Plan ${change.number}: ${change.what}` })),
    [data.plan_changes],
  );
  const spread_steps = useMemo(
    () => series.map((point, index) => ({ at_ms: point.at_ms, cells: spread.cells[index] ?? [] })),
    [series, spread.cells],
  );
  return (
    <div className="analytics-grid">
      <section className="card" aria-label="Throughput by status">
        <StackedCalls
          title="Throughput by status"
          note="calls/s"
          points={series}
          stepSeconds={step_s}
          from_ms={from_ms}
          to_ms={to_ms}
          marks={marks}
        />
      </section>
      <section className="card" aria-label="Latency percentiles">
        <Percentiles points={series} stepSeconds={step_s} from_ms={from_ms} to_ms={to_ms} />
      </section>
      <section className="card tall" aria-label="Latency spread">
        <LatencySpread bounds_us={spread.bounds_us} steps={spread_steps} stepSeconds={step_s} from_ms={from_ms} to_ms={data.to_ms} />
      </section>
      <section className="card" aria-label="Violations by policy">
        <Bars
          title="Violations by policy"
          note={data.totals.refused > 0 ? plural(data.totals.refused, "call") : undefined}
          of="Policy"
          hatched
          bars={data.by_policy.filter((each) => each.calls > 0).map((each) => ({ key: each.policy, name: each.policy, value: each.calls }))}
          empty="No call was refused in this range."
          onPick={(bar) => picks.policy(bar.key)}
        />
        {data.totals.would_refuse > 0 && <InShadow data={data} onPick={(policy) => picks.policy(policy, "would_refuse")} />}
      </section>
      <TopTable
        title="Top clients"
        of="Client"
        empty="No calls in this range."
        rows={data.by_client.map((each) => {
          const id = each.client_app_id;
          return {
            key: String(id),
            name: id === null ? "unknown" : each.name,
            figures: each,
            ...(id !== null && !narrowed.client && { onPick: () => picks.client(id) }),
          };
        })}
      />
      <TopTable
        title="Top APIs"
        of="API"
        empty="No calls in this range."
        rows={data.by_api.map((each) => ({
          key: String(each.api_id),
          name: each.name,
          detail: each.version,
          figures: each,
          spark: each.spark,
          ...(!narrowed.api && { onPick: () => picks.api(each.api_id) }),
        }))}
      />
    </div>
  );
}

export function AnalyticsScreen(): ReactNode {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const range = rangeOf(search.range);
  const [compare, setCompare] = useState(true);
  const apis = useQuery(queries.apis()).data ?? [];
  const client = useQuery({ ...queries.client(search.client ?? 0), enabled: search.client !== undefined }).data;
  const answer = useAnalytics({ range, api_id: search.api, client_app_id: search.client });
  const { data } = answer;
  const to = useMemo(() => {
    type Part = { range?: string; api?: number | undefined; client?: number | undefined };
    return (part: Part) =>
      void navigate({
        search: (before) => {
          const { range, api, client } = { ...before, ...part };
          return { ...(range && { range }), ...(api !== undefined && { api }), ...(client !== undefined && { client }) };
        },
      });
  }, [navigate]);
  const traffic = (policy: string, status?: string) => {
    const api = apis.find((each) => each.id === search.api);
    const q = writeQuery([
      ...(status ? [{ field: "status", value: status } as const] : []),
      { field: "policy", value: policy },
      ...(api ? [{ field: "api", value: api.name } as const] : []),
      ...(client ? [{ field: "client", value: client.name } as const] : []),
    ]);
    void navigate({ to: "/traffic", search: { q } });
  };

  return (
    <Screen
      title="Analytics"
      className="analytics"
      actions={<Segments label="Time range" value={range.value} options={RANGES} onChange={(value) => to({ range: value })} />}
    >
      <div className="row analytics-bar">
        <Select
          small
          aria-label="API"
          value={search.api === undefined ? ALL : String(search.api)}
          options={[
            { value: ALL, label: "All APIs" },
            ...apis.map((api) => ({ value: String(api.id), label: `${api.name} ${api.version}` })),
          ]}
          onChange={(value) => to({ api: asId(value) })}
        />
        <ClientSelect
          small
          aria-label="Client"
          nobody="All clients"
          value={search.client ?? null}
          onChange={(chosen) => to({ client: chosen ?? undefined })}
        />
        <label className="row small t2 push">
          <input type="checkbox" checked={compare} onChange={(event) => setCompare(event.target.checked)} />
          Compare with the {range.words} before
        </label>
        {data && (
          <>
            <span className="sep" />
            <span className="small t3">
              {moment(data.from_ms)} to now, in steps of {span(data.step_s * 1000)}
            </span>
          </>
        )}
      </div>
      {answer.isError && <ErrorNote title="The figures could not be read" error={answer.error} onRetry={() => void answer.refetch()} />}
      {data && (
        <>
          <FigureCards data={data} compare={compare} />
          <Charts
            data={data}
            narrowed={{ api: search.api !== undefined, client: search.client !== undefined }}
            picks={{ api: (api) => to({ api }), client: (client) => to({ client }), policy: traffic }}
          />
        </>
      )}
    </Screen>
  );
}
