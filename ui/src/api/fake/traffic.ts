import type { Call, CallSummary, Figures, Second, SeriesPoint, TrailStep } from "../types";

/** Pseudo-random numbers that are the same in every run (mulberry32). */
export function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export type Source = {
  api_id: number;
  api_name: string;
  path: string;
  client_app_id: number | null;
  client_name: string | null;
  policies: string[];
};

const METHODS = ["GET", "GET", "GET", "GET", "POST", "PUT", "DELETE"];
const REFUSALS: Record<string, number> = {
  "client-id-enforcement": 401,
  "rate-limiting": 429,
  "ip-blocklist": 403,
  "basic-authentication": 401,
};

/** One call, made from its number alone. */
export function callNo(id: number, at_ms: number, sources: Source[]): CallSummary {
  const roll = dice(id * 7919);
  const source = sources[Math.floor(roll() ** 1.8 * sources.length)] ?? sources[0];
  const refusing = source?.policies.filter((policy) => REFUSALS[policy]) ?? [];
  const refused_by = roll() < 0.06 ? (refusing[Math.floor(roll() * refusing.length)] ?? null) : null;
  const luck = roll();
  const status = refused_by ? (REFUSALS[refused_by] ?? 403) : luck < 0.008 ? 502 : luck < 0.03 ? 404 : luck < 0.05 ? 304 : 200;
  const upstream_us = refused_by ? null : Math.round(900 + roll() ** 6 * 90_000);
  const anonymous = refused_by === "client-id-enforcement" || !source?.policies.includes("client-id-enforcement");
  return {
    id,
    at_us: at_ms * 1000 + Math.floor(roll() * 1000),
    method: METHODS[Math.floor(roll() * METHODS.length)] ?? "GET",
    path: `${source?.path ?? "/"}/${Math.floor(roll() * 5000)}`,
    api_id: source?.api_id ?? null,
    api_name: source?.api_name ?? null,
    client_app_id: anonymous ? null : (source?.client_app_id ?? null),
    client_name: anonymous ? null : (source?.client_name ?? null),
    status,
    grpc_status: null,
    refused_by,
    would_refuse_by: refused_by === null && source?.policies.includes("ip-blocklist") && roll() < 0.04 ? "ip-blocklist" : null,
    duration_us: (upstream_us ?? 0) + Math.round(40 + roll() * 160),
    upstream_us,
    request_bytes: Math.round(roll() * 600),
    response_bytes: refused_by ? 92 : Math.round(300 + roll() * 9000),
    request_id: `01J${id.toString(36).toUpperCase().padStart(10, "0")}`,
  };
}

/** The whole record of a call: its headers and its trail follow from the summary. */
export function wholeCall(call: CallSummary, policies: string[]): Call {
  const refused_at = call.refused_by ? policies.indexOf(call.refused_by) : -1;
  const trail = policies.map((policy, index): TrailStep => {
    const reached = refused_at < 0 || index <= refused_at;
    const refused = index === refused_at;
    return {
      phase: "request",
      policy,
      applied_policy_id: index + 1,
      automated: false,
      outcome: refused ? "refused" : reached ? "passed" : "not_reached",
      note: refused ? `answered ${call.status}` : reached ? "nothing to object" : "",
      duration_us: reached ? 2 + index : 0,
    };
  });
  const upstream: TrailStep = {
    phase: "upstream",
    policy: null,
    applied_policy_id: null,
    automated: false,
    outcome: refused_at >= 0 ? "not_reached" : call.status >= 500 ? "failed" : "passed",
    note: refused_at >= 0 ? "" : `127.0.0.1:9000 answered ${call.status}`,
    duration_us: call.upstream_us ?? 0,
  };
  return {
    ...call,
    plan: 12,
    host: "127.0.0.1:8081",
    scheme: "http",
    remote_address: "127.0.0.1:51532",
    http_version: "HTTP/1.1",
    request_headers: [
      ["host", "127.0.0.1:8081"],
      ["user-agent", "curl/8.14.1"],
      ["accept", "*/*"],
      ["client_secret", "•••"],
    ],
    response_headers: [
      ["content-type", "application/json"],
      ["x-request-id", call.request_id],
    ],
    response_trailers: [],
    response_body: call.refused_by ? JSON.stringify({ error: "Refused", policy: call.refused_by, request_id: call.request_id }) : null,
    error: call.status === 502 ? "The upstream closed the connection before it answered." : null,
    upstream_address: call.refused_by ? null : "127.0.0.1:9000",
    connection_reused: true,
    trail: [...trail, upstream],
  };
}

