import type { CallQuery, CallSummary } from "@/api/types";

/** The fields a query may name, with what they take. Free text is a part of the path. */
export const FIELDS = {
  status: "code or class: 404, 4xx, refused, would_refuse",
  api: "name of an API",
  client: "name of a client app",
  policy: "policy that refused, or would have",
  method: "GET, POST ...",
} as const;
export type FieldName = keyof typeof FIELDS;

export interface Token {
  field: FieldName | "path";
  value: string;
}

const isField = (name: string): name is FieldName => Object.hasOwn(FIELDS, name);

/** Words apart by spaces; quotes keep a value with spaces together: `api:"Orders API"`. */
function words(text: string): string[] {
  return text.match(/[^\s":]+:"[^"]*"?|"[^"]*"?|\S+/g) ?? [];
}

const unquoted = (text: string) => text.replace(/^"/, "").replace(/"$/, "");

function tokenOf(word: string): Token | null {
  const colon = word.indexOf(":");
  const name = word.slice(0, Math.max(0, colon)).toLowerCase();
  if (!isField(name)) return unquoted(word) === "" ? null : { field: "path", value: unquoted(word) };
  const value = unquoted(word.slice(colon + 1));
  return value === "" ? null : { field: name, value };
}

/** Reads a query. Of one field named twice, the later counts. */
export function parseQuery(text: string): Token[] {
  const tokens = new Map<Token["field"], Token>();
  for (const word of words(text)) {
    const token = tokenOf(word);
    if (!token) continue;
    tokens.delete(token.field);
    tokens.set(token.field, token);
  }
  return [...tokens.values()];
}

/** Writes a query so that reading it gives the same tokens. */
export function writeQuery(tokens: readonly Token[]): string {
  return tokens
    .map(({ field, value }) => {
      const safe = /[\s":]/.test(value) || value === "" ? `"${value.replaceAll('"', "")}"` : value;
      return field === "path" ? safe : `${field}:${safe}`;
    })
    .join(" ");
}

/** The tokens with one field set to a value, or taken out when the value is empty. */
export function withToken(tokens: readonly Token[], field: Token["field"], value: string | null): Token[] {
  const others = tokens.filter((token) => token.field !== field);
  return value ? [...others, { field, value }] : others;
}

/** What a name stands for: an API or client app of the catalog. */
export interface Named {
  id: number;
  name: string;
}

export interface Known {
  apis: readonly (Named & { asset_id: string })[];
  clients: readonly Named[];
}

/** What to ask of the server, and what is wrong with the query. */
export interface ResolvedQuery {
  query: CallQuery;
  faults: string[];
}

export const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];

const same = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();

function oneOf<T extends Named>(list: readonly T[], value: string, also: (item: T) => string = () => ""): T | undefined {
  const wanted = value.toLowerCase();
  return (
    list.find((item) => same(item.name, value) || same(also(item), value) || String(item.id) === value) ??
    list.find((item) => item.name.toLowerCase().includes(wanted) || also(item).toLowerCase().includes(wanted))
  );
}

/** A status as the server takes it: a code, a class, `refused`, or `would_refuse` by a policy in shadow. */
export function statusOf(value: string): string | null {
  const status = value.toLowerCase();
  return /^[1-5](\d\d|xx)$/.test(status) || status === "refused" || status === "would_refuse" ? status : null;
}

/** Turns names into ids; a token that means nothing becomes a fault and asks for nothing. */
export function resolveQuery(tokens: readonly Token[], known: Known): ResolvedQuery {
  const query: CallQuery = {};
  const faults: string[] = [];
  for (const { field, value } of tokens) {
    if (field === "path") query.path = value;
    else if (field === "policy") query.policy = value.toLowerCase();
    else if (field === "method") query.method = value.toUpperCase();
    else if (field === "status") {
      const status = statusOf(value);
      if (status) query.status = status;
      else faults.push(`status:${value} is neither a code (404), a class (4xx), "refused" nor "would_refuse"`);
    } else if (field === "api") {
      const api = oneOf(known.apis, value, (item) => item.asset_id);
      if (api) query.api_id = api.id;
      else faults.push(`There is no API named "${value}"`);
    } else {
      const client = oneOf(known.clients, value);
      if (client) query.client_app_id = client.id;
      else faults.push(`There is no client app named "${value}"`);
    }
  }
  return { query, faults };
}

function statusMatches(call: CallSummary, status: string): boolean {
  if (status === "refused") return call.refused_by !== null;
  if (status === "would_refuse") return call.would_refuse_by !== null;
  if (status.endsWith("xx")) return String(call.status)[0] === status[0];
  return String(call.status) === status;
}

/** Whose refusal is asked for: of calls that would have been refused, that of the policy in shadow. */
const refuserOf = (call: CallSummary, status: string | undefined) => (status === "would_refuse" ? call.would_refuse_by : call.refused_by);

/** Whether a call that just came in belongs to the query: the same rule as the server's, for the live list. */
export function matches(call: CallSummary, query: CallQuery): boolean {
  return (
    (query.status === undefined || statusMatches(call, query.status)) &&
    (query.api_id === undefined || call.api_id === query.api_id) &&
    (query.client_app_id === undefined || call.client_app_id === query.client_app_id) &&
    (query.policy === undefined || refuserOf(call, query.status) === query.policy) &&
    (query.method === undefined || call.method === query.method) &&
    (query.path === undefined || call.path.toLowerCase().includes(query.path.toLowerCase()))
  );
}
