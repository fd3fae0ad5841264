import type {
  AnalyticsQuery,
  Api,
  ApiInput,
  AppliedPolicyInput,
  BurstRequest,
  CallSummary,
  Contract,
  ExpressionQuestion,
  Fault,
  RouteAnswer,
  RouteQuestion,
  ScopeQuestion,
  Settings,
  Target,
  TesterRequest,
  TesterResponse,
} from "../types";
import { apiSchema } from "./api-schema";
import { appliedRoutes, conflictRoutes } from "./applied";
import { fakeLimits } from "./limits";
import { kinds } from "./policies";
import { expressionAnswerOf, policyPreviewOf, scopeAnswerOf } from "./previews";
import { created, type Handler, missing, ok, type Reply, refuse } from "./reply";
import { changed, FOR_EVER, listeners, makeApi, makeClient, newId, secret, sources, state } from "./state";
import { tlsRoutes, tlsWarnings } from "./tls";
import { callNo, countsAt, figures, series, wholeCall } from "./traffic";

const keptOf = (id: number | undefined) => state.apis.find(({ api }) => api.id === id);
const clientOf = (id: number | undefined) => state.clients.find((client) => client.id === id);
const contractsOf = (key: "api_id" | "client_app_id", id: number) => state.contracts.filter((contract) => contract[key] === id);
const number = (query: URLSearchParams, key: string) => (query.has(key) ? Number(query.get(key)) : undefined);

/** Whether any of these texts has what is searched for in it. */
const has = (query: URLSearchParams, texts: string[]) =>
  texts.some((text) => text.toLowerCase().includes((query.get("search") ?? "").toLowerCase()));

/** A part of a list that ascends by number. */
const part = <Row extends { id: number }>(query: URLSearchParams, rows: Row[]): Row[] =>
  rows.filter(({ id }) => id > (number(query, "after") ?? 0)).slice(0, number(query, "limit"));

const shown = ({ api, policies }: (typeof state.apis)[number]) => ({
  ...api,
  policies: policies.length,
  contracts: contractsOf("api_id", api.id).length,
});

function appOf(client: (typeof state.clients)[number]) {
  const { secrets: _, ...app } = client;
  return { ...app, contracts: contractsOf("client_app_id", client.id) };
}

function saveApi(input: ApiInput, id?: number): Reply {
  const faults: Fault[] = [];
  if (!input.name) faults.push({ field: "name", message: "give it a name, 1 to 100 characters" });
  const url = input.upstream.url ?? input.upstream.targets?.[0]?.url ?? "";
  if (!/^https?:\/\/\S+$/.test(url)) faults.push({ field: "upstream.url", message: "must begin with http:// or https://" });
  const port = input.listen?.port ?? undefined;
  if (port !== undefined && !(port > 0 && port < 65536))
    faults.push({ field: "listen.port", message: `\`${port}\` is not a port (1 to 65535)` });
  if (faults.length > 0) return refuse(422, "invalid", "The API was not saved.", faults);
  const made = makeApi(input.name, input.version ?? "v1", url, port);
  const base_path = input.listen?.base_path ?? made.listen.base_path;
  const api = {
    ...made,
    ...(input.asset_id && { asset_id: input.asset_id }),
    ...(input.label && { label: input.label }),
    listen: {
      address: input.listen?.address ?? made.listen.address,
      port: made.listen.port,
      base_path,
      hosts: input.listen?.hosts ?? [],
      version_header: input.listen?.version_header ?? null,
    },
    targets: input.upstream.targets?.length ?? 1,
    routes: input.routes?.length ?? 0,
    proxy_url: `http://127.0.0.1:${made.listen.port}${base_path}`,
  };
  changed(`${input.name} ${id === undefined ? "added" : "changed"}`);
  const kept = keptOf(id);
  if (kept) {
    kept.api = { ...api, id: kept.api.id, form: { ...made.form, ...input } };
    return ok(kept.api);
  }
  state.apis.push({ api, policies: [] });
  return created(api);
}

