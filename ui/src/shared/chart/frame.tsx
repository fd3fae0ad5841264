import { Table2 } from "lucide-react";
import { type ReactNode, useState } from "react";
import { DataTable, type TableColumn } from "./data-table";

/** What a chart shows, as rows and columns: for screen readers, and for anyone who wants the figures. */
export interface ChartTable {
  columns: TableColumn[];
  rows: (string | number)[][];
}

export interface ChartFrameProps {
  title: ReactNode;
  /** Beside the title, quieter: the unit, the range. */
  note?: ReactNode;
  legend?: ReactNode;
  /** Called only while the table is shown. */
  table: () => ChartTable;
  /** Names the table and its button, in words. */
  label: string;
  children: ReactNode;
}

/** A chart's head (name, legend, "show as table") and under it the chart or its table. */
export function ChartFrame({ title, note, legend, table, label, children }: ChartFrameProps) {
  const [as_table, setAsTable] = useState(false);
  return (
    <div className="chart-frame">
      <div className="card-head">
        {typeof title === "string" ? <h2>{title}</h2> : title}
        {note !== undefined && <span className="t3 small">{note}</span>}
        <span className="push row row-3">
          {legend}
          <button
            type="button"
            className="btn btn-s btn-icon btn-ghost"
            aria-pressed={as_table}
            aria-label={`${label}: show as table`}
            title={as_table ? "Show as chart" : "Show as table"}
            onClick={() => setAsTable(!as_table)}
          >
            <Table2 className="i i-s" aria-hidden />
          </button>
        </span>
      </div>
      <div className="chart-body">{as_table ? <DataTable label={label} {...table()} /> : children}</div>
    </div>
  );
}
