import type { Api, AppliedPolicy, CallSummary, ClientApp, Contract, Sample } from "@/api/types";

export const PROTECTING = "client-id-enforcement";
export const LIMITING = "rate-limiting";

/** What the tour knows of the gateway. Everything is read from there, so that a tour left half-way goes on where it was. */
export type Facts = {
  sample: Sample;
  api: Omit<Api, "form"> | undefined;
  policies: AppliedPolicy[];
  contract: Contract | undefined;
  client: ClientApp | undefined;
  calls: CallSummary[];
};

export type StepId = "sample" | "api" | "protect" | "credentials" | "call" | "chart" | "limit";
export const STEPS: StepId[] = ["sample", "api", "protect", "credentials", "call", "chart", "limit"];

/** The last step is an extra: the tour is complete without it. */
export const COUNTED = STEPS.length - 1;

/** An API of the tour is one whose upstream is the sample. */
export const isTourApi = (api: { upstream: { url: string } }, sample_url: string | null): boolean =>
  sample_url !== null && api.upstream.url.startsWith(sample_url);

export const refusedCall = (facts: Facts): CallSummary | undefined => facts.calls.find((call) => call.refused_by === PROTECTING);
export const passedCall = (facts: Facts): CallSummary | undefined =>
  facts.calls.find((call) => call.refused_by === null && call.status < 400);

/** How many steps are done: the first that is not ends the count, since each needs those before it. */
export function doneSteps(facts: Facts, seen: boolean): number {
  const enforced = (name: string) => facts.policies.some((policy) => policy.policy === name && policy.enabled);
  const done: Record<StepId, boolean> = {
    sample: facts.sample.running,
    api: facts.api !== undefined && facts.api.state === "active",
    protect: enforced(PROTECTING),
    credentials: facts.client !== undefined && facts.contract?.state === "approved",
    call: refusedCall(facts) !== undefined && passedCall(facts) !== undefined,
    chart: seen,
    limit: enforced(LIMITING) && facts.calls.some((call) => call.refused_by === LIMITING),
  };
  const first = STEPS.findIndex((step) => !done[step]);
  return first < 0 ? STEPS.length : first;
}
