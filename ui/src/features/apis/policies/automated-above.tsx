import { Link } from "@tanstack/react-router";
import { ChevronRight, Eye } from "lucide-react";
import type { AppliedPolicy, PolicyKind } from "@/api/types";
import { classes } from "@/shared/ui";
import { scopeWords } from "./draft";
import { Gutter } from "./lane";

type AboveProps = { policies: AppliedPolicy[]; kindOf: (name: string) => PolicyKind | undefined };

/** The automated policies, which run before the API's own: to be read here, and to be changed on their own screen. */
export function AutomatedAbove({ policies, kindOf }: AboveProps) {
  if (policies.length === 0) return null;
  return (
    <ol className="lane-list" aria-label="Automated policies, which run first">
      {policies.map((policy) => {
        const acts = (half: "request" | "response") => policy.enabled && (kindOf(policy.policy)?.acts_on[half] ?? false);
        return (
          <li className="lane" key={policy.id}>
            <Gutter side="in" acts={acts("request")} shadow={policy.shadow} />
            <Link to="/automated" search={{ policy: policy.id }} className={classes("policy automated", !policy.enabled && "off")}>
              <span className="policy-open">
                <span className="row policy-name">
                  <span className="nm mono">{policy.policy}</span>
                  <span className="chip scope-chip">Automated</span>
                  {!policy.enabled && <span className="chip scope-chip">Off</span>}
                  {policy.shadow && (
                    <span className="chip chip-shadow scope-chip">
                      <Eye className="i" aria-hidden />
                      Shadow
                    </span>
                  )}
                  {policy.only.map((only) => (
                    <span className="chip mono scope-chip" key={scopeWords(only)}>
                      {scopeWords(only)}
                    </span>
                  ))}
                </span>
                <span className="sum trunc" title={policy.summary}>
                  {policy.summary}
                </span>
              </span>
              <ChevronRight className="i i-s t3" aria-hidden />
            </Link>
            <Gutter side="out" acts={acts("response")} shadow={policy.shadow} />
          </li>
        );
      })}
    </ol>
  );
}
