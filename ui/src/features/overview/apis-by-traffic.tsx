import { Link, useNavigate } from "@tanstack/react-router";
import type { ApiFigures, ApiSummary } from "@/api/types";
import { Spark } from "@/shared/chart";
import { micros, percent, perSecond } from "@/shared/format";
import { RANGES, type Range, SHAPE } from "./range";
import type { Traffic } from "./use-traffic";

/** From here on a share of errors is out of line, and shown so. */
const WORRYING_SHARE = 0.02;

export function ApisByTraffic({ apis, traffic, range }: { apis: ApiSummary[]; traffic: Traffic; range: Range }) {
  const navigate = useNavigate();
  const figures = new Map(traffic.figures?.by_api.map((row) => [row.api_id, row]));
  const rows = apis.map((api) => ({ api, of: figures.get(api.id) })).toSorted((a, b) => (b.of?.calls ?? 0) - (a.of?.calls ?? 0));
  return (
    <section className="card" aria-labelledby="by-traffic">
      <div className="card-head">
        <h2 id="by-traffic">APIs by traffic</h2>
        <span className="small t3">{apis.length}</span>
        <Link to="/apis" className="push small">
          All APIs
        </Link>
      </div>
      <div className="table-scroll">
        <table className="table">
          <thead>
            <tr>
              <th>API</th>
              <th style={{ width: 100 }}>{RANGES.find((known) => known.value === range)?.label}</th>
              <th className="num" style={{ width: 72 }}>
                Calls/s
              </th>
              <th className="num" style={{ width: 64 }}>
                5xx
              </th>
              <th className="num" style={{ width: 76 }}>
                p95
              </th>
              <th className="num" style={{ width: 76 }}>
                Refused
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map(({ api, of }) => (
              // The link is the way for the keyboard; a click anywhere in the row is the short way for the pointer.
              <tr key={api.id} onClick={() => void navigate({ to: "/apis/$id", params: { id: api.id } })}>
                <td>
                  <Link to="/apis/$id" params={{ id: api.id }} className="row-link strong">
                    {api.name}
                  </Link>{" "}
                  <span className="t3">{api.version}</span>
                </td>
                <td>
                  <Spark values={of?.spark ?? []} width={84} height={20} />
                </td>
                <Figures of={of} seconds={SHAPE[range].span_ms / 1000} />
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Figures({ of, seconds }: { of: ApiFigures | undefined; seconds: number }) {
  if (!of || of.calls === 0) {
    return (
      <>
        <td className="num t3">0</td>
        <td className="num t3">0</td>
        <td className="num t3">0</td>
        <td className="num t3">0</td>
      </>
    );
  }
  const worrying = of.server_5xx / of.calls >= WORRYING_SHARE;
  return (
    <>
      <td className="num strong">{perSecond(of.calls, seconds)}</td>
      <td className={of.server_5xx === 0 ? "num t3" : worrying ? "num strong c5" : "num"}>
        {of.server_5xx === 0 ? "0" : percent(of.server_5xx, of.calls)}
      </td>
      <td className="num">{micros(of.p95_us)}</td>
      <td className={of.refused === 0 ? "num t3" : "num cr"}>{of.refused === 0 ? "0" : percent(of.refused, of.calls)}</td>
    </>
  );
}
