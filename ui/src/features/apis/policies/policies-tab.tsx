import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Plus, ShieldCheck } from "lucide-react";
import { useState } from "react";
import { queries } from "@/api/queries";
import type { Api, PolicyKind } from "@/api/types";
import { useKeys } from "@/shared/keys";
import { Button, Empty, ErrorNote } from "@/shared/ui";
import { AutomatedAbove } from "./automated-above";
import { Catalogue } from "./catalogue";
import { Lane } from "./lane";
import { PendingEdits } from "./pending-edits";
import { PolicyPanel } from "./policy-panel";
import { useRefusals } from "./refusals";
import { ReplacedNote } from "./replaced-note";
import { statesInWords } from "./states";

/** The policies of one API in the order of enforcement, and the one that is open beside them. */
export function PoliciesTab({ api, selected }: { api: Api; selected: number | undefined }) {
  const navigate = useNavigate();
  const policies = useQuery(queries.appliedPolicies(api.id));
  const automated = useQuery(queries.automatedPolicies()).data ?? [];
  const kinds = useQuery(queries.policyKinds());
  const refusals = useRefusals(api.id);
  const [choosing, setChoosing] = useState(false);
  const [adding, setAdding] = useState<PolicyKind | null>(null);
  const select = (policy?: number) => {
    setAdding(null);
    void navigate({ to: "/apis/$id", params: { id: api.id }, search: { tab: "policies", ...(policy !== undefined && { policy }) } });
  };
  useKeys({ a: () => setChoosing(true) });
  const open = adding ? undefined : policies.data?.find((policy) => policy.id === selected);
  const kindOf = (name: string) => kinds.data?.find((kind) => kind.name === name);
  const openKind = adding ?? (open && kindOf(open.policy));
  const error = policies.error ?? kinds.error;
  return (
    <div className="policies">
      <div className="col grow">
        <div className="row policies-bar">
          <Button size="s" icon={Plus} kbd="A" onClick={() => setChoosing(true)}>
            Add policy
          </Button>
          {policies.data && policies.data.length > 0 && <span className="small t3">{statesInWords(policies.data)}</span>}
          <span className="push small t3">{policies.data && policies.data.length > 0 && "Refused, last hour"}</span>
        </div>
        {policies.data && (
          <PendingEdits
            api={api}
            policies={policies.data}
            onOpen={({ saved, draft }) => (saved ? select(saved.id) : setAdding(kindOf(draft.policy) ?? null))}
          />
        )}
        <div className="policies-scroll grow">
          {error && <ErrorNote title="The policies could not be read" error={error} onRetry={() => void policies.refetch()} />}
          {policies.data?.length === 0 && automated.length === 0 && (
            <Empty
              icon={ShieldCheck}
              title="Every call passes"
              action={
                <Button look="primary" icon={Plus} onClick={() => setChoosing(true)}>
                  Add policy
                </Button>
              }
            >
              This API has no policy. Ask for a client ID, limit the calls, or change what goes through.
            </Empty>
          )}
          {policies.data && policies.data.length + automated.length > 0 && (
            <Lane
              api={api}
              above={<AutomatedAbove policies={automated} kindOf={kindOf} />}
              policies={policies.data}
              kindOf={kindOf}
              refusals={refusals}
              selected={open?.id}
              onSelect={select}
            />
          )}
        </div>
      </div>
      {openKind && (
        <PolicyPanel
          key={adding ? `new-${adding.name}` : open?.id}
          owner={api.id}
          kind={openKind}
          saved={adding ? null : (open ?? null)}
          onClose={() => select()}
          onAdded={(policy) => select(policy.id)}
          note={open && <ReplacedNote policy={open} />}
        />
      )}
      <Catalogue
        open={choosing}
        kinds={kinds.data ?? []}
        applied={policies.data ?? []}
        where="on this API"
        onClose={() => setChoosing(false)}
        onChoose={(kind) => {
          setChoosing(false);
          setAdding(kind);
        }}
      />
    </div>
  );
}
