/** The time ranges to look at: how long, and in which steps. Steps divide the range into 60 to 180 points. */
export const RANGES = [
  { value: "15m", label: "15 min", length_ms: 15 * 60_000, step_s: 5, words: "15 minutes" },
  { value: "1h", label: "1 h", length_ms: 3_600_000, step_s: 60, words: "hour" },
  { value: "24h", label: "24 h", length_ms: 86_400_000, step_s: 900, words: "24 hours" },
  { value: "7d", label: "7 d", length_ms: 7 * 86_400_000, step_s: 3_600, words: "7 days" },
  { value: "30d", label: "30 d", length_ms: 30 * 86_400_000, step_s: 21_600, words: "30 days" },
] as const;

export type Range = (typeof RANGES)[number];
export type RangeName = Range["value"];

/** The range of that name; an unknown name, from an old link, means the last 15 minutes. */
export const rangeOf = (name: string | undefined): Range => RANGES.find((range) => range.value === name) ?? RANGES[0];

/** From and to, epoch milliseconds, on whole steps; the step under way is in. */
export function windowOf(range: Range, now_ms: number): { from_ms: number; to_ms: number } {
  const step_ms = range.step_s * 1000;
  const to_ms = (Math.floor(now_ms / step_ms) + 1) * step_ms;
  return { from_ms: to_ms - range.length_ms, to_ms };
}
