import type {
  AppliedPolicyInput,
  CallSummary,
  ExpressionAnswer,
  ExpressionQuestion,
  PolicyPreview,
  PreviewedCall,
  ScopeAnswer,
  ScopeQuestion,
} from "../types";

/** Good enough for sample data: only methods are looked at. */
export function scopeAnswerOf({ only = [], requests = [] }: ScopeQuestion, calls: CallSummary[]): ScopeAnswer {
  const answer = ({ method = "GET", path }: { method?: string; path: string }) => {
    const row = only.findIndex(({ methods }) => !methods?.length || methods.includes(method));
    return { method, path, taken: only.length === 0 || row >= 0, row: row < 0 ? null : row, fault: null };
  };
  const last = new Map(calls.slice(0, 100).map((call) => [call.method + call.path, call]));
  return { requests: requests.map(answer), recorded: [...last.values()].slice(0, 12).map(answer) };
}

/** Every outcome once in a while. */
export function policyPreviewOf({ policy }: AppliedPolicyInput, calls: CallSummary[]): PolicyPreview {
  const ends: Pick<PreviewedCall, "outcome" | "status" | "why" | "changes">[] = [
    { outcome: "passed", status: null, why: "all together: 2 of 5 left, resets in 40 s", changes: [] },
    { outcome: "refused", status: 429, why: `${policy}: 0 of 5 left, resets in 21 s`, changes: [] },
    { outcome: "changed", status: null, why: "", changes: ["request: gets x-gateway"] },
    { outcome: "cannot_tell", status: null, why: "it may hang on authorization, of which no value is recorded", changes: [] },
  ];
  const told = calls.slice(0, 200).map(({ id, at_us, method, path, status }, n): PreviewedCall => {
    const end = ends[n % 7] ?? { outcome: "passed", status: null, why: "", changes: [] };
    return { id, at_us, method, path, was: status, ...end };
  });
  const count = (outcome: PreviewedCall["outcome"]) => told.filter((call) => call.outcome === outcome).length;
  const counts = {
    passed: count("passed"),
    changed: count("changed"),
    refused: count("refused"),
    answered: 0,
    failed: 0,
    out_of_scope: 0,
    not_reached: 0,
    cannot_tell: count("cannot_tell"),
  };
  return { counts, calls: told, left_out: 0 };
}

/** Literal text is its own value; of what is between `#[` and `]` nothing is known here. */
export function expressionAnswerOf({ expression }: ExpressionQuestion): ExpressionAnswer {
  const open = expression.lastIndexOf("#[");
  const fault =
    open >= 0 && !expression.includes("]", open)
      ? { message: "`]` is missing at the end", from: expression.length, to: expression.length }
      : null;
  return { value: fault ? null : expression.replaceAll(/#\[.*?\]/g, "…"), fault, unrecorded: [] };
}
