import { QueryClient } from "@tanstack/react-query";
import { ApiError } from "./errors";

/** Refusals do not become better by asking again; a gateway that does not answer may. */
const RETRIES = 2;
const worthRepeating = (failures: number, error: unknown) => failures < RETRIES && !(error instanceof ApiError && error.status >= 400);

/** Data stays fresh until the live stream says that it changed, so nothing is polled; see live.ts. */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: { staleTime: 30_000, refetchOnWindowFocus: false, retry: worthRepeating, networkMode: "always" },
    mutations: { networkMode: "always" },
  },
});
