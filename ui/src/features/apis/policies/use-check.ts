import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { actions, type PolicyOwner } from "@/api/actions";
import type { Fault } from "@/api/types";
import { type Draft, inputOf } from "./draft";

/** The pause in typing after which the gateway is asked. */
const PAUSE_MS = 250;

export type Check = { faults: readonly Fault[]; summary: string | null; unchecked: string | null };
const NO_FAULTS: readonly Fault[] = [];

/** What the gateway finds in a draft while it is typed; nothing is saved by asking. */
export function useCheck(owner: PolicyOwner, draft: Draft): Check {
  const input = JSON.stringify(inputOf(draft));
  const [asked, setAsked] = useState(input);
  useEffect(() => {
    const timer = setTimeout(() => setAsked(input), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [input]);
  const check = useQuery({
    queryKey: ["check", owner, asked],
    queryFn: ({ signal }) => actions.checkPolicy(owner, JSON.parse(asked), signal),
    placeholderData: keepPreviousData,
    gcTime: 60_000,
  });
  return {
    faults: check.data?.faults ?? NO_FAULTS,
    summary: check.data?.summary ?? null,
    unchecked: check.error ? check.error.message : null,
  };
}
