import type { ReactNode } from "react";
import { count, percent } from "@/shared/format";
import { ChartFrame } from "./frame";

export interface Bar {
  key: string;
  name: string;
  value: number;
}

export interface BarsProps {
  title: string;
  note?: ReactNode;
  bars: readonly Bar[];
  /** What one bar counts, for the table's heading, e.g. "Policy". */
  of: string;
  empty: ReactNode;
  /** Makes each bar a button. */
  onPick?: (bar: Bar) => void;
  /** Hatched, as all that is refused is. */
  hatched?: boolean;
}

/** Amounts side by side, longest first as they come, each with its share of all. */
export function Bars({ title, note, bars, of, empty, onPick, hatched }: BarsProps) {
  const total = bars.reduce((sum, bar) => sum + bar.value, 0);
  const most = Math.max(1, ...bars.map((bar) => bar.value));
  const table = () => ({
    columns: [{ name: of }, { name: "Calls", number: true }, { name: "Share", number: true }],
    rows: bars.map((bar) => [bar.name, count(bar.value), percent(bar.value, total)]),
  });
  const line = (bar: Bar) => (
    <>
      <span className="bar-name mono small trunc" title={bar.name}>
        {bar.name}
      </span>
      <span className="grow bar-track">
        <i className={hatched ? "hatch" : "solid"} style={{ width: `${(bar.value / most) * 100}%` }} />
      </span>
      <span className="bar-value small strong num">{count(bar.value)}</span>
      <span className="bar-share small t3 num">{percent(bar.value, total)}</span>
    </>
  );
  return (
    <ChartFrame title={title} note={note} label={title} table={table}>
      {bars.length === 0 ? (
        <div className="chart-none">{empty}</div>
      ) : (
        <ul className="bars">
          {bars.map((bar) => (
            <li key={bar.key}>
              {onPick ? (
                <button type="button" className="bar" onClick={() => onPick(bar)}>
                  {line(bar)}
                </button>
              ) : (
                <span className="bar">{line(bar)}</span>
              )}
            </li>
          ))}
        </ul>
      )}
    </ChartFrame>
  );
}
