import { useEffect, useMemo, useRef, useState } from "react";
import { count, percent, plural } from "@/shared/format";
import { stepLabel, tickLabel } from "./axes";
import { ChartFrame } from "./frame";
import { edge, type SpreadStep, shades, usedBuckets } from "./heat";
import { type ChartTheme, useChartTheme } from "./theme";

export interface LatencySpreadProps {
  /** Upper edge of each bucket in microseconds, ascending; calls above the last edge are in one more bucket. */
  bounds_us: readonly number[];
  steps: readonly SpreadStep[];
  stepSeconds: number;
  from_ms: number;
  to_ms: number;
  /** Pixels of the chart without its head; left out, it fills its parent. */
  height?: number;
}

/** Columns narrower than this stand without a gap between them. */
const GAP_FROM_PX = 5;
const BOTTOM = 24;
const TOP = 8;
const RIGHT = 8;
/** The room left of the plot: for the widest label of its axis, whatever font the system has. */
const LEFT_LEAST = 56;
const LABEL_EDGE = 8;
const LABEL_ROOM = 26;
const TIME_ROOM = 84;

interface Shape {
  /** Where the plot begins; the labels of the axis stand left of it. */
  left: number;
  width: number;
  height: number;
  from_ms: number;
  to_ms: number;
  step_ms: number;
  first: number;
  last: number;
}

const columnAt = (shape: Shape, at_ms: number) =>
  shape.left + ((at_ms - shape.from_ms) / (shape.to_ms - shape.from_ms)) * (shape.width - shape.left - RIGHT);
const cellHeight = (shape: Shape) => (shape.height - TOP - BOTTOM) / (shape.last - shape.first + 1);
const rowAt = (shape: Shape, bucket: number) => TOP + (shape.last - bucket) * cellHeight(shape);

function drawCells(pen: CanvasRenderingContext2D, theme: ChartTheme, shape: Shape, steps: readonly SpreadStep[]) {
  const tall = cellHeight(shape);
  for (const step of steps) {
    const left = Math.max(shape.left, columnAt(shape, step.at_ms));
    const right = Math.min(shape.width - RIGHT, columnAt(shape, step.at_ms + shape.step_ms));
    if (right <= left) continue;
    const gap = right - left > GAP_FROM_PX ? 1 : 0;
    shades(step.cells).forEach((shade, bucket) => {
      if (shade === 0 || bucket < shape.first || bucket > shape.last) return;
      pen.fillStyle = theme.heat[shade] ?? theme.p95;
      pen.fillRect(left, rowAt(shape, bucket), Math.max(1, right - left - gap), Math.max(1, tall - 1));
    });
  }
}

function drawAxes(pen: CanvasRenderingContext2D, theme: ChartTheme, shape: Shape, bounds_us: readonly number[]) {
  pen.fillStyle = theme.axis;
  pen.font = theme.font;
  pen.textAlign = "right";
  pen.textBaseline = "middle";
  let free = Number.POSITIVE_INFINITY;
  for (let bucket = shape.first; bucket <= shape.last; bucket += 1) {
    const y = rowAt(shape, bucket);
    const bound = bounds_us[bucket];
    if (bound === undefined || free - y < LABEL_ROOM || y < TOP) continue;
    pen.fillText(edge(bound), shape.left - LABEL_EDGE, y);
    free = y;
  }
  pen.textAlign = "center";
  pen.textBaseline = "alphabetic";
  const ticks = Math.max(1, Math.floor((shape.width - shape.left - RIGHT) / TIME_ROOM));
  const tick_ms = (shape.to_ms - shape.from_ms) / ticks;
  for (let tick = 0; tick <= ticks; tick += 1) {
    const at_ms = shape.from_ms + tick * tick_ms;
    const words = tickLabel(at_ms, tick_ms >= 43_200_000 ? 86_400_000 : Math.max(60_000, tick_ms));
    pen.textAlign = tick === 0 ? "left" : tick === ticks ? "right" : "center";
    pen.fillText(words, columnAt(shape, at_ms), shape.height - 6);
  }
}

function roomForLabels(font: string, bounds_us: readonly number[]): number {
  const pen = document.createElement("canvas").getContext("2d");
  if (!pen) return LEFT_LEAST;
  pen.font = font;
  const widest = Math.max(0, ...bounds_us.map((bound) => pen.measureText(edge(bound)).width));
  return Math.max(LEFT_LEAST, Math.ceil(widest) + 2 * LABEL_EDGE);
}

