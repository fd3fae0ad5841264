export type Range = "15m" | "1h" | "24h";

export const RANGES: readonly { value: Range; label: string }[] = [
  { value: "15m", label: "15 min" },
  { value: "1h", label: "1 h" },
  { value: "24h", label: "24 h" },
];

/** How far a range reaches back, how fine its steps are, and how often its figures are asked for again. */
export const SHAPE: Record<Range, { span_ms: number; step_s: number; every_ms: number; words: string }> = {
  "15m": { span_ms: 15 * 60_000, step_s: 5, every_ms: 5_000, words: "last 15 min" },
  "1h": { span_ms: 3_600_000, step_s: 15, every_ms: 15_000, words: "last hour" },
  "24h": { span_ms: 86_400_000, step_s: 300, every_ms: 60_000, words: "last 24 h" },
};
