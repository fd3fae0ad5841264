import { queryOptions } from "@tanstack/react-query";
import { get, post } from "./client";
import type {
  Analytics,
  AnalyticsQuery,
  Api,
  ApiSummary,
  AppliedPolicy,
  AppliedPolicyInput,
  Call,
  CallPage,
  CallQuery,
  Certificate,
  ClientApp,
  ClientQuery,
  Contract,
  ContractQuery,
  ExpressionAnswer,
  ExpressionQuestion,
  Limit,
  Listener,
  LocalAuthority,
  PlanChange,
  PolicyConflicts,
  PolicyKind,
  PolicyPreview,
  RouteAnswer,
  RouteQuestion,
  ScopeAnswer,
  ScopeQuestion,
  Settings,
  Spec,
  Status,
  Target,
  Topic,
} from "./types";

/** How much of a long list is read at once. */
export const PART = 200;

/** Every question the console asks, with its key: the path, then the arguments. Use as `useQuery(queries.apis())`. */
export const queries = {
  status: () => queryOptions({ queryKey: ["status"], queryFn: ({ signal }) => get<Status>("/status", {}, signal) }),
  settings: () => queryOptions({ queryKey: ["settings"], queryFn: ({ signal }) => get<Settings>("/settings", {}, signal) }),
  limits: () => queryOptions({ queryKey: ["settings", "limits"], queryFn: ({ signal }) => get<Limit[]>("/settings/limits", {}, signal) }),
  changes: (limit = 50) =>
    queryOptions({ queryKey: ["changes", limit], queryFn: ({ signal }) => get<PlanChange[]>("/changes", { limit }, signal) }),

  apis: () => queryOptions({ queryKey: ["apis"], queryFn: ({ signal }) => get<ApiSummary[]>("/apis", {}, signal) }),
  api: (id: number) => queryOptions({ queryKey: ["apis", id], queryFn: ({ signal }) => get<Api>(`/apis/${id}`, {}, signal) }),
  /** What is behind an API, and how each target is. A target that was left out for a while returns without a word. */
  targets: (api_id: number) =>
    queryOptions({
      queryKey: ["targets", api_id],
      queryFn: ({ signal }) => get<Target[]>(`/apis/${api_id}/targets`, {}, signal),
    }),
  /** What the API's OpenAPI document describes; 404 where it has none, which `has_spec` of the API tells. */
  spec: (api_id: number) =>
    queryOptions({ queryKey: ["apis", api_id, "spec"], queryFn: ({ signal }) => get<Spec>(`/apis/${api_id}/spec`, {}, signal) }),
  /** Nothing is sent: the gateway tells where the request would go. */
  routePreview: (api_id: number, question: RouteQuestion) =>
    queryOptions({
      queryKey: ["apis", api_id, "route-preview", question],
      queryFn: ({ signal }) => post<RouteAnswer>(`/apis/${api_id}/route-preview`, question, signal),
    }),
  /** Nothing is saved: the gateway tells which requests a policy with this scope is for. */
  scopePreview: (api_id: number, question: ScopeQuestion) =>
    queryOptions({
      queryKey: ["apis", api_id, "scope-preview", question],
      queryFn: ({ signal }) => post<ScopeAnswer>(`/apis/${api_id}/scope-preview`, question, signal),
      gcTime: 60_000,
    }),
  /** Nothing is saved: the policy runs over the API's last calls. Each question is asked anew: calls come all the time. */
  policyPreview: (api_id: number, replaces: number | undefined, policy: AppliedPolicyInput) =>
    queryOptions({
      queryKey: ["policy-preview", api_id, replaces, policy],
      queryFn: ({ signal }) =>
        post<PolicyPreview>(`/apis/${api_id}/policies/preview${replaces === undefined ? "" : `?replaces=${replaces}`}`, policy, signal),
      gcTime: 0,
      retry: false,
    }),
  /** What an expression comes to; the gateway evaluates it. */
  expression: (question: ExpressionQuestion) =>
    queryOptions({
      queryKey: ["expression", question],
      queryFn: ({ signal }) => post<ExpressionAnswer>("/expressions/evaluate", question, signal),
      gcTime: 60_000,
      retry: false,
    }),
  /** JSON Schema of an API as it is written; changes only with the program. */
  apiSchema: () =>
    queryOptions({
      queryKey: ["schemas", "api"],
      queryFn: ({ signal }) => get<Record<string, unknown>>("/schemas/api", {}, signal),
      staleTime: Number.POSITIVE_INFINITY,
    }),
  appliedPolicies: (api_id: number) =>
    queryOptions({
      queryKey: ["apis", api_id, "policies"],
      queryFn: ({ signal }) => get<AppliedPolicy[]>(`/apis/${api_id}/policies`, {}, signal),
    }),
  automatedPolicies: () =>
    queryOptions({
      queryKey: ["automated-policies"],
      queryFn: ({ signal }) => get<AppliedPolicy[]>("/automated-policies", {}, signal),
    }),
  policyConflicts: (policy: string) =>
    queryOptions({
      queryKey: ["automated-policies", "conflicts", policy],
      queryFn: ({ signal }) => get<PolicyConflicts>(`/automated-policies/conflicts/${encodeURIComponent(policy)}`, {}, signal),
    }),
  /** The catalogue of policy kinds changes only with the program. */
  policyKinds: () =>
    queryOptions({
      queryKey: ["policies"],
      queryFn: ({ signal }) => get<PolicyKind[]>("/policies", {}, signal),
      staleTime: Number.POSITIVE_INFINITY,
    }),

  /** The first part of a list that may be long; `useParts` reads on. */
  clients: (of: ClientQuery = {}) =>
    queryOptions({
      queryKey: ["clients", "list", of],
      queryFn: ({ signal }) => get<ClientApp[]>("/clients", { limit: PART, ...of }, signal),
    }),
  client: (id: number) =>
    queryOptions({ queryKey: ["clients", id], queryFn: ({ signal }) => get<ClientApp>(`/clients/${id}`, {}, signal) }),
  /** The first part of a list that may be long; `useParts` reads on. */
  contracts: (of: ContractQuery = {}) =>
    queryOptions({ queryKey: ["contracts", of], queryFn: ({ signal }) => get<Contract[]>("/contracts", { limit: PART, ...of }, signal) }),

  /** Their counts of failed greetings change without a word. */
  listeners: () => queryOptions({ queryKey: ["listeners"], queryFn: ({ signal }) => get<Listener[]>("/listeners", {}, signal) }),
  certificates: () =>
    queryOptions({ queryKey: ["certificates"], queryFn: ({ signal }) => get<Certificate[]>("/certificates", {}, signal) }),
  /** By the fingerprint in the list of certificates: without an authority the answer is 404, and another one has another. */
  localAuthority: (fingerprint: string) =>
    queryOptions({
      queryKey: ["local-authority", fingerprint],
      queryFn: ({ signal }) => get<LocalAuthority>("/local-authority", {}, signal),
      staleTime: Number.POSITIVE_INFINITY,
    }),

  calls: (query: CallQuery) =>
    queryOptions({ queryKey: ["calls", query], queryFn: ({ signal }) => get<CallPage>("/calls", query, signal) }),
  call: (id: number) => queryOptions({ queryKey: ["calls", id], queryFn: ({ signal }) => get<Call>(`/calls/${id}`, {}, signal) }),
  analytics: (query: AnalyticsQuery) =>
    queryOptions({ queryKey: ["analytics", query], queryFn: ({ signal }) => get<Analytics>("/analytics", query, signal) }),
};

/** What to ask for again when the gateway says that a topic changed. */
export function queryKeysOf(topic: Topic): string[][] {
  switch (topic) {
    case "apis":
      return [["apis"], ["automated-policies"], ["targets"], ["listeners"], ["status"], ["changes"], ["contracts"]];
    case "targets":
      return [["targets"]];
    case "policies":
      return [["apis"], ["automated-policies"], ["status"], ["changes"]];
    case "clients":
      return [["clients"], ["contracts"]];
    case "contracts":
      return [["contracts"], ["clients"], ["apis"]];
    case "certificates":
      return [["certificates"], ["listeners"], ["apis"], ["status"]];
    case "status":
      return [["status"], ["changes"]];
    case "settings":
      return [["settings"], ["status"]];
  }
}
