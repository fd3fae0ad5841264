import { json } from "@codemirror/lang-json";
import { yaml } from "@codemirror/lang-yaml";
import type { Extension } from "@codemirror/state";

export type CodeLanguage = "json" | "yaml" | "text";

export function languageOf(language: CodeLanguage): Extension {
  if (language === "json") return json();
  return language === "yaml" ? yaml() : [];
}

/** The language of a body, by its content type; what is not known is text. */
export function languageFor(content_type: string | null | undefined): CodeLanguage {
  const type = (content_type ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
  if (type.endsWith("json")) return "json";
  return type.endsWith("yaml") ? "yaml" : "text";
}

/** Larger texts are shown as they are: laying them out anew would take longer than anyone waits. */
const MOST_TO_LAY_OUT = 2_000_000;

/** JSON laid out over lines; the text itself when it is not JSON, or very large. */
export function pretty(text: string): string {
  if (text.length > MOST_TO_LAY_OUT) return text;
  try {
    const value: unknown = JSON.parse(text);
    const laid_out = JSON.stringify(value, null, 2);
    return sameNumbers(text, laid_out) ? laid_out : text;
  } catch {
    return text;
  }
}

/** Whether every number came through as it was written: 12345678901234567890 or 1.0 would not. */
function sameNumbers(before: string, after: string): boolean {
  return withoutSpace(before) === withoutSpace(after) || JSON.stringify(numbers(before)) === JSON.stringify(numbers(after));
}

const STRINGS = /"(?:[^"\\]|\\.)*"/g;
const withoutSpace = (text: string) => text.replace(/\s+/g, "");
const numbers = (text: string) => text.replace(STRINGS, '""').match(/-?\d[\d.eE+-]*/g) ?? [];
