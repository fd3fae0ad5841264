import { Link } from "@tanstack/react-router";
import type { AppliedPolicy } from "@/api/types";

/** Says above the form that an automated policy runs in the place of this one, with the way there. */
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
