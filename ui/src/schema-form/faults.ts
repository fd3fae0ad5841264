import type { Fault } from "@/api/types";

/** `["limits", 0, "per"]` as the gateway writes it: `limits[0].per`. */
export const fieldOf = (path: readonly (string | number)[]): string =>
  path.reduce<string>((field, part) => (typeof part === "number" ? `${field}[${part}]` : field === "" ? part : `${field}.${part}`), "");

/** The parts of `config.limits[0].per`. */
export const partsOf = (field: string): (string | number)[] =>
  [...field.matchAll(/\[(\d+)\]|([^.[\]]+)/g)].map((match) => (match[1] !== undefined ? Number(match[1]) : (match[2] ?? "")));

/** The message at exactly this place. */
export const faultAt = (faults: readonly Fault[], path: readonly (string | number)[]): string | undefined => {
  const field = fieldOf(path);
  return faults.find((fault) => fault.field === field)?.message;
};

/** The faults below `config`, addressed from there, and the others. */
export function configFaults(faults: readonly Fault[]): { inside: Fault[]; outside: Fault[] } {
  const inside = faults
    .filter((fault) => /^config([.[]|$)/.test(fault.field))
    .map((fault) => ({ ...fault, field: fault.field.replace(/^config\.?/, "") }));
  return { inside, outside: faults.filter((fault) => !/^config([.[]|$)/.test(fault.field)) };
}
