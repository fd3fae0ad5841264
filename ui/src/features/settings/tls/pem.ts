import type { CertificateContent } from "@/api/types";

/** Largest file that is read, in bytes: a chain with its key is a few thousand. */
export const MAX_FILE_BYTES = 256 * 1024;

const SECTION = /-----BEGIN ([A-Z0-9 ]+)-----[\s\S]*?-----END \1-----/g;

export type Pem = { certificate: string; key: string };

/** The certificates and the keys of a text in PEM, which may stand in one file. Null when it has neither. */
export function splitPem(text: string): Pem | null {
  const sections = [...text.matchAll(SECTION)].map(([section, label = ""]) => ({ section, is_key: label.endsWith("PRIVATE KEY") }));
  if (sections.length === 0) return null;
  const of = (wanted: boolean) =>
    sections
      .filter(({ is_key }) => is_key === wanted)
      .map(({ section }) => `${section}\n`)
      .join("");
  return { certificate: of(false), key: of(true) };
}

export function base64(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

/** How a certificate is brought. */
export type Form = "identity" | "pkcs12" | "authority";

/** What the fields of the dialog hold, as typed. */
export type Brought = { certificate: string; key: string; pkcs12: string; password: string };

export const NOTHING: Brought = { certificate: "", key: "", pkcs12: "", password: "" };

/** What was brought, as the management API takes it: an authority has no key, PKCS#12 stands for both. */
export function contentOf(form: Form, { certificate, key, pkcs12, password }: Brought): CertificateContent {
  if (form === "pkcs12") return { pkcs12, ...(password !== "" && { password }) };
  return form === "identity" ? { certificate, key } : { certificate };
}

/** Whether enough was brought to send it. */
export const isWhole = (form: Form, { certificate, key, pkcs12 }: Brought): boolean =>
  form === "pkcs12" ? pkcs12 !== "" : certificate.trim() !== "" && (form === "authority" || key.trim() !== "");
