export interface TableColumn {
  name: string;
  number?: boolean;
}

/** More rows than this are cut off, newest kept: the table stands in for a chart, which has no more points than that. */
const MOST_ROWS = 500;

/** The figures of a chart as a plain table that scrolls in the chart's place. */
export function DataTable({ label, columns, rows }: { label: string; columns: TableColumn[]; rows: (string | number)[][] }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
    <section className="data-table" aria-label={`${label}, as a table`} tabIndex={0}>
      <table className="table table-dense">
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.name} scope="col" className={column.number ? "num" : undefined}>
                {column.name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.slice(-MOST_ROWS).map((row) => (
            <tr key={row[0]}>
              {row.map((cell, index) => (
                <td key={columns[index]?.name} className={columns[index]?.number ? "num" : undefined}>
                  {cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length === 0 && <p className="chart-none">Nothing in this range.</p>}
    </section>
  );
}
