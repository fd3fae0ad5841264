import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useLive } from "@/api/live";
import { queries } from "@/api/queries";
import type { Analytics } from "@/api/types";
import { useNow } from "@/shared/use-now";

const DAY_MS = 86_400_000;
const STEP_S = 900;
const MINUTE_MS = 60_000;

/** The last 24 hours, of one client app or of all; a new minute asks again. */
export function useUsage(client_app_id?: number): Analytics | undefined {
  const minute = Math.ceil(useNow(MINUTE_MS) / MINUTE_MS);
  const range = useMemo(() => ({ from_ms: minute * MINUTE_MS - DAY_MS, to_ms: minute * MINUTE_MS }), [minute]);
  const query = { ...range, step_s: STEP_S, ...(client_app_id !== undefined && { client_app_id }) };
  return useQuery({ ...queries.analytics(query), placeholderData: keepPreviousData }).data;
}

/** When a client app last called, epoch milliseconds: the newest recorded call, or a newer one of the live stream. */
export function useLastCall(client_app_id: number): number | null {
  useNow(10_000);
  const recorded = useQuery(queries.calls({ client_app_id, limit: 1 })).data?.calls[0]?.at_us ?? 0;
  const live = useLive((state) => state.calls.find((call) => call.client_app_id === client_app_id)?.at_us ?? 0);
  const newest_us = Math.max(recorded, live);
  return newest_us > 0 ? Math.floor(newest_us / 1000) : null;
}
