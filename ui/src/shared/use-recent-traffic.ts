import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { queries } from "@/api/queries";
import type { Analytics } from "@/api/types";
import { useNow } from "./use-now";

const WINDOW_MS = 15 * 60_000;
const EVERY_MS = 5_000;

/** The figures of the last 15 minutes, renewed every five seconds while a screen shows them. */
export function useRecentTraffic(): Analytics | undefined {
  const now = useNow(EVERY_MS);
  const to_ms = Math.ceil(now / EVERY_MS) * EVERY_MS;
  return useQuery({
    ...queries.analytics({ from_ms: to_ms - WINDOW_MS, to_ms, step_s: 10 }),
    placeholderData: keepPreviousData,
    gcTime: EVERY_MS * 2,
  }).data;
}
