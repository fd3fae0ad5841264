import type { TesterResponse } from "@/api/types";

/** Why an answer is not the upstream's, or would not be it, and what to do about it. */
export interface Explanation {
  kind: "refused" | "failed" | "shadow" | "answered";
  what: string;
  advice: string | null;
}

const headerOf = (response: TesterResponse, name: string) => response.headers.find(([known]) => known.toLowerCase() === name)?.[1];

function adviceFor(response: TesterResponse, called_as: boolean): string | null {
  if (response.status === 401 && !called_as) return "Choose a client app under “Call as” to send its client ID and secret.";
  if (response.status === 401 || response.status === 403)
    return "Check that the client app has access to this API, and that its secret is current.";
  const wait = headerOf(response, "retry-after");
  return response.status === 429 && wait ? `Calls pass again in ${wait} s.` : null;
}

/** Words for an answer that the gateway made itself, or would have made; `null` when the upstream answered and nobody minds. */
export function explain(response: TesterResponse, called_as: boolean): Explanation | null {
  const { call } = response;
  if (!call) return null;
  if (call.refused_by) {
    const step = call.trail.find((each) => each.outcome === "refused");
    const why = step?.note ? `: ${step.note}` : "";
    return { kind: "refused", what: `Refused by ${call.refused_by}${why}`, advice: adviceFor(response, called_as) };
  }
  if (call.error) return { kind: "failed", what: call.error, advice: null };
  const step = call.trail.find(({ outcome }) => outcome === "answered") ?? call.trail.find(({ outcome }) => outcome === "would_refuse");
  if (!step) return null;
  const why = step.note ? `: ${step.note}` : "";
  if (step.outcome === "answered") return { kind: "answered", what: `Answered by ${step.policy}${why}`, advice: null };
  return {
    kind: "shadow",
    what: `${step.policy} would refuse this call${why}`,
    advice: "It is in shadow, so the call passed. Switch shadow off to enforce it.",
  };
}
