import Fuse from "fuse.js";
import { Plus, Search } from "lucide-react";
import { type KeyboardEvent, useMemo, useState } from "react";
import type { AppliedPolicy, PolicyKind } from "@/api/types";
import { Markdown } from "@/shared/markdown";
import { Button, classes, Dialog, Empty, TextInput } from "@/shared/ui";

type CatalogueProps = {
  open: boolean;
  kinds: PolicyKind[];
  applied: AppliedPolicy[];
  /** Said of kinds that are in `applied`. */
  where: string;
  onClose: () => void;
  onChoose: (kind: PolicyKind) => void;
};

const FUZZINESS = 0.35;

export function found(kinds: PolicyKind[], text: string): PolicyKind[] {
  if (text.trim() === "") return kinds.toSorted((a, b) => a.category.localeCompare(b.category) || a.name.localeCompare(b.name));
  const keys = [{ name: "name", weight: 3 }, { name: "title", weight: 3 }, { name: "summary", weight: 1 }, "category"];
  return new Fuse(kinds, { keys, threshold: FUZZINESS, ignoreLocation: true }).search(text.trim()).map((hit) => hit.item);
}

/** Every kind of policy, to search, read about and choose. */
export function Catalogue({ open, onClose, ...rest }: CatalogueProps) {
  return (
    <Dialog open={open} onClose={onClose} title="Add policy" width={820}>
      <CatalogueBody {...rest} />
    </Dialog>
  );
}

function CatalogueBody({ kinds, applied, where, onChoose }: Omit<CatalogueProps, "open" | "onClose">) {
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const shown = useMemo(() => found(kinds, text), [kinds, text]);
  const current = shown[Math.min(at, shown.length - 1)];
  const onKeyDown = (event: KeyboardEvent) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by) {
      event.preventDefault();
      setAt((now) => Math.max(0, Math.min(shown.length - 1, now + by)));
    } else if (event.key === "Enter" && current) {
      event.preventDefault();
      onChoose(current);
    }
  };
  return (
    <div className="catalogue">
      <div className="col catalogue-side">
        <TextInput
          autoFocus
          role="combobox"
          aria-expanded
          aria-controls="policy-kinds"
          aria-activedescendant={current && `kind-${current.name}`}
          aria-label="Search policies"
          placeholder="Search policies"
          unit={<Search className="i i-s" aria-hidden />}
          value={text}
          onChange={(event) => {
            setText(event.target.value);
            setAt(0);
          }}
          onKeyDown={onKeyDown}
        />
        <div id="policy-kinds" role="listbox" aria-label="Policies" className="catalogue-list">
          {shown.map((kind, index) => (
            <div key={kind.name} role="presentation">
              {text === "" && kind.category !== shown[index - 1]?.category && (
                <div className="grp" role="presentation">
                  {kind.category}
                </div>
              )}
              <KindRow
                kind={kind}
                current={kind === current}
                applied={applied.some((policy) => policy.policy === kind.name) ? where : null}
                onPoint={() => setAt(index)}
                onChoose={() => onChoose(kind)}
              />
            </div>
          ))}
        </div>
      </div>
      <div className="catalogue-help">
        {current ? (
          <>
            <div className="row">
              <h3 className="strong grow">{current.title}</h3>
              <Button look="primary" size="s" icon={Plus} kbd="⏎" onClick={() => onChoose(current)}>
                Choose
              </Button>
            </div>
            <div className="row small t3">
              <span className="chip">{current.category}</span>
              {whereItActs(current)}
            </div>
            {!current.help.startsWith(current.summary.slice(0, 40)) && <p className="t2">{current.summary}</p>}
            <Markdown text={current.help} />
          </>
        ) : (
          <Empty title="No policy is called that">Try what it should do: limit, token, header, cache.</Empty>
        )}
      </div>
    </div>
  );
}

type KindRowProps = { kind: PolicyKind; current: boolean; applied: string | null; onPoint: () => void; onChoose: () => void };

/** Options are moved through with the arrows of the search field, so they take no focus of their own. */
function KindRow({ kind, current, applied, onPoint, onChoose }: KindRowProps) {
  return (
    <div
      id={`kind-${kind.name}`}
      role="option"
      tabIndex={-1}
      aria-selected={current}
      className={classes("kind", current && "current")}
      ref={(row) => {
        if (current) row?.scrollIntoView({ block: "nearest" });
      }}
      onClick={onPoint}
      onDoubleClick={onChoose}
      onKeyDown={(event) => event.key === "Enter" && onChoose()}
    >
      <span className="mono trunc grow">{kind.name}</span>
      {applied && <span className="small t3">{applied}</span>}
    </div>
  );
}

function whereItActs({ acts_on }: PolicyKind): string {
  if (acts_on.request && acts_on.response) return "acts on request and response";
  return acts_on.request ? "acts on the request" : "acts on the response";
}
