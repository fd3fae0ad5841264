import type {
  Api,
  AppliedPolicy,
  CallSummary,
  ClientApp,
  Config,
  Contract,
  Credential,
  ListenerStatus,
  Only,
  PlanChange,
  Settings,
} from "../types";
import { callNo, dice, type Source } from "./traffic";

/** `?first-run` in the address starts with nothing, to see the tour. */
const empty = new URLSearchParams(globalThis.location?.search ?? "").has("first-run");
const started_at = Date.now() - 4 * 3_600_000;

let last_id = 0;
export const newId = () => ++last_id;

type Kept = { api: Api; policies: AppliedPolicy[] };

export const state = {
  started_at,
  plan: { number: empty ? 0 : 12, since_ms: started_at + 3 * 3_600_000 + 50 * 60_000 },
  apis: [] as Kept[],
  automated: [] as AppliedPolicy[],
  clients: [] as (Omit<ClientApp, "contracts"> & { secrets: Record<number, string> })[],
  contracts: [] as Contract[],
  calls: [] as CallSummary[],
  /** Calls of the tester that the live stream has not told yet. */
  unreported: [] as CallSummary[],
  changes: [] as PlanChange[],
  settings: { recording: true, retention_calls: 1_000_000, retention_days: 30, tour_done: !empty } as Settings,
  sample_running: !empty,
  has_traffic: !empty,
};

export function makeApi(name: string, version: string, url: string, port = 8081): Api {
  const asset_id = name.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");
  const base_path = `/${asset_id}/${version}`;
  return {
    id: newId(),
    name,
    asset_id,
    version,
    label: "default",
    listen: { address: "127.0.0.1", port, base_path, hosts: [], version_header: null },
    upstream: { url, timeouts: { connect: "5s", response: "15s" } },
    proxy_url: `http://127.0.0.1:${port}${base_path}`,
    state: "active",
    fault: null,
    warnings: [],
    targets: 1,
    routes: 0,
    has_spec: false,
    policies: 0,
    contracts: 0,
    form: { name, asset_id, version, label: "default", listen: { address: "127.0.0.1", port, base_path }, upstream: { url } },
    created_at: Date.now(),
    updated_at: Date.now(),
  };
}

export function makePolicy(policy: string, config: Config, only: Only[] = [], enabled = true): AppliedPolicy {
  return {
    id: newId(),
    policy,
    config,
    only,
    enabled,
    shadow: false,
    position: 0,
    summary: summaryOf(policy, config),
    in_force_since: Date.now(),
    replaced_by: [],
  };
}

/** Good enough a sentence for sample data; the gateway's own come from each policy. */
export function summaryOf(policy: string, config: Config): string {
  if (policy === "rate-limiting") {
    const limits = Array.isArray(config.limits) ? (config.limits as { requests: number; per: string }[]) : [];
    return `${limits.map((limit) => `${limit.requests} calls per ${limit.per}`).join(", ")}${config.key ? `, counted per ${config.key}` : ""}`;
  }
  if (policy === "client-id-enforcement") return "ID and secret from headers client_id and client_secret";
  if (policy === "ip-blocklist")
    return `Refuses ${Array.isArray(config.ips) ? config.ips.length : 0} ranges, looking at the socket's address`;
  if (policy === "http-caching") return `Keeps GET answers ${config.ttl ?? "5m"}`;
  if (policy === "cors") return "Allows every origin, preflight kept 10 min";
  if (policy === "message-logging") return "Logs method and path of every call";
  return Object.keys(config).length > 0 ? Object.keys(config).join(", ") : "With its defaults";
}

const letters = "abcdefghijkmnpqrstuvwxyz23456789";
const random = dice(42);
export const secret = (length: number): string => Array.from({ length }, () => letters[Math.floor(random() * letters.length)]).join("");

/** Of a credential that never expires and has had no other secret. */
export const FOR_EVER: Pick<Credential, "expires_at" | "previous_secret"> = { expires_at: null, previous_secret: null };

export function makeClient(name: string, description: string) {
  const id = newId();
  const value = secret(32);
  const credential = {
    id: newId(),
    client_id: `${name.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-")}-${secret(6)}`,
    secret_hint: `…${value.slice(-4)}`,
    created_at: Date.now(),
    ...FOR_EVER,
  };
  return { id, name, description, created_at: Date.now(), credentials: [credential], secrets: { [credential.id]: value } };
}

