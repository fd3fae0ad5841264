import type { Analytics } from "@/api/types";
import { Bars } from "@/shared/chart";
import { plural } from "@/shared/format";

/** What policies in shadow would have refused: apart from what was refused, since these calls went on. */
export function InShadow({ data, onPick }: { data: Analytics; onPick: (policy: string) => void }) {
  const would = data.by_policy.filter((each) => each.would_refuse > 0).toSorted((a, b) => b.would_refuse - a.would_refuse);
  return (
    <Bars
      title="Would be refused, in shadow"
      note={plural(data.totals.would_refuse, "call")}
      of="Policy"
      bars={would.map((each) => ({ key: each.policy, name: each.policy, value: each.would_refuse }))}
      empty="No policy in shadow would have refused a call."
      onPick={(bar) => onPick(bar.key)}
    />
  );
}
