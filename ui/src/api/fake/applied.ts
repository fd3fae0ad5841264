import type { AppliedPolicy, AppliedPolicyInput, Fault } from "../types";
import { kinds } from "./policies";
import { created, type Handler, missing, ok, refuse } from "./reply";
import { changed, makePolicy, state, summaryOf } from "./state";

function faultsOf(input: AppliedPolicyInput): Fault[] {
  const kind = kinds.find((known) => known.name === input.policy);
  const required = (kind?.schema.required ?? []) as string[];
  const faults = required
    .filter((key) => input.config[key] === undefined || input.config[key] === "")
    .map((key) => ({ field: `config.${key}`, message: "is required" }));
  const limits = Array.isArray(input.config.limits) ? (input.config.limits as { requests?: number }[]) : [];
  limits.forEach((limit, row) => {
    if (!limit.requests || limit.requests < 1) faults.push({ field: `config.limits[${row}].requests`, message: "must be 1 or more" });
  });
  return faults;
}

/** As they are shown: an API's own give way to automated ones of their kind. */
function shown(policies: AppliedPolicy[]): AppliedPolicy[] {
  const replacing = policies === state.automated ? [] : state.automated.filter(({ enabled, shadow }) => enabled && !shadow);
  return policies.map((own, position) => ({
    ...own,
    position,
    replaced_by: replacing.filter(({ policy }) => policy === own.policy).map(({ id }) => id),
  }));
}

type Found = { policies: AppliedPolicy[]; id: number | undefined };

/** What is done with the policies of one API, or with automated ones. */
export function appliedRoutes(path: string, found: (ids: number[]) => Found | undefined): Record<string, Handler> {
  return {
    [`GET ${path}`]: ({ ids }) => {
      const { policies } = found(ids) ?? {};
      return policies ? ok(shown(policies)) : missing();
    },
    [`POST ${path}`]: ({ ids, body }) => {
      const input = body as AppliedPolicyInput;
      const faults = faultsOf(input);
      if (faults.length > 0) return refuse(422, "invalid", "The policy was not added.", faults);
      const policy = makePolicy(input.policy, input.config, input.only, input.enabled);
      found(ids)?.policies.push(policy);
      changed(`${input.policy} added`);
      return created(policy);
    },
    [`POST ${path}/check`]: ({ body }) => {
      const input = body as AppliedPolicyInput;
      return ok({ faults: faultsOf(input), summary: summaryOf(input.policy, input.config) });
    },
    [`PUT ${path}/#`]: ({ ids, body }) => {
      const input = body as AppliedPolicyInput;
      const faults = faultsOf(input);
      if (faults.length > 0) return refuse(422, "invalid", "The policy was not saved.", faults);
      const { policies, id } = found(ids) ?? {};
      const policy = policies?.find((known) => known.id === id);
      if (!policy) return missing();
      changed(`${input.policy} changed`);
      const summary = summaryOf(input.policy, input.config);
      return ok(Object.assign(policy, { only: [], enabled: true, shadow: false }, input, { summary, in_force_since: Date.now() }));
    },
    [`DELETE ${path}/#`]: ({ ids }) => {
      const { policies, id } = found(ids) ?? {};
      policies?.splice(0, policies.length, ...policies.filter((policy) => policy.id !== id));
      changed("A policy was removed");
      return ok();
    },
    [`PUT ${path}-order`]: ({ ids, body }) => {
      const order = (body as { ids: number[] }).ids;
      const policies = found(ids)?.policies.sort((a, b) => order.indexOf(a.id) - order.indexOf(b.id));
      changed("Policies were reordered");
      return ok(policies);
    },
  };
}

/** One route for each kind: the name of a kind is no number. */
export const conflictRoutes: Record<string, Handler> = Object.fromEntries(
  kinds.map((kind) => [
    `GET /automated-policies/conflicts/${kind.name}`,
    () => {
      const first = state.apis.flatMap(({ api, policies }) =>
        policies
          .filter(({ policy }) => policy === kind.name)
          .map(({ id, enabled }) => ({ api_id: api.id, api_name: api.name, api_version: api.version, applied_policy_id: id, enabled })),
      );
      return ok({ apis: state.apis.length, total: first.length, first: first.slice(0, 100) });
    },
  ]),
);