/** Every third target has failed, so that each state can be seen. */
function targetsOf(form: ApiInput | undefined): Target[] {
  const of = (route: string | null, upstream: ApiInput["upstream"]) =>
    (upstream.targets ?? [{ url: upstream.url ?? "" }]).map(({ url, weight }, n): Target => {
      const failed = n % 3 === 2;
      return {
        route,
        url,
        weight: weight ?? 1,
        health: failed ? "unhealthy" : upstream.health ? "healthy" : "unknown",
        ejected_until: n % 3 === 1 && upstream.ejection !== false ? Date.now() + 7_000 : null,
        last_failure: n % 3 === 0 ? null : { at: Date.now() - 40_000, message: "refused the connection: is the backend running?" },
        outstanding: n,
        connections: 4 + n,
        calls: 1_204 - 300 * n,
        failures: n * 5,
        checks: { passed: upstream.health ? 12 : 0, failed: failed ? 3 : 0 },
      };
    });
  return form ? [...of(null, form.upstream), ...(form.routes ?? []).flatMap((route) => of(route.name, route.upstream))] : [];
}

/** As the gateway answers where only base paths and the routes' methods are looked at. */
function previewOf(api: Api, { method, path }: RouteQuestion): RouteAnswer {
  const nowhere = { api: null, route: null, urls: [], status: 404, reason: "No API is listening at this address" };
  if (!path.startsWith(api.listen.base_path)) return { ...nowhere, hint: `the path is not below ${api.listen.base_path}` };
  const route = api.form.routes?.find(({ methods }) => !methods?.length || methods.includes(method ?? "GET"));
  const { targets, url } = (route ?? api.form).upstream;
  const urls = (targets ?? [{ url: url ?? "" }]).map((target) => target.url + path.slice(api.listen.base_path.length));
  return { api: api as RouteAnswer["api"], route: route?.name ?? null, urls, status: null, reason: null, hint: null };
}

function matches(call: CallSummary, query: URLSearchParams): boolean {
  const status = query.get("status");
  const fits =
    !status ||
    (status === "refused"
      ? call.refused_by !== null
      : status === "would_refuse"
        ? call.would_refuse_by !== null
        : status.endsWith("xx")
          ? !call.refused_by && String(call.status)[0] === status[0]
          : call.status === Number(status));
  return (
    fits &&
    (!query.has("api_id") || call.api_id === number(query, "api_id")) &&
    (!query.has("client_app_id") || call.client_app_id === number(query, "client_app_id")) &&
    (!query.has("policy") || (status === "would_refuse" ? call.would_refuse_by : call.refused_by) === query.get("policy")) &&
    (!query.has("method") || call.method === query.get("method")) &&
    call.path.includes(query.get("path") ?? "")
  );
}

function analytics(query: AnalyticsQuery) {
  const { from_ms, to_ms } = query;
  const step_s = query.step_s ?? Math.max(1, Math.round((to_ms - from_ms) / 240_000));
  const share = state.has_traffic ? (query.api_id || query.client_app_id ? 0.3 : 1) : 0;
  const points = series(from_ms, to_ms, step_s, share);
  const shares = [0.4, 0.26, 0.16, 0.1, 0.05, 0.02, 0.01];
  return {
    from_ms,
    to_ms,
    step_s,
    totals: figures(from_ms, to_ms, share),
    before: figures(2 * from_ms - to_ms, from_ms, share * 0.92),
    series: points,
    by_api: state.apis.map(({ api }, index) => {
      const part = (shares[index] ?? 0.01) * share;
      return {
        api_id: api.id,
        name: api.name,
        version: api.version,
        ...figures(from_ms, to_ms, part),
        spark: series(from_ms, to_ms, (to_ms - from_ms) / 40_000, part).map((point) => point.calls),
      };
    }),
    by_client: [
      ...state.clients.map((client, index) => ({
        client_app_id: client.id,
        name: client.name,
        ...figures(from_ms, to_ms, (shares[index] ?? 0.01) * share),
      })),
      { client_app_id: null, name: "No credentials", ...figures(from_ms, to_ms, 0.05 * share) },
    ],
    by_policy:
      share === 0
        ? []
        : [
            { policy: "rate-limiting", calls: 3_120, would_refuse: 0 },
            { policy: "client-id-enforcement", calls: 911, would_refuse: 0 },
            { policy: "ip-blocklist", calls: 42, would_refuse: 240 },
          ],
    spread: {
      bounds_us: [1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000],
      cells: points.map((point) => [0.2, 0.3, 0.2, 0.12, 0.1, 0.05, 0.02, 0.01].map((part) => Math.round(part * point.calls))),
    },
    plan_changes: state.changes.filter((change) => change.at_ms >= from_ms && change.at_ms <= to_ms),
  };
}

