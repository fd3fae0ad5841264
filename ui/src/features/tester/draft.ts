import type { ApiSummary, Header, TesterRequest } from "@/api/types";

/** One line of the header editor; `id` only tells lines apart. */
export interface HeaderRow {
  id: number;
  name: string;
  value: string;
  enabled: boolean;
}

export type BodyKind = "none" | "json" | "text";

/** A request as it stands in the form. */
export interface Draft {
  method: string;
  /** `null`: call `url`, whatever it is; otherwise `path` below the base path of this API. */
  api_id: number | null;
  path: string;
  url: string;
  headers: HeaderRow[];
  body_kind: BodyKind;
  body: string;
  /** The client app whose credentials go with the call. */
  call_as: number | null;
}

export const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];

let last_row = 0;

export function headerRow(name = "", value = "", enabled = true): HeaderRow {
  last_row += 1;
  return { id: last_row, name, value, enabled };
}

export const emptyDraft = (): Draft => ({
  method: "GET",
  api_id: null,
  path: "",
  url: "",
  headers: [],
  body_kind: "none",
  body: "",
  call_as: null,
});

const has = (rows: readonly Header[], name: string) => rows.some(([known]) => known.toLowerCase() === name);
const TYPES: Record<Exclude<BodyKind, "none">, string> = { json: "application/json", text: "text/plain; charset=utf-8" };

/** The headers that go out: the enabled lines with a name, and the body's type unless a line says it. */
export function headersOf(draft: Draft): Header[] {
  const rows = draft.headers.filter((row) => row.enabled && row.name.trim() !== "").map((row): Header => [row.name.trim(), row.value]);
  if (draft.body_kind === "none" || has(rows, "content-type")) return rows;
  return [...rows, ["content-type", TYPES[draft.body_kind]]];
}

/** What is sent to the gateway's tester. */
export function requestOf(draft: Draft): TesterRequest {
  const target = draft.api_id === null ? { url: draft.url.trim() } : { api_id: draft.api_id, path: draft.path };
  return {
    method: draft.method,
    ...target,
    headers: headersOf(draft),
    body: draft.body_kind === "none" ? null : draft.body,
    call_as: draft.call_as,
  };
}

/** Why a request cannot be sent yet; `null` when it can. */
export function faultOf(draft: Draft): string | null {
  if (draft.api_id !== null)
    return draft.path === "" || draft.path.startsWith("/") || draft.path.startsWith("?") ? null : "The path begins with /";
  if (draft.url.trim() === "") return "Enter a URL, or choose an API";
  return /^https?:\/\/[^/\s]+/i.test(draft.url.trim()) ? null : "A URL begins with http:// or https://";
}

/** The part of an API's address that is given: ":8081/orders/v1". */
export function prefixOf(api: Pick<ApiSummary, "listen">): string {
  const base = api.listen.base_path === "/" ? "" : api.listen.base_path;
  return `:${api.listen.port}${base}`;
}
