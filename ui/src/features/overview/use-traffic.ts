import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { queries } from "@/api/queries";
import type { Analytics } from "@/api/types";
import { useNow } from "@/shared/use-now";
import { type Range, SHAPE } from "./range";

export type Traffic = { range: Range; from_ms: number; to_ms: number; figures: Analytics | undefined };

/** The figures of a range that ends now, renewed while it is looked at. */
export function useTraffic(range: Range): Traffic {
  const { span_ms, step_s, every_ms } = SHAPE[range];
  const to_ms = Math.ceil(useNow(every_ms) / every_ms) * every_ms;
  const from_ms = to_ms - span_ms;
  const figures = useQuery({
    ...queries.analytics({ from_ms, to_ms, step_s }),
    placeholderData: keepPreviousData,
    gcTime: 2 * every_ms,
  }).data;
  return { range, from_ms, to_ms, figures };
}