function send(request: TesterRequest): Reply {
  const kept = keptOf(request.api_id ?? undefined);
  if (request.url?.includes(":1/"))
    return refuse(502, "unreachable", "Nothing listens at 127.0.0.1:1. Start the service, or check the port.");
  const enforced = kept?.policies.some((policy) => policy.policy === "client-id-enforcement" && policy.enabled);
  const call: CallSummary = {
    ...callNo(newId(), Date.now(), sources()),
    method: request.method,
    path: `${kept?.api.listen.base_path ?? ""}${request.path ?? ""}`,
    status: 200,
    refused_by: null,
    api_id: kept?.api.id ?? null,
    api_name: kept?.api.name ?? null,
  };
  if (enforced && request.call_as === null)
    Object.assign(call, {
      status: 401,
      refused_by: "client-id-enforcement",
      upstream_us: null,
      duration_us: 61,
      client_app_id: null,
      client_name: null,
    });
  state.calls.unshift(call);
  state.unreported.push(call);
  const whole = wholeCall(call, kept?.policies.map((policy) => policy.policy) ?? []);
  const body = whole.response_body ?? JSON.stringify({ id: 1, title: "A first post", body: "It came through the gateway." }, null, 2);
  return ok({
    status: call.status,
    reason: call.status === 200 ? "OK" : "Unauthorized",
    http_version: "HTTP/1.1",
    headers: whole.response_headers,
    body,
    body_encoding: "text",
    body_bytes: body.length,
    truncated: false,
    timings_us: { connect: 120, first_byte: 1_900, total: 2_100 },
    request_headers: request.headers,
    url: request.url ?? `${kept?.api.proxy_url}${request.path}`,
    trusts: null,
    call: kept ? whole : null,
  } satisfies TesterResponse);
}

function burst({ request, count }: BurstRequest): Reply {
  const limit = keptOf(request.api_id ?? undefined)?.policies.find((policy) => policy.policy === "rate-limiting" && policy.enabled)
    ? 5
    : count;
  const first = send(request).body as TesterResponse;
  const passed = Math.min(count, limit);
  const call = first.call && { ...first.call, id: newId(), status: 429, refused_by: "rate-limiting" };
  const refused: TesterResponse = { ...first, status: 429, reason: "Too Many Requests", call };
  if (count > passed && call) {
    state.calls.unshift(call);
    state.unreported.push(call);
  }
  const by_status = [
    { status: first.status, calls: passed, error: null },
    { status: 429, calls: count - passed, error: null },
  ].filter((row) => row.calls > 0);
  return ok({ count, by_status, total_us: count * 400, p50_us: 380, p95_us: 910, first, first_refused: count > passed ? refused : null });
}

