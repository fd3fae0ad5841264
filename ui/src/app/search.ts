/** What may stand after `?` in the address of a screen. Unknown or wrong values are dropped, so an old link still opens. */

export type TesterSearch = { api?: number; client?: number; path?: string; method?: string };
export type TrafficSearch = { q?: string; call?: number };
export type AnalyticsSearch = { range?: string; api?: number; client?: number };

export type AutomatedSearch = { policy?: number };

export type SettingsTab = "general" | "tls" | "limits";
export type SettingsSearch = { tab?: SettingsTab };

type Raw = Record<string, unknown>;

const number = (value: unknown): number | undefined => {
  const parsed = typeof value === "string" ? Number(value) : value;
  return typeof parsed === "number" && Number.isSafeInteger(parsed) ? parsed : undefined;
};
const text = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value : typeof value === "number" ? String(value) : undefined;

/** Leaves out the keys without a value, so that addresses stay short. */
const given = <T extends object>(values: T): T =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as T;

export const testerSearch = (raw: Raw): TesterSearch =>
  given({ api: number(raw.api), client: number(raw.client), path: text(raw.path), method: text(raw.method) });
export const trafficSearch = (raw: Raw): TrafficSearch => given({ q: text(raw.q), call: number(raw.call) });
export const analyticsSearch = (raw: Raw): AnalyticsSearch =>
  given({ range: text(raw.range), api: number(raw.api), client: number(raw.client) });
export const automatedSearch = (raw: Raw): AutomatedSearch => given({ policy: number(raw.policy) });
export const settingsSearch = (raw: Raw): SettingsSearch => (raw.tab === "tls" || raw.tab === "limits" ? { tab: raw.tab } : {});
