import { parse, stringify } from "yaml";
import type { ApiForm, Fault } from "@/api/types";

/** What the editor changes of an API as it is written. */
export type UpstreamDraft = Pick<ApiForm, "upstream" | "routes">;

type Value = Record<string, unknown>;
type Schema = Record<string, unknown>;
/** What holds where nothing is set, by the name of a definition. */
type Presets = (definition: string) => Value;

/** One group of an upstream's settings, shown together. */
export type Section = {
  id: string;
  title: string;
  keys: readonly string[];
  /** What is in force, in a line. */
  words: (value: Value, presets: Presets) => string;
  /** A setting that is on or off as a whole: what it is when off, whether it is on unless said otherwise, and what it has when on. */
  toggle?: { label: string; off: false | undefined; by_default: boolean; definition: string };
};

const text = (value: unknown): string => (Array.isArray(value) ? value.join(", ") : String(value));
const object = (value: unknown): Value => (typeof value === "object" && value !== null ? (value as Value) : {});

/** `connect 5s, response 15s`: what there is, in its order. */
const pairs = (value: unknown): string =>
  Object.entries(object(value))
    .map(([key, of]) => `${key.replaceAll("_", " ")} ${text(of)}`)
    .join(", ");

export const SECTIONS: readonly Section[] = [
  {
    id: "spread",
    title: "Spreading and protocol",
    keys: ["balance", "hash_on", "protocol"],
    words: ({ balance, hash_on, protocol }, presets) =>
      [
        text(balance ?? presets("UpstreamInput").balance).replaceAll("_", " "),
        hash_on && `on ${text(hash_on)}`,
        protocol && `speaks ${text(protocol)}`,
      ]
        .filter(Boolean)
        .join(", "),
  },
  {
    id: "timeouts",
    title: "Timeouts",
    keys: ["timeouts"],
    words: ({ timeouts }, presets) => pairs({ ...presets("TimeoutsInput"), ...object(timeouts) }),
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
    words: ({ health }, presets) => {
      if (health === undefined || health === null) return "off";
      const { path, interval }: Value = { ...presets("HealthInput"), ...object(health) };
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
    words: ({ ejection }, presets) => {
      if (ejection === false) return "off";
      const { failures, duration }: Value = { ...presets("EjectionSettings"), ...object(ejection) };
      return `after ${text(failures)} failures in a row, for ${text(duration)}`;
    },
  },
  {
    id: "retries",
    title: "Retries",
    keys: ["retries"],
    words: ({ retries }, presets) => {
      const { attempts, on_status }: Value = { ...presets("RetriesInput"), ...object(retries) };
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

/** The defaults that a schema tells of the properties of a definition. */
export function presetsOf(schema: Schema): Presets {
  const defs = object(schema.$defs);
  return (definition) => {
    const properties = Object.entries(object(object(defs[definition]).properties));
    return Object.fromEntries(properties.map(([key, property]) => [key, object(property).default]).filter(([, value]) => value != null));
  };
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