type Counted = Pick<Second, "calls" | "ok_2xx" | "redirect_3xx" | "client_4xx" | "server_5xx" | "refused">;

/** Counts of one second of the sample traffic: a slow wave, and a bump of refusals. */
export function countsAt(at_ms: number, share = 1): Counted & { p95_us: number } {
  const second = Math.floor(at_ms / 1000);
  const roll = dice(second);
  const wave = 60 + 25 * Math.sin(second / 90) + 12 * Math.sin(second / 17) + roll() * 14;
  const bump = Math.max(0, Math.sin(second / 140 - 1)) ** 8 * 40;
  const client_4xx = Math.round(roll() * 3 * share);
  const server_5xx = roll() < 0.2 ? Math.round(2 * share) : 0;
  const redirect_3xx = Math.round((2 + roll() * 3) * share);
  const refused = Math.round((roll() * 4 + bump) * share);
  const ok_2xx = Math.round(wave * share);
  return {
    calls: ok_2xx + redirect_3xx + client_4xx + server_5xx + refused,
    ok_2xx,
    redirect_3xx,
    client_4xx,
    server_5xx,
    refused,
    p95_us: 18_000 + Math.round(wave * 150 + bump * 700),
  };
}

const NO_FIGURES: Figures = {
  calls: 0,
  ok_2xx: 0,
  redirect_3xx: 0,
  client_4xx: 0,
  server_5xx: 0,
  refused: 0,
  would_refuse: 0,
  avg_us: 0,
  p50_us: 0,
  p95_us: 0,
  p99_us: 0,
  max_us: 0,
  gateway_avg_us: 0,
  request_bytes: 0,
  response_bytes: 0,
};

/** Figures of a stretch; long stretches are sampled, since nobody checks the sums of invented numbers. */
export function figures(from_ms: number, to_ms: number, share = 1): Figures {
  const seconds = Math.max(1, Math.round((to_ms - from_ms) / 1000));
  const samples = Math.min(seconds, 60);
  const weight = seconds / samples;
  const total = { ...NO_FIGURES };
  for (let n = 0; n < samples; n++) {
    const counts = countsAt(from_ms + n * weight * 1000, share);
    for (const key of ["ok_2xx", "redirect_3xx", "client_4xx", "server_5xx", "refused"] as const)
      total[key] += Math.round(counts[key] * weight);
    total.p95_us = Math.max(total.p95_us, counts.p95_us);
  }
  total.calls = total.ok_2xx + total.redirect_3xx + total.client_4xx + total.server_5xx + total.refused;
  total.would_refuse = Math.round(total.ok_2xx * 0.012);
  total.p50_us = Math.round(total.p95_us * 0.22);
  total.p99_us = Math.round(total.p95_us * 1.9);
  total.max_us = Math.round(total.p95_us * 6);
  total.avg_us = Math.round(total.p95_us * 0.3);
  total.gateway_avg_us = 93;
  total.request_bytes = total.calls * 310;
  total.response_bytes = total.calls * 2_840;
  return total;
}

export const series = (from_ms: number, to_ms: number, step_s: number, share = 1): SeriesPoint[] =>
  Array.from({ length: Math.ceil((to_ms - from_ms) / (step_s * 1000)) }, (_, n) => {
    const at_ms = from_ms + n * step_s * 1000;
    return { at_ms, ...figures(at_ms, at_ms + step_s * 1000, share) };
  });

export const none = (): Figures => ({ ...NO_FIGURES });
