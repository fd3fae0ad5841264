import type { Limit } from "@/api/types";
import { count, decimal } from "@/shared/format";

/** In what a kind of limit is typed, and how much of its own unit that is. */
export const UNITS: Record<Limit["kind"], { unit: string; factor: number }> = {
  count: { unit: "", factor: 1 },
  bytes: { unit: "KiB", factor: 1024 },
  time: { unit: "s", factor: 1000 },
};

/** A number of a limit's own unit as it is typed. */
export const typed = (kind: Limit["kind"], units: number): string => String(units / UNITS[kind].factor);

/** What was typed in the limit's own unit; none where it is no number. */
export function untyped(kind: Limit["kind"], text: string): number | undefined {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  return Number.isFinite(value) ? Math.round(value * UNITS[kind].factor) : undefined;
}

/** "10,000", "64 KiB", "10 s". */
export function told(kind: Limit["kind"], units: number): string {
  const { unit, factor } = UNITS[kind];
  const value = units / factor;
  return [Number.isInteger(value) ? count(value) : decimal(value), unit].filter(Boolean).join(" ");
}
