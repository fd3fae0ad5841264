import type { components } from "./schema";

/**
 * The shapes of the management API, under the names the console uses; schema.ts is generated from the gateway's own
 * description (`npm run codegen`). Times: `_at` and `_ms` are epoch milliseconds, `_us` microseconds.
 */
type Schema = components["schemas"];

/** As answered: the gateway leaves no key out, it writes null. What is sent may leave keys out. */
type Told<T> = T extends (infer Item)[] ? Told<Item>[] : T extends object ? { [Key in keyof T]-?: Told<Exclude<T[Key], undefined>> } : T;

/** The description of `Part` replaced where the generated one says less than is known. */
type With<T, Part> = Omit<T, keyof Part> & Part;

export type Fault = Schema["Fault"];
export type ErrorBody = Schema["ErrorBody"];

export type Status = Told<Schema["Status"]>;
export type ListenerStatus = Status["listeners"][number];
export type Sample = Told<Schema["SampleView"]>;
export type Settings = Schema["Settings"];
export type PlanChange = Told<Schema["PlanChange"]>;
export type Topic = Schema["Topic"];

export type ApiInput = Schema["ApiInput"];
export type ApiSummary = Told<Schema["ApiView"]>;
/** `form` is the API as it is written: what `PUT` takes. What is as the default has it is left out. */
export type Api = ApiSummary & { form: ApiForm };
export type ApiForm = ApiInput;

/** What an API's own OpenAPI document describes. */
export type Spec = Told<Schema["SpecView"]>;
export type Operation = Spec["operations"][number];

/** One place where calls of an API go, and how it is. `route` is null for the API's own upstream. */
export type Target = Told<Schema["TargetView"]>;

/** Settings of a policy: what they are is in the schema of its kind, not in the API's description. */
export type Config = Record<string, unknown>;
/** Some methods on some paths; what is left out means every one. */
export type Only = Schema["Scope"];
export type AppliedPolicyInput = With<Schema["AppliedPolicyInput"], { config: Config }>;
export type AppliedPolicy = With<Told<Schema["AppliedPolicyView"]>, { config: Config; only: Only[] }>;
/** All policies of an API as they are to be: `id` alone stays, `set` alone is new, both is a change. */
export type PolicyDraft = { policies: { id?: number; set?: AppliedPolicyInput | null }[]; removed: number[] };
/** Whose own policies give way to an automated one of a kind. */
export type PolicyConflicts = Told<Schema["ConflictsView"]>;
export type PolicyCheck = Told<Schema["Checked"]>;
export type PolicyKind = With<Told<Schema["PolicyView"]>, { schema: Record<string, unknown>; example: Config }>;

export type ClientAppInput = Schema["ClientAppInput"];
/** `client_secret` is there only in the answer that issues it. */
export type Credential = Schema["CredentialView"];
export type CredentialInput = Schema["CredentialInput"];
export type Contract = Told<Schema["ContractView"]>;
export type ClientApp = With<Told<Schema["ClientAppView"]>, { credentials: Credential[] }>;

/** `search` is part of the name or of a client ID. */
export type ClientQuery = { search?: string; without_api_id?: number; limit?: number };
/** `search` is part of the client app's or the API's name. */
export type ContractQuery = { api_id?: number; client_app_id?: number; search?: string; limit?: number };

/** A request, as far as routes look at it, and what would become of it. */
export type RouteQuestion = Schema["RouteQuestion"];
export type RouteAnswer = Told<Schema["RouteAnswer"]>;

/** A scope and requests to try it on, and which of them it takes. */
export type ScopeQuestion = Schema["ScopeQuestion"];
export type ScopeAnswer = Told<Schema["ScopeAnswer"]>;
export type InScope = ScopeAnswer["recorded"][number];

/** An expression and what it looks at, and what it comes to. */
export type ExpressionQuestion = Schema["ExpressionQuestion"];
export type ExpressionAnswer = Told<Schema["ExpressionAnswer"]>;

/** What a policy would have done with the last calls. */
export type PolicyPreview = Told<Schema["PolicyPreview"]>;
export type PreviewedCall = PolicyPreview["calls"][number];

/** How an address and port greet callers over TLS. */
export type ListenerTls = Schema["ListenerTlsInput"];
export type Listener = With<Told<Schema["ListenerDetail"]>, { tls: ListenerTls | null }>;
export type Expiry = Schema["Expiry"];
export type Certificate = Told<Schema["CertificateView"]>;
export type CertificateInput = Schema["CertificateInput"];
export type CertificateContent = Schema["CertificateContent"];
export type LocalAuthority = Told<Schema["LocalAuthorityView"]>;
export type TrustGuide = LocalAuthority["guides"][number];
export type IssueInput = Schema["IssueInput"];
/** A bound of the data plane, in the unit of its kind: things, bytes, milliseconds. */
export type Limit = Schema["LimitView"];
/** What goes wrong, or should be known all the same, on every screen. */
export type Warning = Status["warnings"][number];

export type Header = [name: string, value: string];
export type CallSummary = Told<Schema["CallSummary"]>;
export type TrailStep = Told<Schema["TrailEntry"]>;
export type Call = With<
  Told<Schema["Call"]>,
  {
    plan: number;
    host: string;
    scheme: string;
    remote_address: string;
    http_version: string;
    request_headers: Header[];
    response_headers: Header[];
    response_trailers: Header[];
    /** Text of the answers that the gateway made itself. */
    response_body: string | null;
    /** Why the answer is 502, 503 or 504. */
    error: string | null;
    upstream_address: string | null;
  }
>;
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
export type CallPage = Told<Schema["CallPage"]>;

export type Figures = Told<Schema["Figures"]>;
export type AnalyticsQuery = { from_ms: number; to_ms: number; step_s?: number; api_id?: number; client_app_id?: number };
export type SeriesPoint = Told<Schema["SeriesPoint"]>;
export type ApiFigures = Told<Schema["ApiFigures"]>;
export type ClientFigures = Told<Schema["ClientFigures"]>;
export type Analytics = Told<Schema["Analytics"]>;

/** One second of traffic, all APIs together. The five classes add up to `calls`. */
export type Second = Told<Schema["Second"]>;
export type LiveEvent =
  | { kind: "calls"; calls: CallSummary[]; skipped: number }
  | ({ kind: "second" } & Second)
  | { kind: "changed"; topics: Topic[] };

export type TesterRequest = With<Schema["TesterRequest"], { headers: Header[]; body: string | null; call_as: number | null }>;
export type TesterResponse = With<
  Told<Schema["TesterAnswer"]>,
  { headers: Header[]; request_headers: Header[]; body_encoding: "text" | "base64"; timings_us: Timings; call: Call | null }
>;
type Timings = With<Schema["Timings"], { connect: number | null }>;
export type BurstRequest = With<Schema["BurstInput"], { request: TesterRequest; concurrency: number }>;
export type BurstResult = With<Told<Schema["BurstResult"]>, { first: TesterResponse | null; first_refused: TesterResponse | null }>;
