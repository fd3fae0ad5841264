/** Calls of one step of time, by what became of them. */
export interface CallPoint {
  at_ms: number;
  ok_2xx: number;
  redirect_3xx: number;
  client_4xx: number;
  server_5xx: number;
  refused: number;
}

/** The five classes, in the order they are stacked and listed. */
export const CLASSES = ["ok_2xx", "redirect_3xx", "client_4xx", "server_5xx", "refused"] as const;
export type CallClass = (typeof CLASSES)[number];

export const CLASS_NAMES: Record<CallClass, string> = {
  ok_2xx: "2xx",
  redirect_3xx: "3xx",
  client_4xx: "4xx",
  server_5xx: "5xx",
  refused: "Refused",
};

/** Steps (seconds) that divide minutes and hours evenly, so that merged points begin at round times. */
const ROUND_STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 43200, 86400];

export function callsOf(point: CallPoint): number {
  return CLASSES.reduce((sum, name) => sum + point[name], 0);
}

function emptyPoint(at_ms: number): CallPoint {
  return { at_ms, ok_2xx: 0, redirect_3xx: 0, client_4xx: 0, server_5xx: 0, refused: 0 };
}

/** The smallest round step that shows a range in at most `limit` points and is no finer than the data. */
export function stepFor(range_ms: number, step_seconds: number, limit: number): number {
  const fits = (step: number) => step >= step_seconds && range_ms / 1000 / step <= limit;
  return ROUND_STEPS.find(fits) ?? Math.max(step_seconds, Math.ceil(range_ms / 1000 / limit));
}

/**
 * Points at every step from `from_ms` to `to_ms`: what falls into one step is added up, a step without calls is zero.
 * Nothing inside the range is lost, so the sum over the result equals the sum over the input.
 */
export function mergeIntoSteps(points: readonly CallPoint[], from_ms: number, to_ms: number, step_seconds: number): CallPoint[] {
  const step_ms = step_seconds * 1000;
  const first = Math.floor(from_ms / step_ms) * step_ms;
  const count = Math.max(1, Math.floor((to_ms - first) / step_ms) + 1);
  const steps = Array.from({ length: count }, (_, index) => emptyPoint(first + index * step_ms));
  for (const point of points) {
    const step = steps[Math.floor((point.at_ms - first) / step_ms)];
    if (!step || point.at_ms < from_ms) continue;
    for (const name of CLASSES) step[name] += point[name];
  }
  return steps;
}

/** Finer than this a chart is noise; coarser points still add up to the same calls. */
const MOST_POINTS = 240;
/** Few calls are drawn as bars, wide enough to see. */
const MOST_BARS = 90;
/** Fewer steps with calls than this part of all are few. */
const FEW = 0.25;

/** The points to draw for a range, and whether they are so few that each is better drawn as a bar. */
export interface Drawn {
  steps: CallPoint[];
  step_seconds: number;
  sparse: boolean;
}

export function drawn(points: readonly CallPoint[], from_ms: number, to_ms: number, step_seconds: number): Drawn {
  const at = (limit: number) => {
    const step = stepFor(to_ms - from_ms, step_seconds, limit);
    return { steps: mergeIntoSteps(points, from_ms, to_ms, step), step_seconds: step };
  };
  const fine = at(MOST_POINTS);
  const busy = fine.steps.filter((step) => callsOf(step) > 0).length;
  return busy < fine.steps.length * FEW ? { ...at(MOST_BARS), sparse: true } : { ...fine, sparse: false };
}

/** A step that has only begun counts as at least this part of itself: fewer seconds would make a guess of a rate. */
const LEAST_PART = 0.25;

/** The seconds that a step has lasted so far, for the rate of the step under way. */
export function secondsOf(at_ms: number, step_seconds: number, now_ms: number): number {
  return Math.min(step_seconds, Math.max(step_seconds * LEAST_PART, (now_ms - at_ms) / 1000));
}

/** Running totals from the bottom class up, as calls a second: what a stacked chart draws. */
export function stack(points: readonly CallPoint[], step_seconds: number, now_ms: number): number[][] {
  const layers = CLASSES.map(() => new Array<number>(points.length));
  points.forEach((point, index) => {
    const seconds = secondsOf(point.at_ms, step_seconds, now_ms);
    let sum = 0;
    CLASSES.forEach((name, layer) => {
      sum += point[name] / seconds;
      (layers[layer] as number[])[index] = sum;
    });
  });
  return layers;
}
