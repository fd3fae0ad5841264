import type uPlot from "uplot";
import type { ChartTheme } from "./theme";

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

const two = (value: number) => String(value).padStart(2, "0");
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** A time as the axis shows it: the finer the ticks, the more of the clock. */
export function tickLabel(at_ms: number, tick_ms: number): string {
  const at = new Date(at_ms);
  if (tick_ms >= DAY_MS) return `${at.getDate()} ${MONTHS[at.getMonth()]}`;
  const clock = `${two(at.getHours())}:${two(at.getMinutes())}`;
  return tick_ms >= MINUTE_MS ? clock : `${clock}:${two(at.getSeconds())}`;
}

/** The span a point stands for, as a tooltip shows it: "14:05 to 14:10", with the day when the step is long. */
export function stepLabel(at_ms: number, step_seconds: number): string {
  const end_ms = at_ms + step_seconds * 1000;
  const fine = step_seconds < 60 ? 1000 : MINUTE_MS;
  const day = step_seconds >= 900 ? `${tickLabel(at_ms, DAY_MS)}, ` : "";
  if (step_seconds <= 1) return tickLabel(at_ms, 1000);
  return `${day}${tickLabel(at_ms, fine)} to ${tickLabel(end_ms, fine)}`;
}

const axisStyle = (theme: ChartTheme): Partial<uPlot.Axis> => ({
  stroke: theme.axis,
  font: theme.font,
  ticks: { show: false },
  border: { show: false },
});

export function timeAxis(theme: ChartTheme): uPlot.Axis {
  return {
    ...axisStyle(theme),
    grid: { show: false },
    space: 84,
    size: 24,
    gap: 6,
    values: (_plot, splits, _axis, _space, tick_ms) => splits.map((at_ms) => tickLabel(at_ms, tick_ms)),
  };
}

export function valueAxis(theme: ChartTheme, show: (value: number) => string): uPlot.Axis {
  return {
    ...axisStyle(theme),
    grid: { stroke: theme.grid, width: 1 },
    space: 44,
    size: 48,
    gap: 6,
    values: (_plot, splits) => splits.map(show),
  };
}

/** From zero to a little above the largest value; an empty chart still gets a scale. */
export function fromZero(_plot: uPlot, _least: number | null, most: number | null): [number, number] {
  return [0, most && most > 0 ? most * 1.08 : 1];
}