/** Names a bucket by its edges. */
function bucketName(bounds_us: readonly number[], bucket: number): string {
  const over = bounds_us[bucket - 1];
  const upto = bounds_us[bucket];
  if (over === undefined) return `up to ${edge(upto ?? 0)}`;
  return upto === undefined ? `over ${edge(over)}` : `${edge(over)} to ${edge(upto)}`;
}

function Legend() {
  return (
    <span className="row micro t3 heat-key" aria-hidden>
      few
      {[1, 2, 3, 4, 5, 6].map((shade) => (
        <i key={shade} style={{ background: `var(--h${shade})` }} />
      ))}
      many
    </span>
  );
}

/** How response times are spread over time: the darker a cell, the larger its share of that step's calls. */
export function LatencySpread({ bounds_us, steps, stepSeconds, from_ms, to_ms, height }: LatencySpreadProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const host = useRef<HTMLDivElement>(null);
  const theme = useChartTheme();
  const [size, setSize] = useState({ width: 0, height: 0 });
  const [tip, setTip] = useState<{ left: number; top: number; title: string; text: string } | null>(null);
  const used = useMemo(() => usedBuckets(steps), [steps]);

  const left = useMemo(() => roomForLabels(theme.font, bounds_us), [theme.font, bounds_us]);

  const drawn = used !== null;
  useEffect(() => {
    const element = host.current;
    if (!element || !drawn) return;
    const observer = new ResizeObserver(() => setSize({ width: element.clientWidth, height: element.clientHeight }));
    observer.observe(element);
    return () => observer.disconnect();
  }, [drawn]);

  const shape: Shape | null = useMemo(
    () => (used && size.width > 0 && to_ms > from_ms ? { ...size, ...used, left, from_ms, to_ms, step_ms: stepSeconds * 1000 } : null),
    [used, size, left, from_ms, to_ms, stepSeconds],
  );

  useEffect(() => {
    const element = canvas.current;
    const pen = element?.getContext("2d");
    if (!element || !pen || !shape) return;
    const ratio = devicePixelRatio;
    element.width = Math.round(shape.width * ratio);
    element.height = Math.round(shape.height * ratio);
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, shape.width, shape.height);
    drawCells(pen, theme, shape, steps);
    drawAxes(pen, theme, shape, bounds_us);
  }, [shape, theme, steps, bounds_us]);

  const point = (event: React.PointerEvent<HTMLCanvasElement>) => {
    if (!shape) return;
    const box = event.currentTarget.getBoundingClientRect();
    const across = event.clientX - box.left;
    const top = event.clientY - box.top;
    const bucket = shape.last - Math.floor((top - TOP) / cellHeight(shape));
    const step = steps.find(({ at_ms }) => across >= columnAt(shape, at_ms) && across < columnAt(shape, at_ms + shape.step_ms));
    const calls = step?.cells[bucket] ?? 0;
    if (!step || calls === 0) return setTip(null);
    const all = step.cells.reduce((sum, each) => sum + each, 0);
    setTip({
      left: Math.min(across + 12, shape.width - 180),
      top: Math.max(0, top - 48),
      title: stepLabel(step.at_ms, stepSeconds),
      text: `${bucketName(bounds_us, bucket)}: ${plural(calls, "call")}, ${percent(calls, all)}`,
    });
  };

  const table = () => {
    const buckets = used ? Array.from({ length: used.last - used.first + 1 }, (_, index) => used.first + index) : [];
    return {
      columns: [{ name: "Time" }, ...buckets.map((bucket) => ({ name: bucketName(bounds_us, bucket), number: true }))],
      rows: steps
        .filter((step) => step.cells.some((calls) => calls > 0))
        .map((step) => [
          `${tickLabel(step.at_ms, 86_400_000)}, ${tickLabel(step.at_ms, 1000)}`,
          ...buckets.map((bucket) => count(step.cells[bucket] ?? 0)),
        ]),
    };
  };

  return (
    <ChartFrame title="Latency spread" note="share of calls" legend={<Legend />} label="Latency spread" table={table}>
      {used ? (
        <div ref={host} className={height === undefined ? "plot plot-fill" : "plot"} style={height === undefined ? undefined : { height }}>
          <canvas
            ref={canvas}
            className="heat"
            role="img"
            aria-label="Heat map of response times over time"
            onPointerMove={point}
            onPointerLeave={() => setTip(null)}
          />
          {tip && (
            <div className="chart-tip" style={{ left: tip.left, top: tip.top }}>
              <div className="t">{tip.title}</div>
              <div>{tip.text}</div>
            </div>
          )}
        </div>
      ) : (
        <div className="chart-none" style={height === undefined ? undefined : { height }}>
          No calls in this range.
        </div>
      )}
    </ChartFrame>
  );
}
