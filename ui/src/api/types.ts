/** The shapes of the management API. Everything in the console takes them from here. Times: `_at` and `_ms` are epoch milliseconds, `_us` microseconds. */

export type Fault = { field: string; message: string };
export type ErrorBody = { error: { code: string; message: string; faults?: Fault[] } };

export type ListenerStatus = {
  address: string;
  port: number;
  state: "listening" | "failed";
  message: string | null;
  advice: string | null;
  api_ids: number[];
};
export type Status = {
  version: string;
  plan: { number: number; since_ms: number };
  started_at: number;
  data_dir: string;
  listeners: ListenerStatus[];
  recording: { calls: number; dropped_details: number; retention_calls: number; retention_days: number };
  sample: { running: boolean; url: string | null; message: string | null };
  memory_bytes: number | null;
  console: { headless: boolean };
};

export type Timeouts = { connect?: string; response?: string };
export type ApiInput = {
  name: string;
  asset_id?: string;
  version?: string;
  label?: string;
  listen?: { address?: string; port?: number; base_path?: string; hosts?: string[] };
  upstream: { url: string; timeouts?: Timeouts };
};
export type Api = {
  id: number;
  name: string;
  asset_id: string;
  version: string;
  label: string;
  listen: { address: string; port: number; base_path: string; hosts: string[] };
  upstream: { url: string; timeouts: { connect: string; response: string } };
  proxy_url: string;
  state: "active" | "failed";
  fault: string | null;
  created_at: number;
  updated_at: number;
};
export type ApiSummary = Api & { policies: number; contracts: number };

export type Config = Record<string, unknown>;
/** Some methods on some paths; what is left out means every one. */
export type Only = { methods?: string[]; path?: string | null };
export type AppliedPolicyInput = { policy: string; config: Config; only?: Only[]; enabled?: boolean };
export type AppliedPolicy = {
  id: number;
  policy: string;
  config: Config;
  only: Only[];
  enabled: boolean;
  position: number;
  summary: string;
};
export type PolicyCheck = { faults: Fault[]; summary: string };

export type PolicyKind = {
  name: string;
  title: string;
  category: string;
  summary: string;
  help: string;
  schema: Record<string, unknown>;
  example: Config;
  acts_on: { request: boolean; response: boolean };
};

export type Credential = { id: number; client_id: string; secret_hint: string; created_at: number; client_secret?: string | null };
export type Contract = {
  id: number;
  client_app_id: number;
  client_name: string;
  api_id: number;
  api_name: string;
  api_version: string;
  state: "approved" | "revoked";
  created_at: number;
  updated_at: number;
};
export type ClientAppInput = { name: string; description?: string | null };
export type ClientApp = {
  id: number;
  name: string;
  description: string | null;
  created_at: number;
  credentials: Credential[];
  contracts: Contract[];
};

export type CallSummary = {
  id: number;
  at_us: number;
  method: string;
  path: string;
  api_id: number | null;
  api_name: string | null;
  client_app_id: number | null;
  client_name: string | null;
  status: number;
  refused_by: string | null;
  duration_us: number;
  upstream_us: number | null;
  request_bytes: number;
  response_bytes: number;
  request_id: string;
};
export type Header = [string, string];
export type TrailStep = {
  phase: "request" | "response" | "upstream";
  policy: string | null;
  applied_policy_id: number | null;
  outcome: "passed" | "refused" | "skipped" | "changed" | "failed" | "not_reached";
  note: string;
  duration_us: number;
};
export type Call = CallSummary & {
  plan: number;
  host: string;
  scheme: string;
  remote_address: string;
  http_version: string;
  request_headers: Header[];
  response_headers: Header[];
  response_body: string | null;
  error: string | null;
  upstream_address: string | null;
  connection_reused: boolean;
  trail: TrailStep[];
};
export type CallQuery = {
  limit?: number;
  before?: string;
  api_id?: number;
  client_app_id?: number;
  status?: string;
  policy?: string;
  method?: string;
  path?: string;
  from_ms?: number;
  to_ms?: number;
};
export type CallPage = { calls: CallSummary[]; next: string | null; scanned: number };

export type Figures = {
  calls: number;
  ok_2xx: number;
  redirect_3xx: number;
  client_4xx: number;
  server_5xx: number;
  refused: number;
  avg_us: number;
  p50_us: number;
  p95_us: number;
  p99_us: number;
  max_us: number;
  gateway_avg_us: number;
  request_bytes: number;
  response_bytes: number;
};
export type AnalyticsQuery = { from_ms: number; to_ms: number; step_s?: number; api_id?: number; client_app_id?: number };
export type SeriesPoint = Figures & { at_ms: number };
export type ApiFigures = Figures & { api_id: number; name: string; version: string; spark: number[] };
export type ClientFigures = Figures & { client_app_id: number | null; name: string };
export type PlanChange = { number: number; at_ms: number; what: string };
export type Analytics = {
  from_ms: number;
  to_ms: number;
  step_s: number;
  totals: Figures;
  before: Figures;
  series: SeriesPoint[];
  by_api: ApiFigures[];
  by_client: ClientFigures[];
  by_policy: { policy: string; calls: number }[];
  spread: { bounds_us: number[]; cells: number[][] };
  plan_changes: PlanChange[];
};

/** One second of traffic, all APIs together. The five classes add up to `calls`. */
export type Second = {
  at_ms: number;
  calls: number;
  ok_2xx: number;
  redirect_3xx: number;
  client_4xx: number;
  server_5xx: number;
  refused: number;
  p95_us: number;
};
export type Topic = "apis" | "policies" | "clients" | "contracts" | "status" | "settings";
export type LiveEvent =
  | { kind: "calls"; calls: CallSummary[]; skipped: number }
  | ({ kind: "second" } & Second)
  | { kind: "changed"; topics: Topic[] };

export type TesterRequest = {
  method: string;
  url?: string | null;
  api_id?: number | null;
  path?: string | null;
  headers: Header[];
  body: string | null;
  call_as: number | null;
};
export type TesterResponse = {
  status: number;
  reason: string;
  http_version: string;
  headers: Header[];
  body: string;
  body_encoding: "text" | "base64";
  body_bytes: number;
  truncated: boolean;
  timings_us: { connect: number | null; first_byte: number; total: number };
  request_headers: Header[];
  url: string;
  call: Call | null;
};
export type BurstRequest = { request: TesterRequest; count: number; concurrency: number };
export type BurstResult = {
  count: number;
  by_status: { status: number; calls: number; error: string | null }[];
  total_us: number;
  p50_us: number;
  p95_us: number;
  first: TesterResponse | null;
  first_refused: TesterResponse | null;
};

export type Settings = { retention_calls: number; retention_days: number; tour_done: boolean };
export type Sample = { running: boolean; url: string | null; message: string | null };
