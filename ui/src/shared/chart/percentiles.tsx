import { type ReactNode, useCallback, useMemo, useRef } from "react";
import type uPlot from "uplot";
import { micros } from "@/shared/format";
import { fromZero, stepLabel, tickLabel, timeAxis, valueAxis } from "./axes";
import { ChartFrame } from "./frame";
import { Plot } from "./plot";
import type { ChartTheme } from "./theme";
import { tooltip } from "./tooltip";

/** Response times of one step, in microseconds; a step without calls has no times. */
export interface LatencyPoint {
  at_ms: number;
  calls: number;
  p50_us: number;
  p95_us: number;
  p99_us: number;
}

export interface PercentilesProps {
  points: readonly LatencyPoint[];
  stepSeconds: number;
  from_ms: number;
  to_ms: number;
  /** Pixels of the chart without its head; left out, it fills its parent. */
  height?: number;
  title?: ReactNode;
}

const LINES = [
  { name: "p50", field: "p50_us", dash: [] },
  { name: "p95", field: "p95_us", dash: [] },
  { name: "p99", field: "p99_us", dash: [4, 3] },
] as const;
const LABEL_APART = 12;

/** Points at every step, `null` where nothing was called: a gap in the line, not a zero. */
export function alignLatency(
  points: readonly LatencyPoint[],
  from_ms: number,
  to_ms: number,
  step_seconds: number,
): (LatencyPoint | { at_ms: number; calls: 0 })[] {
  const step_ms = step_seconds * 1000;
  const by_step = new Map(points.map((point) => [Math.floor(point.at_ms / step_ms), point]));
  const first = Math.floor(from_ms / step_ms);
  const count = Math.max(1, Math.floor(to_ms / step_ms) - first + 1);
  return Array.from({ length: count }, (_, index) => {
    const point = by_step.get(first + index);
    const at_ms = (first + index) * step_ms;
    return point && point.calls > 0 ? { ...point, at_ms } : { at_ms, calls: 0 };
  });
}

/** A line of one point has no length: such points are drawn as dots. */
function lonely(plot: uPlot, series: number): number[] {
  const values = plot.data[series] ?? [];
  const dots: number[] = [];
  for (let index = 0; index < values.length; index += 1) {
    if (values[index] != null && values[index - 1] == null && values[index + 1] == null) dots.push(index);
  }
  return dots;
}

/** Where labels stand that want to be at `ys` (the lowest on the screen first): at least `gap` apart, and none above `top`. */
export function apart(ys: readonly number[], gap: number, top: number): number[] {
  let below = Number.POSITIVE_INFINITY;
  const pushed_up = ys.map((y) => {
    below = Math.min(y, below - gap);
    return below;
  });
  return pushed_up.map((y, index) => Math.max(y, top + (ys.length - 1 - index) * gap));
}

/** Names each line at its right end, apart enough to read. */
function directLabels(theme: ChartTheme): uPlot.Plugin {
  return {
    hooks: {
      draw: (plot) => {
        const ratio = devicePixelRatio;
        const ends = LINES.map((line, index) => {
          const values = Array.from(plot.data[index + 1] ?? []);
          const last = values.findLast((value) => value != null);
          return last == null ? null : { name: line.name, y: plot.valToPos(last, "y", true) };
        }).filter((end) => end !== null);
        ends.sort((a, b) => b.y - a.y);
        const places = apart(
          ends.map((end) => end.y),
          LABEL_APART * ratio,
          plot.bbox.top,
        );
        plot.ctx.save();
        plot.ctx.font = theme.font.replace("11px", `${11 * ratio}px`);
        plot.ctx.fillStyle = theme.axis;
        plot.ctx.textAlign = "left";
        plot.ctx.textBaseline = "middle";
        ends.forEach((end, index) => {
          plot.ctx.fillText(end.name, plot.bbox.left + plot.bbox.width + 6 * ratio, places[index] ?? end.y);
        });
        plot.ctx.restore();
      },
    },
  };
}

function Legend() {
  return (
    <span className="legend">
      {LINES.map((line) => (
        <span key={line.name}>
          <i className={`ln ln-${line.name}`} aria-hidden />
          {line.name}
        </span>
      ))}
    </span>
  );
}

/** The response times that half, 95 % and 99 % of the calls stayed under. */
export function Percentiles({ points, stepSeconds, from_ms, to_ms, height, title = "Latency percentiles" }: PercentilesProps) {
  const steps = useMemo(() => alignLatency(points, from_ms, to_ms, stepSeconds), [points, from_ms, to_ms, stepSeconds]);
  const data = useMemo(
    () =>
      [
        steps.map((step) => step.at_ms),
        ...LINES.map(({ field }) => steps.map((step) => (field in step ? (step as LatencyPoint)[field] : null))),
      ] as uPlot.AlignedData,
    [steps],
  );
  const shown = useRef({ steps, stepSeconds });
  shown.current = { steps, stepSeconds };

  const make = useCallback(
    (theme: ChartTheme): Omit<uPlot.Options, "width" | "height"> => ({
      ms: 1,
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 6 } },
      padding: [10, 34, 0, 0],
      scales: { x: { time: true }, y: { range: fromZero } },
      axes: [timeAxis(theme), valueAxis(theme, micros)],
      series: [
        {},
        ...LINES.map((line) => ({
          stroke: theme[line.name],
          width: 1.5,
          dash: [...line.dash],
          points: { show: true, size: 5, fill: theme[line.name], filter: lonely },
          ...(line.name === "p99" ? { fill: theme.area } : {}),
        })),
      ],
      plugins: [
        directLabels(theme),
        tooltip((index) => {
          const { steps, stepSeconds } = shown.current;
          const step = steps[index];
          if (!step || !("p50_us" in step)) return null;
          const rows = [...LINES].reverse().map((line) => ({
            name: line.name,
            value: micros(step[line.field]),
          }));
          return { title: stepLabel(step.at_ms, stepSeconds), rows };
        }),
      ],
    }),
    [],
  );

  const with_calls = steps.filter((step) => "p50_us" in step);
  const table = () => ({
    columns: [{ name: "Time" }, ...LINES.map((line) => ({ name: line.name, number: true }))],
    rows: with_calls.map((step) => [
      `${tickLabel(step.at_ms, 86_400_000)}, ${tickLabel(step.at_ms, 1000)}`,
      ...LINES.map((line) => micros((step as LatencyPoint)[line.field])),
    ]),
  });

  return (
    <ChartFrame title={title} legend={<Legend />} label="Latency percentiles" table={table}>
      {with_calls.length === 0 ? (
        <div className="chart-none" style={height === undefined ? undefined : { height }}>
          No calls in this range.
        </div>
      ) : (
        <Plot make={make} data={data} height={height} label="Response times over time: p50, p95 and p99" />
      )}
    </ChartFrame>
  );
}