export function changed(what: string): void {
  state.plan = { number: state.plan.number + 1, since_ms: Date.now() };
  state.changes.unshift({ number: state.plan.number, at_ms: Date.now(), what });
}

export function listeners(): ListenerStatus[] {
  const ports = Map.groupBy(state.apis, ({ api }) => api.listen.port);
  return [...ports].map(([port, kept]) => {
    const failed = port === 8443;
    return {
      address: `127.0.0.1:${port}`,
      port,
      tls: false,
      state: failed ? "failed" : "listening",
      message: failed ? "Port 8443 is taken by another program." : null,
      advice: failed ? "Stop that program, or give the APIs on it another port." : null,
      apis: kept.length,
    };
  });
}

export const sources = (): Source[] =>
  state.apis.map(({ api, policies }) => {
    const contract = state.contracts.find((known) => known.api_id === api.id);
    return {
      api_id: api.id,
      api_name: api.name,
      path: api.listen.base_path,
      client_app_id: contract?.client_app_id ?? null,
      client_name: contract?.client_name ?? null,
      policies: policies.filter((policy) => policy.enabled).map((policy) => policy.policy),
    };
  });

const SAMPLE: [name: string, version: string, url: string, port?: number][] = [
  ["Orders API", "v2", "http://127.0.0.1:9000/orders"],
  ["JSONPlaceholder Posts API", "v1", "http://127.0.0.1:9000/posts"],
  ["Catalog Search", "v3", "http://127.0.0.1:9000/catalog"],
  ["Users API", "v1", "http://127.0.0.1:9000/users"],
  ["Payments API", "v1", "http://127.0.0.1:9000/payments", 8443],
  ["Webhooks Inbox", "v1", "http://127.0.0.1:9000/echo"],
  ["Events Stream", "v1", "http://127.0.0.1:9000/sse"],
];

function fill(): void {
  for (const [name, version, url, port] of SAMPLE) {
    const api = makeApi(name, version, url, port);
    if (port === 8443) Object.assign(api, { state: "failed", fault: "Port 8443 is taken by another program." });
    const policies = [makePolicy("client-id-enforcement", {})];
    if (name === "Orders API") {
      policies.unshift(makePolicy("cors", {}), makePolicy("ip-blocklist", { ips: ["192.0.2.0/24", "198.51.100.7"] }));
      policies.push(
        makePolicy(
          "rate-limiting",
          {
            limits: [
              { requests: 60, per: "1m" },
              { requests: 20000, per: "1d" },
            ],
            key: "#[attributes.headers['x-user']]",
            expose_headers: true,
          },
          [{ methods: ["POST"], path: "/orders/.*" }],
        ),
        makePolicy("http-caching", { ttl: "5m" }, [{ methods: ["GET"], path: "/catalog" }], false),
        makePolicy("message-logging", {}),
      );
    } else if (name.startsWith("JSON")) policies.push(makePolicy("rate-limiting", { limits: [{ requests: 100, per: "1m" }] }));
    state.apis.push({ api, policies });
  }
  for (const [name, words] of [
    ["MyTestApp", "For trying things out"],
    ["Storefront", "The shop's web pages"],
    ["Nightly export", ""],
  ] as const)
    state.clients.push(makeClient(name, words));
  state.clients.forEach((client, index) => {
    for (const { api } of state.apis.slice(index, index + 4)) {
      state.contracts.push({
        id: newId(),
        client_app_id: client.id,
        client_name: client.name,
        api_id: api.id,
        api_name: api.name,
        api_version: api.version,
        state: index === 2 ? "revoked" : "approved",
        created_at: started_at,
        updated_at: started_at,
      });
    }
  });
  const now = Date.now();
  state.changes.push(
    { number: 12, at_ms: now - 6 * 60_000, what: "rate-limiting of Orders API changed" },
    { number: 11, at_ms: now - 3 * 3_600_000, what: "Events Stream added" },
  );
  for (let n = 3_000; n > 0; n--) state.calls.unshift(callNo(newId(), now - n * 250, sources()));
}

if (!empty) fill();
