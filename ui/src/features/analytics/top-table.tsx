import type { ReactNode } from "react";
import type { Figures } from "@/api/types";
import { ChartFrame, Spark } from "@/shared/chart";
import { count, micros, percent } from "@/shared/format";

export interface TopRow {
  key: string;
  name: string;
  /** Beside the name, quieter. */
  detail?: string;
  figures: Figures;
  spark?: readonly number[];
  /** Filters by this row; left out for what cannot be filtered by, such as unknown clients. */
  onPick?: () => void;
}

const SHOWN = 8;

function Share({ part, whole, tone }: { part: number; whole: number; tone: string }): ReactNode {
  return part > 0 ? <span className={`${tone} strong`}>{percent(part, whole)}</span> : <span className="t3">0</span>;
}

/** Who calls most, or is called most; a click on a name filters by it. */
export function TopTable({ title, of, rows, empty }: { title: string; of: string; rows: readonly TopRow[]; empty: string }) {
  const most = Math.max(1, ...rows.map((row) => row.figures.calls));
  const with_spark = rows.some((row) => row.spark);
  const table = () => ({
    columns: [
      { name: of },
      ...["Calls", "2xx", "3xx", "4xx", "5xx", "Refused", "Average", "p50", "p95", "p99"].map((name) => ({ name, number: true })),
    ],
    rows: rows.map(({ name, detail, figures }) => [
      detail ? `${name} ${detail}` : name,
      count(figures.calls),
      count(figures.ok_2xx),
      count(figures.redirect_3xx),
      count(figures.client_4xx),
      count(figures.server_5xx),
      count(figures.refused),
      micros(figures.avg_us),
      micros(figures.p50_us),
      micros(figures.p95_us),
      micros(figures.p99_us),
    ]),
  });
  return (
    <section className="card" aria-label={title}>
      <ChartFrame title={title} note={rows.length > SHOWN ? `${SHOWN} of ${rows.length}` : undefined} label={title} table={table}>
        {rows.length === 0 ? (
          <div className="chart-none">{empty}</div>
        ) : (
          <div className="top-table">
            <table className="table table-dense">
              <colgroup>
                <col />
                {with_spark && <col style={{ width: 76 }} />}
                <col style={{ width: 132 }} />
                <col style={{ width: 72 }} />
                <col style={{ width: 72 }} />
                <col style={{ width: 72 }} />
              </colgroup>
              <thead>
                <tr>
                  <th scope="col">{of}</th>
                  {with_spark && <th scope="col">Over time</th>}
                  <th scope="col">Calls</th>
                  <th scope="col" className="num">
                    p95
                  </th>
                  <th scope="col" className="num">
                    5xx
                  </th>
                  <th scope="col" className="num">
                    Refused
                  </th>
                </tr>
              </thead>
              <tbody>
                {rows.slice(0, SHOWN).map((row) => (
                  <tr key={row.key}>
                    <td>
                      {row.onPick ? (
                        <button type="button" className="link strong" title={`Show only ${row.name}`} onClick={row.onPick}>
                          {row.name}
                        </button>
                      ) : (
                        <span className="t2">{row.name}</span>
                      )}
                      {row.detail && <span className="small t3"> {row.detail}</span>}
                    </td>
                    {with_spark && <td>{row.spark && <Spark values={row.spark} width={60} height={18} />}</td>}
                    <td>
                      <span className="row">
                        <span className="top-calls">{count(row.figures.calls)}</span>
                        <span className="meter grow" aria-hidden>
                          <i style={{ width: `${(row.figures.calls / most) * 100}%` }} />
                        </span>
                      </span>
                    </td>
                    <td className="num">{micros(row.figures.p95_us)}</td>
                    <td className="num">
                      <Share part={row.figures.server_5xx} whole={row.figures.calls} tone="c5" />
                    </td>
                    <td className="num">
                      <Share part={row.figures.refused} whole={row.figures.calls} tone="cr" />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </ChartFrame>
    </section>
  );
}
