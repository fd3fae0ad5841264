import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { onLive } from "@/api/live";
import { queries } from "@/api/queries";
import { type Range, windowOf } from "./range";

/** However fast calls come in, the figures are asked for no more often than this. */
const LEAST_APART_MS = 2_000;

export interface Asked {
  range: Range;
  api_id: number | undefined;
  client_app_id: number | undefined;
}

/** The figures of a range up to now. They follow the live stream: calls make them ask again, quiet does not. */
export function useAnalytics({ range, api_id, client_app_id }: Asked) {
  const [now_ms, setNow] = useState(Date.now);
  const query = {
    ...windowOf(range, now_ms),
    step_s: range.step_s,
    ...(api_id !== undefined && { api_id }),
    ...(client_app_id !== undefined && { client_app_id }),
  };
  const answer = useQuery({ ...queries.analytics(query), placeholderData: keepPreviousData });
  const { refetch } = answer;

  // A new step moves the window, even when nothing is called.
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), range.step_s * 1000);
    setNow(Date.now());
    return () => clearInterval(timer);
  }, [range]);

  useEffect(() => {
    let waiting: ReturnType<typeof setTimeout> | null = null;
    const stop = onLive((event) => {
      if (event.kind === "changed" || waiting !== null) return;
      waiting = setTimeout(() => {
        waiting = null;
        setNow(Date.now());
        void refetch({ cancelRefetch: false });
      }, LEAST_APART_MS);
    });
    return () => {
      stop();
      if (waiting !== null) clearTimeout(waiting);
    };
  }, [refetch]);
  return answer;
}
