import { useSortable } from "@dnd-kit/sortable";
import { CSS } from "@dnd-kit/utilities";
import { useQuery } from "@tanstack/react-query";
import { ArrowDown, ArrowUp, Ellipsis, Eye, GripVertical, Trash2 } from "lucide-react";
import { type KeyboardEvent, useState } from "react";
import { actions, type PolicyOwner } from "@/api/actions";
import { messageOf } from "@/api/errors";
import { queries } from "@/api/queries";
import type { AppliedPolicy, PolicyKind } from "@/api/types";
import { count, percent } from "@/shared/format";
import { Confirm, classes, IconButton, Menu, Switch, toast } from "@/shared/ui";
import { draftOf, inputOf, scopeWords } from "./draft";
import { draftKey, useDrafts } from "./drafts";
import { Gutter } from "./lane";
import type { Refusals } from "./refusals";
import { replacedOn, replacedWords } from "./replaced";

type PolicyCardProps = {
  owner: PolicyOwner;
  policy: AppliedPolicy;
  kind: PolicyKind | undefined;
  refusals: Refusals;
  selected: boolean;
  first: boolean;
  last: boolean;
  onSelect: () => void;
  onRemoved: () => void;
  onMove: (by: 1 | -1) => void;
};

/** One policy in the lane: drag it, switch it, open it. Alt+arrows move it. */
export function PolicyCard({ owner, policy, kind, refusals, selected, first, last, onSelect, onRemoved, onMove }: PolicyCardProps) {
  const pinned = kind?.always_first ?? false;
  const automated = useQuery(queries.automatedPolicies()).data ?? [];
  const replaced = replacedWords(policy, automated);
  const idle = replacedOn(policy, automated) === "all";
  const sortable = useSortable({ id: policy.id, disabled: pinned });
  const changed = useDrafts((state) => draftKey(owner, policy.id) in state.drafts);
  const [removing, setRemoving] = useState(false);
  const onKeyDown = (event: KeyboardEvent) => {
    const by = { ArrowUp: -1 as const, ArrowDown: 1 as const }[event.key];
    if (!event.altKey || !by) return;
    event.preventDefault();
    event.stopPropagation();
    onMove(by);
  };
  const enable = (enabled: boolean) =>
    actions.savePolicy(owner, policy.id, inputOf({ ...draftOf(policy), enabled })).then(
      () => toast(`${policy.policy} is ${enabled ? (policy.shadow ? "on, in shadow" : "on, and in force") : "off"}.`),
      (failure: unknown) => toast(`${policy.policy} was not switched. ${messageOf(failure)}`, "error"),
    );
  const acts = (half: "request" | "response") => policy.enabled && !idle && (kind?.acts_on[half] ?? false);
  return (
    <li
      className="lane lane-item"
      ref={sortable.setNodeRef}
      style={{ transform: CSS.Translate.toString(sortable.transform), transition: sortable.transition }}
    >
      <Gutter side="in" acts={acts("request")} shadow={policy.shadow} />
      {/* biome-ignore lint/a11y/noStaticElementInteractions: Alt+arrows are heard from every control inside the card */}
      <div
        className={classes("policy", (!policy.enabled || idle) && "off", selected && "selected", sortable.isDragging && "dragging")}
        onKeyDown={onKeyDown}
      >
        <button
          type="button"
          className="grip"
          {...sortable.attributes}
          {...sortable.listeners}
          disabled={pinned}
          aria-label={`Drag ${policy.policy}`}
          title={pinned ? "Always runs first" : "Drag, or Alt + arrows"}
        >
          <GripVertical className="i i-s" aria-hidden />
        </button>
        <Switch checked={policy.enabled} onChange={enable} label={`${policy.policy} in force`} />
        <button type="button" className="policy-open" onClick={onSelect} aria-expanded={selected}>
          <span className="row policy-name">
            <span className="nm mono">{policy.policy}</span>
            {pinned && <span className="chip scope-chip">Always first</span>}
            {policy.shadow && (
              <span className="chip chip-shadow scope-chip" title="Decides and records, but lets every call pass">
                <Eye className="i" aria-hidden />
                Shadow
              </span>
            )}
            {replaced && (
              <span className="chip scope-chip" title={`${replaced}. It comes back when that one goes.`}>
                {replaced}
              </span>
            )}
            {changed && <span className="chip chip-accent scope-chip">Changed, not in force</span>}
            {(policy.only ?? []).slice(0, 2).map((only) => (
              <span className="chip mono scope-chip" key={scopeWords(only)}>
                {scopeWords(only)}
              </span>
            ))}
            {(policy.only ?? []).length > 2 && <span className="chip scope-chip">+{(policy.only ?? []).length - 2}</span>}
          </span>
          <span className="sum trunc" title={policy.summary}>
            {policy.summary}
          </span>
        </button>
        <Share policy={policy} idle={idle} refusals={refusals} />
        <Menu
          trigger={<IconButton icon={Ellipsis} label={`More for ${policy.policy}`} />}
          items={[
            { label: "Move up", icon: ArrowUp, kbd: "Alt ↑", disabled: first || pinned, run: () => onMove(-1) },
            { label: "Move down", icon: ArrowDown, kbd: "Alt ↓", disabled: last || pinned, run: () => onMove(1) },
            { label: "Remove", icon: Trash2, danger: true, run: () => setRemoving(true) },
          ]}
        />
      </div>
      <Gutter side="out" acts={acts("response")} shadow={policy.shadow} />
      <RemovePolicy owner={owner} policy={policy} open={removing} onClose={() => setRemoving(false)} onRemoved={onRemoved} />
    </li>
  );
}

function Share({ policy, idle, refusals }: { policy: AppliedPolicy; idle: boolean; refusals: Refusals }) {
  if (!policy.enabled) return <div className="share t3">off</div>;
  if (idle) return <div className="share t3">replaced</div>;
  const of_kind = refusals.by_policy.get(policy.policy);
  const refused = (policy.shadow ? of_kind?.would_refuse : of_kind?.calls) ?? 0;
  return (
    <div className="share" title={`${count(refused)} of ${count(refusals.calls)} calls`}>
      <div className={refused > 0 ? "cr" : "t3"}>{refused > 0 ? <b>{percent(refused, refusals.calls)}</b> : "0 %"}</div>
      <div className="t3 micro">{policy.shadow ? "would be" : "of calls"}</div>
    </div>
  );
}

type RemoveProps = { owner: PolicyOwner; policy: AppliedPolicy; open: boolean; onClose: () => void; onRemoved: () => void };

export function RemovePolicy({ owner, policy, open, onClose, onRemoved }: RemoveProps) {
  const confirm = async () => {
    await actions.deletePolicy(owner, policy.id);
    toast(`${policy.policy} is removed.`);
    onRemoved();
  };
  return (
    <Confirm open={open} onClose={onClose} title={`Remove ${policy.policy}?`} act={`Remove ${policy.policy}`} onConfirm={confirm}>
      It stops at once, and its configuration is lost. Switch it off instead to keep the configuration.
    </Confirm>
  );
}
