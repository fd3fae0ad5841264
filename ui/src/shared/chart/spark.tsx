export interface SparkProps {
  /** Evenly spaced, oldest first. */
  values: readonly number[];
  width?: number;
  height?: number;
}

/** A line without axes beside a figure that says the number; hidden from screen readers for that reason. */
export function Spark({ values, width = 84, height = 20 }: SparkProps) {
  const line = sparkPath(values, width, height);
  return (
    <svg className="spark" width={width} height={height} viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
      {line && <path className="f" d={`${line} L${width},${height} L0,${height} Z`} />}
      {line && <path d={line} />}
    </svg>
  );
}

/** The line from zero at the bottom to the largest value at the top; flat at the bottom when all is zero. */
export function sparkPath(values: readonly number[], width: number, height: number): string {
  if (values.length === 0) return "";
  const drawn = values.length === 1 ? [values[0] ?? 0, values[0] ?? 0] : values;
  const most = Math.max(...drawn, 0);
  const room = height - 2;
  return drawn
    .map((value, index) => {
      const x = (index / (drawn.length - 1)) * width;
      const y = most > 0 ? 1 + room - (Math.max(0, value) / most) * room : height - 1;
      return `${index === 0 ? "M" : "L"}${round(x)},${round(y)}`;
    })
    .join(" ");
}

const round = (value: number) => Math.round(value * 10) / 10;
