import { parse, stringify } from "yaml";
import type { ApiForm, Fault } from "@/api/types";

/** What the editor changes of an API as it is written. */
export type UpstreamDraft = Pick<ApiForm, "upstream" | "routes">;

type Value = Record<string, unknown>;
type Schema = Record<string, unknown>;

/** One group of an upstream's settings, shown together. */
export type Section = {
  id: string;
  title: string;
  keys: readonly string[];
  /** What is in force, in a line. */
  words: (value: Value) => string;
  /** A setting that is on or off as a whole: what it is when off, whether it is on unless said otherwise, and what it has when on. */
  toggle?: { label: string; off: false | undefined; by_default: boolean; definition: string };
};

const text = (value: unknown): string => (Array.isArray(value) ? value.join(", ") : String(value));
const object = (value: unknown): Value => (typeof value === "object" && value !== null ? (value as Value) : {});

/** `connect 5s, response 15s`: what is set, in the order it was set. */
const pairs = (value: unknown): string =>
  Object.entries(object(value))
    .map(([key, of]) => `${key.replaceAll("_", " ")} ${text(of)}`)
    .join(", ");

export const SECTIONS: readonly Section[] = [
  {
    id: "spread",
    title: "Spreading and protocol",
    keys: ["balance", "hash_on", "protocol"],
    words: ({ balance, hash_on, protocol }) =>
      [text(balance ?? "round_robin").replaceAll("_", " "), hash_on && `on ${text(hash_on)}`, protocol && `speaks ${text(protocol)}`]
        .filter(Boolean)
        .join(", "),
  },
  {
    id: "timeouts",
    title: "Timeouts",
    keys: ["timeouts"],
    words: ({ timeouts }) => pairs(timeouts) || "connect 5s, response 15s, idle 300s",
  },
  {
    id: "health",
    title: "Health checks",
    keys: ["health"],
    toggle: {
      label: "Ask every target from time to time whether it is well",
      off: undefined,
      by_default: false,
      definition: "HealthInput",
    },
    words: ({ health }) => {
      if (health === undefined || health === null) return "off";
      const { path = "/", interval = "10s" } = object(health);
      return `asks ${text(path)} every ${text(interval)}`;
    },
  },
  {
    id: "ejection",
    title: "Leaving out targets that fail",
    keys: ["ejection"],
    toggle: {
      label: "Leave out a target that fails several calls in a row",
      off: false,
      by_default: true,
      definition: "EjectionSettings",
    },
    words: ({ ejection }) => {
      if (ejection === false) return "off";
      const { failures = 5, duration = "10s" } = object(ejection);
      return `after ${text(failures)} failures in a row, for ${text(duration)}`;
    },
  },
  {
    id: "retries",
    title: "Retries",
    keys: ["retries"],
    words: ({ retries }) => {
      const { attempts = 1, on_status } = object(retries);
      const also = Array.isArray(on_status) && on_status.length > 0 ? `, also on ${text(on_status)}` : "";
      return attempts === 0 ? "off" : `${text(attempts)} more, where that is safe${also}`;
    },
  },
  { id: "ceilings", title: "Ceilings", keys: ["ceilings"], words: ({ ceilings }) => pairs(ceilings) || "without end" },
  {
    id: "tls",
    title: "TLS to the upstream",
    keys: ["tls"],
    words: ({ tls }) => {
      const { verify, authority, certificate } = object(tls);
      const trust =
        verify === false ? "any certificate is taken" : authority ? `trusts ${text(authority)}` : "trusts the system's authorities";
      return certificate ? `${trust}, shows ${text(certificate)}` : trust;
    },
  },
];

/** The settings of one group, taken out of an upstream. */
export const part = (upstream: Value, keys: readonly string[]): Value =>
  Object.fromEntries(keys.filter((key) => upstream[key] !== undefined).map((key) => [key, upstream[key]]));

/** An upstream with the settings of one group replaced. */
export function withPart(upstream: Value, keys: readonly string[], next: Value): Value {
  const rest = Object.fromEntries(Object.entries(upstream).filter(([key]) => !keys.includes(key)));
  return { ...rest, ...part(next, keys) };
}

/** Whether a setting that is on or off as a whole is on. */
export const isOn = (value: unknown, { by_default }: NonNullable<Section["toggle"]>): boolean =>
  value === undefined || value === null ? by_default : value !== false;

const SAID = /\bDefault `?([^\s`,]+?)`?\.(?:\s|$)/;

/** The default that a description ends with, as its value: `Default 5s.`, `Default true.`; none where it is a longer story. */
function defaultOf({ description, type }: Schema): string | number | boolean | undefined {
  const [, said] = typeof description === "string" ? (SAID.exec(description) ?? []) : [];
  if (said === undefined || said === "none") return undefined;
  const types = [type].flat();
  if (types.includes("boolean")) return said === "true";
  // A duration may be a number too; its default is told with a unit.
  const isNumber = /^\d+$/.test(said) && (types.includes("integer") || types.includes("number"));
  return isNumber ? Number(said) : said;
}

/** A schema with the defaults that its descriptions tell in words, so that a form shows what is in force. */
export function withDefaults(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withDefaults);
  if (typeof schema !== "object" || schema === null) return schema;
  const node = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, withDefaults(value)]));
  const known = "default" in node && node.default !== null ? undefined : defaultOf(node);
  return known === undefined ? node : { ...node, default: known };
}

/** The schema of one group: some properties of the upstream's, with the definitions that they point to. `needed` cannot be left out here. */
export function schemaOf(api: Schema, definition: string, keys?: readonly string[], needed: readonly string[] = []): Schema {
  const defs = object(api.$defs);
  const { properties, required } = object(defs[definition]) as { properties?: Value; required?: string[] };
  return {
    type: "object",
    properties: keys ? part(properties ?? {}, keys) : properties,
    required: [...(required ?? []), ...needed],
    $defs: defs,
  };
}

/** The faults below a place, addressed from there: those of `upstream.timeouts` below `upstream`. */
export const faultsBelow = (faults: readonly Fault[], place: string): Fault[] =>
  faults
    .filter(({ field }) => field.startsWith(`${place}.`) || field.startsWith(`${place}[`))
    .map((fault) => ({ ...fault, field: fault.field.slice(place.length).replace(/^\./, "") }));

/** The draft as it stands in a gatepost.yaml, below an API. */
export const yamlOf = ({ upstream, routes }: UpstreamDraft): string =>
  stringify({ upstream, ...(routes && routes.length > 0 && { routes }) }, { lineWidth: 0, flowCollectionPadding: false });

/** Reads YAML back; says what is wrong with it as text. */
export function readYaml(source: string): UpstreamDraft | string {
  try {
    const value: unknown = parse(source, { maxAliasCount: 0 });
    const { upstream, routes, ...others } = object(value);
    const [other] = Object.keys(others);
    if (other !== undefined) return `${other} is not known here: upstream and routes are`;
    if (typeof upstream !== "object" || upstream === null || Array.isArray(upstream)) return "upstream is missing";
    if (routes !== undefined && !Array.isArray(routes)) return "routes must be a list";
    return { upstream, ...(routes && { routes }) } as UpstreamDraft;
  } catch (error) {
    return error instanceof Error ? (error.message.split("\n")[0] ?? error.message) : String(error);
  }
}
