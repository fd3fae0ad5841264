/** How many shades the heat ramp has above "none". */
const SHADES = 6;

/** Response times of one step: how many calls fell into each bucket. */
export interface SpreadStep {
  at_ms: number;
  cells: readonly number[];
}

/**
 * A shade, 0 (none) to 6 (most), for each bucket of a step, by its share of that step's calls; so quiet hours read as well as busy ones.
 * Shares below the square of a shade's place get that shade: small shares stay visible.
 */
export function shades(cells: readonly number[]): number[] {
  const total = cells.reduce((sum, calls) => sum + calls, 0);
  return cells.map((calls) => {
    if (calls <= 0 || total === 0) return 0;
    return Math.min(SHADES, Math.max(1, Math.ceil(Math.sqrt(calls / total) * SHADES)));
  });
}

/** An edge of a bucket in microseconds, short enough for an axis: `512 µs`, `33 ms`, `2.1 s`. */
export function edge(us: number): string {
  if (us < 1_000) return `${Math.round(us)} µs`;
  const ms = Math.round(us / 1_000);
  return ms < 1_000 ? `${ms} ms` : `${Number((us / 1_000_000).toFixed(1))} s`;
}

/** The range of buckets that hold any call, with one empty bucket either side; `null` without calls. */
export function usedBuckets(steps: readonly SpreadStep[]): { first: number; last: number } | null {
  let first = Number.POSITIVE_INFINITY;
  let last = -1;
  let buckets = 0;
  for (const { cells } of steps) {
    buckets = Math.max(buckets, cells.length);
    cells.forEach((calls, bucket) => {
      if (calls <= 0) return;
      first = Math.min(first, bucket);
      last = Math.max(last, bucket);
    });
  }
  if (last < 0) return null;
  return { first: Math.max(0, first - 1), last: Math.min(buckets - 1, last + 1) };
}