const routes: Record<string, Handler> = {
  "GET /status": () =>
    ok({
      version: "0.1.0",
      plan: state.plan,
      catalog: { apis: state.apis.length, clients: state.clients.length, contracts: state.contracts.length },
      started_at: state.started_at,
      data_dir: "/home/sam/.local/share/gatepost",
      listeners: listeners(),
      recording: { on: true, calls: state.calls.length, dropped_details: 0, ...state.settings },
      sample: { running: state.sample_running, url: state.sample_running ? "http://127.0.0.1:9000" : null, message: null },
      warnings: tlsWarnings(),
      memory_bytes: 39_845_888,
      console: { headless: true },
    }),
  "GET /settings": () => ok(state.settings),
  "GET /settings/limits": () => ok(fakeLimits(state.settings.limits ?? {})),
  "PUT /settings": ({ body }) => ok(Object.assign(state.settings, body as Settings)),
  "GET /changes": () => ok(state.changes),
  "POST /sample/start": () => {
    state.sample_running = true;
    return ok({ running: true, url: "http://127.0.0.1:9000", message: null });
  },
  "POST /sample/stop": () => {
    state.sample_running = false;
    return ok({ running: false, url: null, message: null });
  },
  "GET /policies": () => ok(kinds),

  "GET /apis": () => ok(state.apis.map(shown)),
  "POST /apis": ({ body }) => saveApi(body as ApiInput),
  "GET /apis/#": ({ ids }) => {
    const kept = keptOf(ids[0]);
    return kept ? ok(shown(kept)) : missing();
  },
  "POST /apis/#/route-preview": ({ ids, body }) => {
    const kept = keptOf(ids[0]);
    return kept ? ok(previewOf(kept.api, body as RouteQuestion)) : missing();
  },
  "GET /apis/#/targets": ({ ids }) => (keptOf(ids[0]) ? ok(targetsOf(keptOf(ids[0])?.api.form)) : missing()),
  "PUT /apis/#": ({ ids, body }) => saveApi(body as ApiInput, ids[0]),
  "DELETE /apis/#": ({ ids }) => {
    state.apis = state.apis.filter(({ api }) => api.id !== ids[0]);
    changed("An API was deleted");
    return ok();
  },
  "GET /schemas/api": () => ok(apiSchema()),
  ...appliedRoutes("/apis/#/policies", ([id, policy]) => {
    const kept = keptOf(id);
    return kept && { policies: kept.policies, id: policy };
  }),
  ...appliedRoutes("/automated-policies", ([policy]) => ({ policies: state.automated, id: policy })),
  ...conflictRoutes,
  "POST /apis/#/scope-preview": ({ body }) => ok(scopeAnswerOf(body as ScopeQuestion, state.calls)),
  "POST /apis/#/policies/preview": ({ body }) => ok(policyPreviewOf(body as AppliedPolicyInput, state.calls)),

  "GET /clients": ({ query }) => {
    const without = number(query, "without_api_id");
    const is_free = (id: number) => !state.contracts.some((known) => known.client_app_id === id && known.api_id === without);
    const found = state.clients.filter(
      ({ id, name, credentials }) =>
        (without === undefined || is_free(id)) && has(query, [name, ...credentials.map(({ client_id }) => client_id)]),
    );
    return ok(part(query, found).map(appOf));
  },
  "POST /clients": ({ body }) => {
    const input = body as { name: string; description?: string };
    if (!input.name) return refuse(422, "invalid", "The client app was not added.", [{ field: "name", message: "give it a name" }]);
    const client = makeClient(input.name, input.description ?? "");
    state.clients.push(client);
    return created({
      ...appOf(client),
      credentials: client.credentials.map((known) => ({ ...known, client_secret: client.secrets[known.id] })),
    });
  },
  "GET /clients/#": ({ ids }) => {
    const client = clientOf(ids[0]);
    return client ? ok(appOf(client)) : missing();
  },
  "PUT /clients/#": ({ ids, body }) => {
    const client = clientOf(ids[0]);
    return client ? ok(appOf(Object.assign(client, body))) : missing();
  },
  "DELETE /clients/#": ({ ids }) => {
    state.clients = state.clients.filter((client) => client.id !== ids[0]);
    state.contracts = state.contracts.filter((contract) => contract.client_app_id !== ids[0]);
    return ok();
  },
  "POST /clients/#/credentials": ({ ids }) => {
    const client = clientOf(ids[0]);
    if (!client) return missing();
    const value = secret(32);
    const credential = { id: newId(), client_id: secret(20), secret_hint: `…${value.slice(-4)}`, created_at: Date.now(), ...FOR_EVER };
    client.credentials.push(credential);
    client.secrets[credential.id] = value;
    return created({ ...credential, client_secret: value });
  },
  "PUT /clients/#/credentials/#": ({ ids, body }) => {
    const credential = clientOf(ids[0])?.credentials.find(({ id }) => id === ids[1]);
    return credential ? ok(Object.assign(credential, body)) : missing();
  },
  "POST /clients/#/credentials/#/rotate": ({ ids, body }) => {
    const client = clientOf(ids[0]);
    const credential = client?.credentials.find(({ id }) => id === ids[1]);
    if (!client || !credential) return missing();
    const value = secret(32);
    const { overlap } = body as { overlap: string };
    const until = Date.now() + (overlap === "0ms" ? 0 : 86_400_000);
    credential.previous_secret = overlap === "0ms" ? null : { hint: credential.secret_hint, until };
    credential.secret_hint = `…${value.slice(-4)}`;
    client.secrets[credential.id] = value;
    return ok({ ...credential, client_secret: value });
  },
  "DELETE /clients/#/credentials/#/previous-secret": ({ ids }) => {
    const credential = clientOf(ids[0])?.credentials.find(({ id }) => id === ids[1]);
    if (credential) credential.previous_secret = null;
    return ok();
  },
  "DELETE /clients/#/credentials/#": ({ ids }) => {
    const client = clientOf(ids[0]);
    if (client) client.credentials = client.credentials.filter((credential) => credential.id !== ids[1]);
    return ok();
  },
  "POST /clients/#/credentials/#/reveal": ({ ids }) => ok({ client_secret: clientOf(ids[0])?.secrets[ids[1] ?? 0] }),

  "GET /contracts": ({ query }) =>
    ok(
      part(
        query,
        state.contracts.filter(
          (contract) =>
            (["api_id", "client_app_id"] as const).every((key) => !query.has(key) || contract[key] === number(query, key)) &&
            has(query, [contract.client_name, contract.api_name]),
        ),
      ),
    ),
  "POST /contracts": ({ body }) => {
    const { client_app_id, api_id } = body as { client_app_id: number; api_id: number };
    const [client, kept] = [clientOf(client_app_id), keptOf(api_id)];
    if (!client || !kept) return missing();
    const contract: Contract = {
      id: newId(),
      client_app_id,
      client_name: client.name,
      api_id,
      api_name: kept.api.name,
      api_version: kept.api.version,
      state: "approved",
      created_at: Date.now(),
      updated_at: Date.now(),
    };
    state.contracts.push(contract);
    return created(contract);
  },
  "POST /contracts/#/revoke": ({ ids }) =>
    ok(Object.assign(state.contracts.find((known) => known.id === ids[0]) ?? {}, { state: "revoked" })),
  "POST /contracts/#/restore": ({ ids }) =>
    ok(Object.assign(state.contracts.find((known) => known.id === ids[0]) ?? {}, { state: "approved" })),
  "DELETE /contracts/#": ({ ids }) => {
    state.contracts = state.contracts.filter((contract) => contract.id !== ids[0]);
    return ok();
  },

  "POST /expressions/evaluate": ({ body }) => ok(expressionAnswerOf(body as ExpressionQuestion)),
  "GET /calls": ({ query }) => {
    const before = number(query, "before") ?? Number.POSITIVE_INFINITY;
    const limit = number(query, "limit") ?? 100;
    const found = state.calls.filter((call) => call.id < before && matches(call, query));
    const calls = found.slice(0, limit);
    return ok({ calls, next: found.length > limit ? String(calls.at(-1)?.id) : null, scanned: state.calls.length });
  },
  "GET /calls/#": ({ ids }) => {
    const call = state.calls.find((known) => known.id === ids[0]);
    return call ? ok(wholeCall(call, keptOf(call.api_id ?? undefined)?.policies.map((policy) => policy.policy) ?? [])) : missing();
  },
  "GET /analytics": ({ query }) =>
    ok(analytics(Object.fromEntries([...query].map(([key, value]) => [key, Number(value)])) as unknown as AnalyticsQuery)),
  "GET /live/recent": () => {
    if (!state.has_traffic) return ok([]);
    const last = Math.floor(Date.now() / 1000) - 1;
    return ok(Array.from({ length: 900 }, (_, n) => ({ at_ms: (last - 899 + n) * 1000, ...countsAt((last - 899 + n) * 1000) })));
  },
  ...tlsRoutes,
  "POST /tester/send": ({ body }) => send(body as TesterRequest),
  "POST /tester/burst": ({ body }) => burst(body as BurstRequest),
};

/** Numbers in the path are ids, and an address and port is a name; the route is found by the rest. */
export function answer(method: string, url: URL, body: unknown): Reply {
  const ids: number[] = [];
  const name = decodeURIComponent(/^\/api\/listeners\/([^/]+)/.exec(url.pathname)?.[1] ?? "");
  const numbered = url.pathname.replace(/^\/api/, "").replace(/^(\/listeners\/)[^/]+/, "$1@");
  const path = numbered.replaceAll(/\/(\d+)(?=\/|$)/g, (_, id: string) => {
    ids.push(Number(id));
    return "/#";
  });
  const handler = routes[`${method} ${path}`];
  return handler ? handler({ ids, name, query: url.searchParams, body }) : refuse(404, "not_found", `The sample has no ${method} ${path}.`);
}
