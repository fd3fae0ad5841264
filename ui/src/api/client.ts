import { errorFromAnswer } from "./errors";
import { transport } from "./transport";

type Query = Record<string, string | number | boolean | null | undefined>;

/** `/calls` and `{limit: 50}` become `/api/calls?limit=50`; what is empty is left out. */
export function address(path: string, query: Query = {}): string {
  const pairs = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== "");
  const search = new URLSearchParams(pairs.map(([key, value]) => [key, String(value)])).toString();
  return `/api${path}${search ? `?${search}` : ""}`;
}

/** One call to the management API: the parsed answer, or an ApiError. */
export async function request<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  const answer = await transport.call(method, path, body, signal);
  if (answer.status >= 400) throw errorFromAnswer(answer.status, answer.body);
  return answer.body as T;
}

export const get = <T>(path: string, query?: Query, signal?: AbortSignal) => request<T>("GET", address(path, query), undefined, signal);
export const post = <T>(path: string, body?: unknown, signal?: AbortSignal) => request<T>("POST", address(path), body, signal);
export const put = <T>(path: string, body: unknown, signal?: AbortSignal) => request<T>("PUT", address(path), body, signal);
export const remove = (path: string) => request<null>("DELETE", address(path));
