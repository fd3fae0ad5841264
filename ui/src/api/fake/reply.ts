import type { Fault } from "../types";

export type Reply = { status: number; body?: unknown };
/** `ids` are the numbers of the path, `name` an address and port in it. */
export type Handler = (at: { ids: number[]; name: string; query: URLSearchParams; body: unknown }) => Reply;

export const ok = (body: unknown = null): Reply => ({ status: 200, body });
export const created = (body: unknown): Reply => ({ status: 201, body });
export const refuse = (status: number, code: string, message: string, faults: Fault[] = []): Reply => ({
  status,
  body: { error: { code, message, faults } },
});
export const missing = () => refuse(404, "not_found", "There is no such thing.");
