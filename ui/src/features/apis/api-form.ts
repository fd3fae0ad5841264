import type { Api, ApiInput } from "@/api/types";

/** What the fields of the API form hold: text, as typed, and lists. What is empty means the default. */
export type ApiDraft = {
  name: string;
  version: string;
  url: string;
  asset_id: string;
  label: string;
  address: string;
  port: string;
  base_path: string;
  hosts: string[];
  version_header: string;
  connect: string;
  response: string;
};

export const emptyDraft: ApiDraft = {
  name: "",
  version: "",
  url: "",
  asset_id: "",
  label: "",
  address: "",
  port: "",
  base_path: "",
  hosts: [],
  version_header: "",
  connect: "",
  response: "",
};

export const DEFAULT_PORT = 8081;
/** Where a new API listens when HTTPS is chosen and no port was typed. */
export const DEFAULT_TLS_PORT = 8443;
export const DEFAULT_ADDRESS = "127.0.0.1";

/** The name as an identifier: `Orders API` becomes `orders-api`. Shown as the default; the gateway decides. */
export const slug = (name: string): string =>
  name
    .normalize("NFKD")
    .replace(/[\u0300-\u036f]/g, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "");

/** What each empty field will be. */
export function defaultsOf(draft: ApiDraft) {
  const asset_id = draft.asset_id.trim() || slug(draft.name) || "name";
  const version = draft.version.trim() || "v1";
  return {
    asset_id,
    version,
    label: "default",
    address: DEFAULT_ADDRESS,
    port: String(DEFAULT_PORT),
    base_path: `/${asset_id}/${version}`,
  };
}

/** Address and port as listeners are called: `127.0.0.1:8443`, `[::1]:8443`. */
export const socketOf = (address: string, port: number | string): string =>
  address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;

/** Where an API like this will listen, as far as the fields say. */
export function listenerOf(draft: ApiDraft): string {
  const defaults = defaultsOf(draft);
  return socketOf(draft.address.trim() || defaults.address, draft.port.trim() || defaults.port);
}

/** Where callers will reach the API, as far as the fields say. */
export function proxyUrl(draft: ApiDraft, scheme: "http" | "https" = "http"): string {
  const defaults = defaultsOf(draft);
  const host = draft.hosts[0] ?? reachable(draft.address.trim() || defaults.address);
  const path = draft.base_path.trim() || defaults.base_path;
  return `${scheme}://${host}:${draft.port.trim() || defaults.port}${path.startsWith("/") ? path : `/${path}`}`;
}

/** "Every address" is a place to listen, not one to call. */
const reachable = (address: string): string =>
  address === "0.0.0.0" || address === "::" ? "127.0.0.1" : address.includes(":") ? `[${address}]` : address;

/**
 * The draft as the management API takes it; what is empty is left to its defaults. What `kept` says beyond the draft's
 * fields stays: further targets, health checks, routes.
 */
export function inputOf(draft: ApiDraft, kept?: ApiInput): ApiInput {
  const text = (value: string) => value.trim() || undefined;
  const listen = compact({
    address: text(draft.address),
    port: draft.port.trim() ? Number(draft.port) : undefined,
    base_path: text(draft.base_path),
    hosts: draft.hosts.length > 0 ? draft.hosts : undefined,
    version_header: text(draft.version_header),
  });
  const [first, ...others] = kept?.upstream.targets ?? [];
  const url = draft.url.trim();
  const upstream = compact({
    ...kept?.upstream,
    url: first ? undefined : url,
    targets: first && [{ ...first, url }, ...others],
    timeouts: compact({ ...kept?.upstream.timeouts, connect: text(draft.connect), response: text(draft.response) }),
  });
  return {
    name: draft.name.trim(),
    upstream: upstream ?? {},
    ...compact({ routes: kept?.routes }),
    ...compact({ asset_id: text(draft.asset_id), version: text(draft.version), label: text(draft.label) }),
    ...(listen && { listen }),
  };
}

/** The keys that have a value; nothing when none has. */
function compact<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } | undefined {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined);
  return entries.length > 0 ? (Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> }) : undefined;
}

/** An API that exists, as a draft with every field filled. */
export const draftOf = (api: Api): ApiDraft => ({
  name: api.name,
  version: api.version,
  url: api.upstream.url,
  asset_id: api.asset_id,
  label: api.label,
  address: api.listen.address,
  port: String(api.listen.port),
  base_path: api.listen.base_path,
  hosts: api.listen.hosts,
  version_header: api.listen.version_header ?? "",
  connect: api.upstream.timeouts.connect,
  response: api.upstream.timeouts.response,
});
