import { useCallback, useEffect, useRef, useState } from "react";
import { get } from "@/api/client";
import { messageOf } from "@/api/errors";
import { onLive } from "@/api/live";
import type { CallPage, CallQuery } from "@/api/types";
import { type CallList, emptyList, followed, olderThan, withFirstPage, withLive, withOlder } from "./call-list";

const PAGE = 200;

export interface Calls {
  list: CallList;
  /** The first page is on its way; the calls of the query before stay until it is here. */
  loading: boolean;
  error: string | null;
  loadOlder: () => void;
  retry: () => void;
}

/** The calls that answer a query: a first page, older pages on demand, and live ones as they come. */
export function useCalls(query: CallQuery, following: boolean): Calls {
  const [list, setList] = useState<CallList>(emptyList);
  const [loading, setLoading] = useState(true);
  const [error, setError] = useState<string | null>(null);
  const [attempt, setAttempt] = useState(0);
  const loading_older = useRef(false);
  const key = JSON.stringify(query);
  const current = useRef({ query, following, key });
  current.current = { query, following, key };

  // biome-ignore lint/correctness/useExhaustiveDependencies: the key is the query, as text; an attempt asks again
  useEffect(() => {
    const asked = new AbortController();
    setLoading(true);
    setError(null);
    let early: CallList = emptyList;
    let here = false;
    const stop = onLive((event) => {
      if (event.kind !== "calls") return;
      const { query, following } = current.current;
      if (here) setList((list) => withLive(list, event.calls, event.skipped, query, following));
      else early = withLive(early, event.calls, event.skipped, query, true);
    });
    get<CallPage>("/calls", { ...query, limit: PAGE }, asked.signal).then(
      (page) => {
        if (asked.signal.aborted) return;
        here = true;
        setList(withFirstPage(early, page.calls, page.next));
        setLoading(false);
      },
      (failure: unknown) => {
        if (asked.signal.aborted) return;
        setError(messageOf(failure));
        setLoading(false);
      },
    );
    return () => {
      asked.abort();
      stop();
    };
  }, [key, attempt]);

  useEffect(() => {
    if (following) setList((list) => (list.waiting.length > 0 ? followed(list) : list));
  }, [following]);

  const older = JSON.stringify(olderThan(list));
  const loadOlder = useCallback(() => {
    const from = JSON.parse(older) as ReturnType<typeof olderThan>;
    if (from === null || loading_older.current) return;
    loading_older.current = true;
    const asked_for = current.current.key;
    get<CallPage>("/calls", { ...current.current.query, limit: PAGE, ...from })
      .then(
        (page) => {
          if (asked_for === current.current.key) setList((list) => withOlder(list, page.calls, page.next));
        },
        (failure: unknown) => setError(messageOf(failure)),
      )
      .finally(() => {
        loading_older.current = false;
      });
  }, [older]);

  const retry = useCallback(() => setAttempt((count) => count + 1), []);
  return { list, loading, error, loadOlder, retry };
}
