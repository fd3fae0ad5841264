import { type ReactNode, useCallback, useMemo, useRef } from "react";
import uPlot from "uplot";
import { count, decimal, plural } from "@/shared/format";
import { fromZero, stepLabel, tickLabel, timeAxis, valueAxis } from "./axes";
import { ChartFrame } from "./frame";
import { hatch } from "./hatch";
import { type Mark, marksPlugin } from "./marks";
import { Plot } from "./plot";
import { type CallPoint, CLASS_NAMES, CLASSES, callsOf, type Drawn, drawn, secondsOf, stack } from "./points";
import type { ChartTheme } from "./theme";
import { tooltip } from "./tooltip";

export interface StackedCallsProps {
  /** Oldest first; steps without calls may be left out. */
  points: readonly CallPoint[];
  /** The length of one step of `points`. */
  stepSeconds: number;
  marks?: readonly Mark[];
  /** Pixels of the chart without its head; left out, it fills its parent. */
  height?: number;
  /** The range to show; default: from the first point to the last. */
  from_ms?: number;
  to_ms?: number;
  /** Default "Calls per second". Text becomes a heading. */
  title?: ReactNode;
  note?: ReactNode;
  /** Default true; a small chart whose colours are explained elsewhere goes without. */
  legend?: boolean;
  /** What stands in the place of a chart without calls. */
  empty?: ReactNode;
}

const NO_MARKS: readonly Mark[] = [];

function Legend() {
  return (
    <span className="legend">
      {CLASSES.map((name) => (
        <span key={name}>
          <i className={`key key-${name}`} aria-hidden />
          {CLASS_NAMES[name]}
        </span>
      ))}
    </span>
  );
}

function fills(theme: ChartTheme): uPlot.Band[] {
  return CLASSES.slice(1).map((name, index) => ({
    series: [index + 2, index + 1],
    fill: (plot: uPlot) => (name === "refused" ? hatch(plot.ctx, theme.refused, theme.refused_bg) : theme[name]),
  })) as uPlot.Band[];
}

/** Lines for steady traffic; bars without a line around them for a few calls. */
function series(theme: ChartTheme, sparse: boolean): uPlot.Series[] {
  const bars = uPlot.paths.stepped?.({ align: 1 });
  return CLASSES.map((name) => ({
    stroke: theme[name],
    width: sparse ? 0 : 1,
    points: { show: false },
    ...(sparse && bars && { paths: bars }),
    ...(name === "ok_2xx" ? { fill: sparse ? theme.ok_2xx : theme.ok_2xx_area } : {}),
  }));
}

/** What uPlot draws. A bar reaches to the next point, so the last one needs a point behind it. */
function plotData({ steps, step_seconds, sparse }: Drawn): uPlot.AlignedData {
  const times = steps.map((point) => point.at_ms);
  const layers = stack(steps, step_seconds, Date.now());
  if (!sparse) return [times, ...layers] as uPlot.AlignedData;
  const end = (times.at(-1) ?? 0) + step_seconds * 1000;
  return [[...times, end], ...layers.map((layer) => [...layer, layer.at(-1) ?? 0])] as uPlot.AlignedData;
}

/** Calls a second over time, stacked by what became of them; refused calls are hatched. */
export function StackedCalls({
  points,
  stepSeconds,
  marks = NO_MARKS,
  height,
  from_ms,
  to_ms,
  title = "Calls per second",
  note,
  legend = true,
  empty = "No calls in this range.",
}: StackedCallsProps) {
  const from = from_ms ?? points[0]?.at_ms ?? 0;
  const to = to_ms ?? points.at(-1)?.at_ms ?? from;
  const shape = useMemo(() => drawn(points, from, to, stepSeconds), [points, from, to, stepSeconds]);
  const { steps, sparse } = shape;
  const data = useMemo(() => plotData(shape), [shape]);
  const shown = useRef({ shape, marks });
  shown.current = { shape, marks };
  const calls = useMemo(() => steps.reduce((sum, point) => sum + callsOf(point), 0), [steps]);

  const make = useCallback(
    (theme: ChartTheme): Omit<uPlot.Options, "width" | "height"> => ({
      ms: 1,
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
      padding: [10, 18, 0, 0],
      scales: { x: { time: true }, y: { range: fromZero } },
      axes: [timeAxis(theme), valueAxis(theme, decimal)],
      series: [{}, ...series(theme, sparse)],
      bands: fills(theme),
      plugins: [
        marksPlugin(theme, () => shown.current.marks),
        tooltip((index) => {
          const { steps, step_seconds: step } = shown.current.shape;
          const point = steps[index];
          if (!point) return null;
          const rows = [...CLASSES].reverse().map((name) => ({
            name: CLASS_NAMES[name],
            value: `${count(point[name])} (${decimal(point[name] / secondsOf(point.at_ms, step, Date.now()))}/s)`,
          }));
          return { title: stepLabel(point.at_ms, step), rows };
        }),
      ],
    }),
    [sparse],
  );

  const table = () => ({
    columns: [{ name: "Time" }, ...CLASSES.map((name) => ({ name: CLASS_NAMES[name], number: true })), { name: "Calls", number: true }],
    rows: steps
      .filter((point) => callsOf(point) > 0)
      .map((point) => [
        `${tickLabel(point.at_ms, 86_400_000)}, ${tickLabel(point.at_ms, 1000)}`,
        ...CLASSES.map((name) => count(point[name])),
        count(callsOf(point)),
      ]),
  });

  const words = typeof title === "string" ? title : "Calls per second";
  return (
    <ChartFrame title={title} note={note} legend={legend && <Legend />} label={words} table={table}>
      {calls === 0 ? (
        <div className="chart-none" style={height === undefined ? undefined : { height }}>
          {empty}
        </div>
      ) : (
        <Plot make={make} data={data} height={height} label={`${words}: ${plural(calls, "call")}`} />
      )}
    </ChartFrame>
  );
}
