import type { TrailStep } from "@/api/types";

/** One line of a trail as it is shown. */
export type TrailRow =
  | { kind: "phase"; name: "Request" | "Response" }
  | { kind: "step"; step: TrailStep }
  | { kind: "not_reached"; policies: number; upstream: boolean };

const reached = (step: TrailStep) => step.outcome !== "not_reached";

/**
 * The lines of a trail, in the order things happened: request, upstream, response.
 * What a refusal kept from running becomes one line, so that the reason stays in sight.
 */
export function trailRows(trail: readonly TrailStep[]): TrailRow[] {
  const request = trail.filter((step) => step.phase === "request");
  const upstream = trail.filter((step) => step.phase === "upstream");
  const response = trail.filter((step) => step.phase === "response" && reached(step));
  const missed = request.filter((step) => !reached(step)).length;
  const stopped = request.some((step) => ["refused", "failed", "answered"].includes(step.outcome));
  const never_called = stopped && !upstream.some(reached);

  const rows: TrailRow[] = [];
  if (request.length > 0) rows.push({ kind: "phase", name: "Request" });
  for (const step of [...request, ...upstream].filter(reached)) rows.push({ kind: "step", step });
  if (missed > 0 || never_called) rows.push({ kind: "not_reached", policies: missed, upstream: never_called });
  if (response.length > 0) rows.push({ kind: "phase", name: "Response" });
  for (const step of response) rows.push({ kind: "step", step });
  return rows;
}

/** Says what was not reached: "3 more and the upstream". */
export function notReachedWords(policies: number, upstream: boolean): string {
  if (policies === 0) return "The upstream";
  return upstream ? `${policies} more and the upstream` : `${policies} more`;
}
