import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { onLive } from "@/api/live";
import { queries } from "@/api/queries";
import { queryClient } from "@/api/query-client";
import { type Facts, isTourApi } from "./progress";

const CALLS = 100;

/** Reads what the tour needs to know, and asks for its calls again whenever one came by. */
export function useFacts(): Facts {
  const sample = useQuery(queries.status()).data?.sample ?? { running: false, url: null, message: null };
  const api = useQuery(queries.apis()).data?.find((known) => isTourApi(known, sample.url));
  const api_id = api?.id ?? 0;
  const enabled = api !== undefined;
  const policies = useQuery({ ...queries.appliedPolicies(api_id), enabled }).data ?? [];
  const contract = useQuery({ ...queries.contracts({ api_id, limit: 1 }), enabled }).data?.[0];
  const client = useQuery({ ...queries.client(contract?.client_app_id ?? 0), enabled: contract !== undefined }).data;
  const calls = useQuery({ ...queries.calls({ api_id, limit: CALLS }), enabled }).data?.calls ?? [];
  useEffect(
    () =>
      onLive((event) => {
        if (event.kind === "calls" && event.calls.some((call) => call.api_id === api_id))
          void queryClient.invalidateQueries({ queryKey: ["calls"] });
      }),
    [api_id],
  );
  return { sample, api, policies, contract, client, calls };
}
