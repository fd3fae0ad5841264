import type { Figures } from "@/api/types";
import { count, decimal, micros } from "@/shared/format";

/** A figure against the same length of time before. */
export interface Delta {
  direction: "up" | "down" | "same";
  /** Whether more is bad, good, or neither. */
  tone: "good" | "bad" | "";
  /** How much it changed: "12.4 %", "0.11 pts", "4 ms". */
  words: string;
  /** What it was before. */
  was: string;
}

/** Per cent; 0 of nothing. */
export const share = (part: number, whole: number) => (whole > 0 ? (part / whole) * 100 : 0);
const direction = (change: number): Delta["direction"] => (change > 0 ? "up" : change < 0 ? "down" : "same");
const tone = (change: number): Delta["tone"] => (change > 0 ? "bad" : change < 0 ? "good" : "");

/** `null` when nothing was called before: there is nothing to compare with. */
export function callsDelta(now: Figures, before: Figures): Delta | null {
  if (before.calls === 0) return null;
  const change = now.calls - before.calls;
  const words = `${decimal((Math.abs(change) / before.calls) * 100)} %`;
  return { direction: direction(change), tone: "", words, was: count(before.calls) };
}

function shareDelta(now: number, before: number, judged: boolean): Delta {
  const change = Number((now - before).toFixed(2));
  return {
    direction: direction(change),
    tone: judged ? tone(change) : "",
    words: `${decimal(Math.abs(change))} pts`,
    was: `${decimal(before)} %`,
  };
}

export const errorShare = (figures: Figures): number => share(figures.server_5xx, figures.calls);
export const refusedShare = (figures: Figures): number => share(figures.refused, figures.calls);

export function errorDelta(now: Figures, before: Figures): Delta | null {
  return before.calls === 0 ? null : shareDelta(errorShare(now), errorShare(before), true);
}

/** More refused calls are neither good nor bad: a limit may have been set to that end. */
export function refusedDelta(now: Figures, before: Figures): Delta | null {
  return before.calls === 0 ? null : shareDelta(refusedShare(now), refusedShare(before), false);
}

export function latencyDelta(now: Figures, before: Figures): Delta | null {
  if (before.calls === 0 || now.calls === 0) return null;
  const change = now.p95_us - before.p95_us;
  return { direction: direction(change), tone: tone(change), words: micros(Math.abs(change)), was: micros(before.p95_us) };
}
