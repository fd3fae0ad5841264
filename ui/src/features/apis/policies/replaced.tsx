import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { queries } from "@/api/queries";
import type { AppliedPolicy } from "@/api/types";
import { scopeWords } from "./draft";

/** Says of an API's own policy that an automated one of its kind runs in its place, and on which calls. */
export function ReplacedChip({ policy }: { policy: AppliedPolicy }) {
  const automated = useQuery(queries.automatedPolicies()).data;
  if (policy.replaced_by.length === 0) return null;
  const words = replacedWords(policy, automated ?? []);
  return (
    <span className="chip scope-chip" title={`${words}. It comes back when that one goes.`}>
      {words}
    </span>
  );
}

/** The same, above the form, with the way there. */
export function ReplacedNote({ policy }: { policy: AppliedPolicy }) {
  const [by] = policy.replaced_by;
  if (by === undefined) return null;
  return (
    <div className="note note-warn">
      <div>
        An automated policy of its kind runs in its place, on the calls that one is for. It comes back when that one goes.{" "}
        <Link to="/automated" search={{ policy: by }}>
          Open it
        </Link>
      </div>
    </div>
  );
}

export function replacedWords(policy: AppliedPolicy, automated: AppliedPolicy[]): string {
  const scopes = automated.filter(({ id }) => policy.replaced_by.includes(id)).map(({ only }) => only);
  const partly = scopes.length > 0 && scopes.every((only) => only.length > 0);
  return partly ? `Replaced on ${scopes.flat().map(scopeWords).join("; ")}` : "Replaced by an automated policy";
}
