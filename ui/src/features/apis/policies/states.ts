import type { AppliedPolicy } from "@/api/types";
import { plural } from "@/shared/format";

/** What becomes of a policy as it is saved. */
function stateOf({ enabled, shadow, replaced_by }: AppliedPolicy): "on" | "off" | "shadow" | "replaced" {
  if (!enabled) return "off";
  if (replaced_by.length > 0) return "replaced";
  return shadow ? "shadow" : "on";
}

/** How many policies are in force, and how many are not, and why. */
export function statesInWords(policies: AppliedPolicy[]): string {
  const count = (state: ReturnType<typeof stateOf>) => policies.filter((policy) => stateOf(policy) === state).length;
  const [on, off, shadowed, replaced] = [count("on"), count("off"), count("shadow"), count("replaced")];
  const rest = [off > 0 && `${off} off`, shadowed > 0 && `${shadowed} in shadow`, replaced > 0 && `${replaced} replaced`];
  const words = rest.filter(Boolean).join(", ");
  if (words === "") return `${on} on, in force`;
  return on === 0 ? `None in force, ${words}` : `${on} on and in force, ${words}`;
}

/** The same of an API's own and the automated ones, for a line. */
export function policiesInWords(own: AppliedPolicy[], automated: AppliedPolicy[]): string {
  const common = automated.length > 0 ? plural(automated.length, "automated policy", "automated policies") : "";
  if (own.length === 0) return common === "" ? "none: every call passes" : `none of its own, ${common}`;
  return common === "" ? statesInWords(own) : `${statesInWords(own)}; ${common}`;
}
