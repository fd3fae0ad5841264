import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { queries } from "@/api/queries";
import { useNow } from "@/shared/use-now";

const HOUR_MS = 3_600_000;
const EVERY_MS = 10_000;

export type Refusals = { calls: number; by_policy: ReadonlyMap<string, { calls: number; would_refuse: number }> };

/** How many of the last hour's calls, of one API or of all, each kind of policy refused, or in shadow would have. */
export function useRefusals(api_id?: number): Refusals {
  const to_ms = Math.ceil(useNow(EVERY_MS) / EVERY_MS) * EVERY_MS;
  const hour = useQuery({
    ...queries.analytics({ from_ms: to_ms - HOUR_MS, to_ms, step_s: 60, ...(api_id !== undefined && { api_id }) }),
    placeholderData: keepPreviousData,
  }).data;
  return { calls: hour?.totals.calls ?? 0, by_policy: new Map(hour?.by_policy.map((row) => [row.policy, row])) };
}
