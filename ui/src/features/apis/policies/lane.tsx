import { closestCenter, DndContext, type DragEndEvent, KeyboardSensor, PointerSensor, useSensor, useSensors } from "@dnd-kit/core";
import { arrayMove, SortableContext, sortableKeyboardCoordinates, verticalListSortingStrategy } from "@dnd-kit/sortable";
import { ArrowDown, ArrowUp, Server, Waypoints } from "lucide-react";
import { type ReactNode, useState } from "react";
import { actions, type PolicyOwner } from "@/api/actions";
import { messageOf } from "@/api/errors";
import type { Api, AppliedPolicy, PolicyKind } from "@/api/types";
import { classes, toast } from "@/shared/ui";
import { PolicyCard } from "./policy-card";
import type { Refusals } from "./refusals";

type LaneProps = {
  /** None: the automated policies, which run before the own ones of every API. */
  api: Api | null;
  /** Rows above the first policy, which are not to be moved. */
  above?: ReactNode;
  policies: AppliedPolicy[];
  kindOf: (name: string) => PolicyKind | undefined;
  refusals: Refusals;
  selected: number | undefined;
  onSelect: (id?: number) => void;
};

/** A pointer must move this far before a press becomes a drag, so that a click still selects. */
const DRAG_AFTER_PX = 4;

/** The request runs down the left edge, the answer up the right one; a ring marks where a policy acts. */
export function Lane({ api, above, policies, kindOf, refusals, selected, onSelect }: LaneProps) {
  const pinned = policies.filter((policy) => kindOf(policy.policy)?.always_first).length;
  const owner = api?.id ?? null;
  const { shown, move } = useOrder(owner, policies, pinned);
  const sensors = useSensors(
    useSensor(PointerSensor, { activationConstraint: { distance: DRAG_AFTER_PX } }),
    useSensor(KeyboardSensor, { coordinateGetter: sortableKeyboardCoordinates }),
  );
  const onDragEnd = ({ active, over }: DragEndEvent) => {
    if (over)
      move(
        Number(active.id),
        shown.findIndex((policy) => policy.id === over.id),
      );
  };
  const cards = shown.map((policy, index) => (
    <PolicyCard
      key={policy.id}
      owner={owner}
      policy={policy}
      kind={kindOf(policy.policy)}
      refusals={refusals}
      selected={policy.id === selected}
      onSelect={() => onSelect(policy.id === selected ? undefined : policy.id)}
      onRemoved={() => policy.id === selected && onSelect()}
      onMove={(by) => move(policy.id, index + by)}
      first={index === pinned}
      last={index === shown.length - 1}
    />
  ));
  return (
    <DndContext sensors={sensors} collisionDetection={closestCenter} onDragEnd={onDragEnd}>
      <SortableContext items={shown.map((policy) => policy.id)} strategy={verticalListSortingStrategy}>
        <div className="lane">
          <Gutter side="in" place="end" />
          <div className="stop">
            <ArrowDown className="i i-s" aria-hidden />
            <b className="strong">Request</b>
            <span className="t3">runs top to bottom</span>
            <span className="push t3">response runs bottom to top</span>
            <b className="strong">Response</b>
            <ArrowUp className="i i-s" aria-hidden />
          </div>
          <Gutter side="out" place="end" />
        </div>
        {pinned > 0 && (
          <ol className="lane-list" aria-label="Policies that always run first">
            {cards.slice(0, pinned)}
          </ol>
        )}
        {above}
        <ol className="lane-list" aria-label="Policies in the order of enforcement">
          {cards.slice(pinned)}
        </ol>
        <div className="lane">
          <Gutter side="in" place="fin" />
          <div className="stop">
            {api ? (
              <>
                <Server className="i i-s" aria-hidden />
                <b className="strong">Upstream</b>
                <span className="mono t3 trunc">{api.upstream.url.replace(/^https?:\/\//, "")}</span>
              </>
            ) : (
              <>
                <Waypoints className="i i-s" aria-hidden />
                <b className="strong">The API</b>
                <span className="t3 trunc">its own policies, then its upstream</span>
              </>
            )}
          </div>
          <Gutter side="out" place="fin" />
        </div>
      </SortableContext>
    </DndContext>
  );
}

type GutterProps = { side: "in" | "out"; place?: "end" | "fin"; acts?: boolean; shadow?: boolean };

export function Gutter({ side, place, acts, shadow }: GutterProps) {
  return (
    <div className={`g-${side} ${place ?? ""}`} aria-hidden>
      <i className={place ? "pip pip-end" : acts ? classes("pip", shadow && "shadow") : "pip skip"} />
    </div>
  );
}

/**
 * The order as dropped, at once; back to the saved one when the gateway refuses it. The `pinned` policies come first,
 * and nothing goes before them.
 */
function useOrder(owner: PolicyOwner, policies: AppliedPolicy[], pinned: number) {
  const [pending, setPending] = useState<number[] | null>(null);
  const shown = pending ? policies.toSorted((a, b) => pending.indexOf(a.id) - pending.indexOf(b.id)) : policies;
  const move = (id: number, place: number) => {
    const ids = shown.map((policy) => policy.id);
    const from = ids.indexOf(id);
    const to = Math.max(place, pinned);
    if (from < pinned || to >= ids.length || from === to) return;
    const next = arrayMove(ids, from, to);
    setPending(next);
    actions
      .orderPolicies(owner, next)
      .catch((failure: unknown) => toast(`The order was not saved. ${messageOf(failure)}`, "error"))
      .finally(() => setPending(null));
  };
  return { shown, move };
}
