import type { Certificate, Expiry, Listener, ListenerTls } from "@/api/types";
import { day, plural } from "@/shared/format";
import type { StatusClass } from "@/shared/ui";

const DAY_MS = 86_400_000;

/** Names of the certificates that are made for listeners begin so. */
const MANAGED = "local ";

/** `2027-01-03, in 41 days`, `today`, `expired 2026-01-03`. */
export function until(not_after: number, now_ms: number): string {
  const left = not_after - now_ms;
  if (left <= 0) return `expired ${day(not_after)}`;
  const days = Math.floor(left / DAY_MS);
  return `${day(not_after)}, ${days === 0 ? "in less than a day" : `in ${plural(days, "day")}`}`;
}

/** How an expiry is shown: amber within 30 days, red when it is over. */
export const expiryTone = (expiry: Expiry): StatusClass => ({ valid: "2" as const, soon: "4" as const, expired: "5" as const })[expiry];

/** How a listener greets, in a line. */
export function greeting({ min_version, http2, client_certificates, client_authority }: ListenerTls): string {
  const callers =
    (client_certificates ?? "off") === "off"
      ? "callers show no certificate"
      : `callers ${client_certificates === "required" ? "must" : "may"} show a certificate of ${client_authority ?? "an authority"}`;
  return [`TLS ${min_version ?? "1.2"} or later`, http2 === false ? "HTTP/1.1 only" : "HTTP/2 and HTTP/1.1", callers].join(", ");
}

/** What a listener can be told to show: certificates with a key that were not made for a certain listener. */
export const showable = (certificates: readonly Certificate[]): Certificate[] =>
  certificates.filter(({ kind, issued_locally, name }) => kind === "identity" && !(issued_locally && name.startsWith(MANAGED)));

/** Whose certificates callers can be asked for. */
export const authorities = (certificates: readonly Certificate[]): Certificate[] => certificates.filter(({ kind }) => kind !== "identity");

/** `OU=x, CN=orders.test` is shown as `orders.test`; a name without a common name as it is. */
export const commonName = (name: string): string => /(?:^|,\s*)CN=([^,]+)/.exec(name)?.[1]?.trim() ?? name;

/** Whether callers can connect, as glyph and word. */
export const LISTENER_STATES: Record<Listener["state"], { of: StatusClass; words: string }> = {
  listening: { of: "2", words: "Listening" },
  failed: { of: "5", words: "Failed" },
  unused: { of: "none", words: "No API yet" },
};
