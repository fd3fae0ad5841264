import { type Document, isMap, LineCounter, parseDocument, stringify } from "yaml";
import type { Fault } from "@/api/types";
import { partsOf } from "@/schema-form/faults";
import type { CodeFault } from "@/shared/code";
import { type Draft, inputOf } from "./draft";

/** The draft as it stands in a gatepost.yaml, under `policies:`. */
export function yamlOf(draft: Draft): string {
  const { policy, config, only, enabled, shadow } = inputOf(draft);
  const item = { policy, config, ...(only && only.length > 0 && { only }), enabled, ...(shadow && { shadow }) };
  return stringify([item], { lineWidth: 0, flowCollectionPadding: false, defaultStringType: "PLAIN" });
}

export type Read = { draft: Draft; faults: [] } | { draft: null; faults: CodeFault[] };

const KEYS = new Set(["policy", "config", "only", "enabled", "shadow"]);

/** Reads YAML back into a draft of the same policy: one list item, or its content alone. Every fault has its line. */
export function readYaml(text: string, policy: string): Read {
  const { document, lines } = parsed(text);
  const syntax = document.errors.map((error) => at(lines, error.pos[0], sentence(error.message)));
  if (syntax.length > 0) return { draft: null, faults: syntax };
  const value = plain(document);
  if (value === ALIASES)
    return { draft: null, faults: [{ line: 1, message: "Anchors and aliases (&, *) are not taken here; write the value out" }] };
  const item: unknown = Array.isArray(value) && value.length === 1 ? value[0] : value;
  const prefix: (string | number)[] = Array.isArray(value) ? [0] : [];
  if (typeof item !== "object" || item === null || Array.isArray(item))
    return { draft: null, faults: [{ line: 1, message: "This must be one policy, with policy and config" }] };
  const faults = shapeFaults(item as Record<string, unknown>, policy).map(([key, message]) =>
    at(lines, offsetOf(document, [...prefix, key]), message),
  );
  if (faults.length > 0) return { draft: null, faults };
  const { config, only, enabled, shadow } = item as Partial<Draft>;
  return { draft: { policy, config: config ?? {}, only: only ?? [], enabled: enabled ?? true, shadow: shadow ?? false }, faults: [] };
}

function shapeFaults(item: Record<string, unknown>, policy: string): [key: string, message: string][] {
  const faults: [string, string][] = [];
  for (const key of Object.keys(item))
    if (!KEYS.has(key)) faults.push([key, `${key} is not known here: policy, config, only, enabled and shadow are`]);
  if (item.policy !== policy) faults.push(["policy", `policy must stay ${policy}; remove this one and add the other instead`]);
  if (item.config !== undefined && item.config !== null && !isPlain(item.config))
    faults.push(["config", "config must be a map of settings"]);
  if (item.only !== undefined && !(Array.isArray(item.only) && item.only.every(isPlain)))
    faults.push(["only", "only must be a list of rows with methods, path or both"]);
  for (const key of ["enabled", "shadow"])
    if (item[key] !== undefined && typeof item[key] !== "boolean") faults.push([key, `${key} takes true or false`]);
  return faults;
}

const isPlain = (value: unknown): boolean => typeof value === "object" && value !== null && !Array.isArray(value);

/** The gateway's faults at their lines in the text. One whose field is not written stands at its nearest parent. */
export function faultsInYaml(text: string, faults: readonly Fault[]): CodeFault[] {
  const { document, lines } = parsed(text);
  if (document.errors.length > 0) return [];
  const prefix = isMap(document.contents) ? [] : [0];
  return faults.map((fault) => at(lines, offsetOf(document, [...prefix, ...partsOf(fault.field)]), `${fault.field}: ${fault.message}`));
}

function parsed(text: string): { document: Document.Parsed; lines: LineCounter } {
  const lines = new LineCounter();
  return { document: parseDocument(text, { lineCounter: lines, prettyErrors: false }), lines };
}

const ALIASES = Symbol("aliases");

/** The document as plain data. Aliases are refused: a few lines of them can unfold to gigabytes. */
function plain(document: Document.Parsed): unknown {
  try {
    return document.toJS({ maxAliasCount: 0 });
  } catch {
    return ALIASES;
  }
}

/** Where a value begins; for a missing one its nearest parent that is there. */
function offsetOf(document: Document.Parsed, path: (string | number)[]): number {
  for (let length = path.length; length > 0; length--) {
    const node: unknown = document.getIn(path.slice(0, length), true);
    const range = (node as { range?: [number, number, number] } | undefined)?.range;
    if (range) return range[0];
  }
  return 0;
}

function at(lines: LineCounter, offset: number, message: string): CodeFault {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col), message };
}

/** The parser's messages end in a position and a colon when they are pretty, and with none otherwise. */
const sentence = (message: string): string => message.split("\n")[0]?.replace(/ at line \d+.*$/, "") ?? message;
