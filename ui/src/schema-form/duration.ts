/** Durations as the gateway writes them: `500ms`, `30s`, `1m`, `24h`, `7d`; a bare number is milliseconds. */

export const UNITS = ["ms", "s", "m", "h", "d"] as const;
export type Unit = (typeof UNITS)[number];
export type Duration = { amount: string; unit: Unit };

export const UNIT_NAMES: Record<Unit, string> = { ms: "milliseconds", s: "seconds", m: "minutes", h: "hours", d: "days" };

/** Splits into number and unit. What is neither stays in `amount` as it is, so that nothing typed is lost. */
export function splitDuration(value: unknown, unit: Unit = "s"): Duration {
  if (typeof value === "number") return { amount: String(value), unit: "ms" };
  if (typeof value !== "string" || value.trim() === "") return { amount: "", unit };
  const match = /^(\d+)\s*(ms|s|m|h|d)?$/.exec(value.trim());
  return match ? { amount: match[1] ?? "", unit: (match[2] as Unit | undefined) ?? "ms" } : { amount: value, unit };
}

/** The text of a duration; nothing when no number is given. */
export const joinDuration = ({ amount, unit }: Duration): string | undefined =>
  amount.trim() === "" ? undefined : /^\d+$/.test(amount.trim()) ? `${amount.trim()}${unit}` : amount;
