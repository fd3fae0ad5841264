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

/**
 * JSON laid out over lines; the text itself when it is not JSON, or very large. Only the space between tokens changes:
 * numbers, escapes, the order of members and members named twice stay as they were written.
 */
export function pretty(text: string): string {
  if (text.length > MOST_TO_LAY_OUT) return text;
  try {
    JSON.parse(text);
  } catch {
    return text;
  }
  return layOut(text.match(TOKENS) ?? []);
}

const TOKENS = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g;

function layOut(tokens: readonly string[]): string {
  const parts: string[] = [];
  let depth = 0;
  const line = () => `\n${"  ".repeat(depth)}`;
  tokens.forEach((token, index) => {
    const closes = token === "}" || token === "]";
    const is_empty = closes && ["{", "["].includes(tokens[index - 1] ?? "");
    if (closes) depth -= 1;
    if (closes && !is_empty) parts.push(line());
    parts.push(token);
    if (token === "{" || token === "[") {
      depth += 1;
      const next = tokens[index + 1];
      if (next !== "}" && next !== "]") parts.push(line());
    } else if (token === ",") parts.push(line());
    else if (token === ":") parts.push(" ");
  });
  return parts.join("");
}
