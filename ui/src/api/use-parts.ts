import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { get } from "./client";
import { PART } from "./queries";

export type Parts<Row> = {
  /** Everything read so far; none before the first answer. */
  rows: Row[] | undefined;
  error: Error | null;
  /** More can be read. */
  has_more: boolean;
  loadMore: () => void;
  refetch: () => void;
};

/** A list that the gateway gives in parts: the first at once, the next on demand. Rows are numbered, and ascend. */
export function useParts<Row extends { id: number }>(path: "/clients" | "/contracts", of: Record<string, string | number>): Parts<Row> {
  const list = useInfiniteQuery({
    queryKey: [path.slice(1), "parts", of],
    queryFn: ({ pageParam, signal }) => get<Row[]>(path, { ...of, limit: PART, after: pageParam }, signal),
    initialPageParam: undefined as number | undefined,
    getNextPageParam: (last) => (last.length === PART ? last.at(-1)?.id : undefined),
    placeholderData: keepPreviousData,
  });
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = list;
  return {
    rows: useMemo(() => list.data?.pages.flat(), [list.data]),
    error: list.error,
    has_more: hasNextPage,
    loadMore: () => {
      if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
    },
    refetch: () => void list.refetch(),
  };
}
