import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Plus, Workflow } from "lucide-react";
import { useState } from "react";
import { queries } from "@/api/queries";
import type { PolicyKind } from "@/api/types";
import { Catalogue, Lane, PolicyPanel, useRefusals } from "@/features/apis/policies";
import { count } from "@/shared/format";
import { useKeys } from "@/shared/keys";
import { Screen } from "@/shared/screen";
import { Button, Empty, ErrorNote } from "@/shared/ui";
import { Coverage } from "./coverage";

/** The policies of all APIs, before their own, in an order of their own. Which one is open stands in the address. */
export function AutomatedScreen({ selected }: { selected: number | undefined }) {
  const navigate = useNavigate();
  const policies = useQuery(queries.automatedPolicies());
  const kinds = useQuery(queries.policyKinds());
  const apis = useQuery(queries.status()).data?.catalog.apis;
  const refusals = useRefusals();
  const [choosing, setChoosing] = useState(false);
  const [adding, setAdding] = useState<PolicyKind | null>(null);
  const select = (policy?: number) => {
    setAdding(null);
    void navigate({ to: "/automated", search: policy === undefined ? {} : { policy } });
  };
  useKeys({ a: () => setChoosing(true) });
  const kindOf = (name: string) => kinds.data?.find((kind) => kind.name === name);
  const open = adding ? undefined : policies.data?.find((policy) => policy.id === selected);
  const openKind = adding ?? (open && kindOf(open.policy));
  const error = policies.error ?? kinds.error;
  const add = (
    <Button look="primary" size="s" icon={Plus} kbd="A" onClick={() => setChoosing(true)}>
      Add policy
    </Button>
  );
  const some = policies.data !== undefined && policies.data.length > 0;
  return (
    <Screen title="Automated policies" actions={some && add} flush>
      <div className="policies">
        <div className="col grow">
          {some && (
            <div className="row policies-bar">
              <span className="small t2">
                {apis === undefined ? "For every API" : `For all ${count(apis)} APIs`}, before their own policies. Counted for each API
                apart.
              </span>
              <span className="push small t3">Refused, last hour</span>
            </div>
          )}
          <div className="policies-scroll grow">
            {error && <ErrorNote title="The policies could not be read" error={error} onRetry={() => void policies.refetch()} />}
            {policies.data?.length === 0 && (
              <Empty icon={Workflow} title="No policy is for every API" action={add}>
                What you add here holds for each API, those added later too, and runs before its own policies. An API’s own policy of the
                same kind gives way while the automated one is on.
              </Empty>
            )}
            {some && <Lane api={null} policies={policies.data} kindOf={kindOf} refusals={refusals} selected={open?.id} onSelect={select} />}
          </div>
        </div>
        {openKind && (
          <PolicyPanel
            key={adding ? `new-${adding.name}` : open?.id}
            owner={null}
            kind={openKind}
            saved={adding ? null : (open ?? null)}
            note={<Coverage kind={openKind} />}
            onClose={() => select()}
            onAdded={(policy) => select(policy.id)}
          />
        )}
      </div>
      <Catalogue
        open={choosing}
        kinds={kinds.data ?? []}
        applied={policies.data ?? []}
        where="automated"
        onClose={() => setChoosing(false)}
        onChoose={(kind) => {
          setChoosing(false);
          setAdding(kind);
        }}
      />
    </Screen>
  );
}
