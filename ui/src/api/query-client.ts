import { QueryClient, type QueryKey } from "@tanstack/react-query";
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

const leaving = new Set<string>();
const isLeaving = (key: QueryKey) => leaving.has(JSON.stringify(key.slice(0, 2)));

/** Asks again for everything below a key, except for what is just being deleted. */
export const renew = (queryKey: QueryKey): Promise<void> =>
  queryClient.invalidateQueries({ queryKey, predicate: (query) => !isLeaving(query.queryKey) });

/**
 * Deletes what stands under a key of two parts, such as `["apis", 7]`, while its own screen is open: nothing below the key is asked for
 * again, since it would not be found. `leave` goes to another screen once it is deleted.
 */
export async function deleteAndLeave(key: [string, number], remove: () => Promise<unknown>, leave: () => Promise<unknown>): Promise<void> {
  const name = JSON.stringify(key);
  leaving.add(name);
  try {
    await queryClient.cancelQueries({ queryKey: key });
    await remove();
    await leave();
    queryClient.removeQueries({ queryKey: key });
  } finally {
    leaving.delete(name);
  }
}
