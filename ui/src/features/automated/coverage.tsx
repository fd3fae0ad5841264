import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { queries } from "@/api/queries";
import type { PolicyConflicts, PolicyKind } from "@/api/types";
import { plural } from "@/shared/format";

/** How many conflicts stand there without being asked for. */
const SHOWN = 5;

/** Which APIs an automated policy of this kind is for, and whose own policies give way to it. */
export function Coverage({ kind }: { kind: PolicyKind }) {
  const found = useQuery(queries.policyConflicts(kind.name)).data;
  if (!found) return null;
  const { apis, total, first } = found;
  return (
    <div className={total > 0 ? "note note-warn" : "note"}>
      <div className="col coverage">
        <div>
          {apis === 0 ? "For every API, as soon as there is one." : `For ${plural(apis, "API")}, and each that is added.`}{" "}
          {total > 0 && givesWay(total)}
        </div>
        <ConflictList conflicts={first.slice(0, SHOWN)} />
        {total > SHOWN && (
          <details>
            <summary>{plural(total - SHOWN, "more", "more")}</summary>
            <ConflictList conflicts={first.slice(SHOWN)} />
            {total > first.length && <div className="t3">and {total - first.length} that are not listed</div>}
          </details>
        )}
      </div>
    </div>
  );
}

const givesWay = (total: number): string =>
  total === 1
    ? "One API has a policy of this kind of its own: it gives way on the calls that this one is for, while this one is on and not in shadow."
    : `${total} policies of this kind that APIs have of their own give way on the calls that this one is for, while this one is on and not in shadow.`;

function ConflictList({ conflicts }: { conflicts: PolicyConflicts["first"] }) {
  if (conflicts.length === 0) return null;
  return (
    <ul className="coverage-list">
      {conflicts.map((conflict) => (
        <li key={conflict.applied_policy_id}>
          <Link to="/apis/$id" params={{ id: conflict.api_id }} search={{ tab: "policies", policy: conflict.applied_policy_id }}>
            {conflict.api_name} {conflict.api_version}
          </Link>
          {!conflict.enabled && <span className="t3"> (off)</span>}
        </li>
      ))}
    </ul>
  );
}
