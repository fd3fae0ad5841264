import { X } from "lucide-react";
import { type KeyboardEvent, type ReactNode, useEffect, useMemo, useRef, useState } from "react";
import { actions, type PolicyOwner } from "@/api/actions";
import type { AppliedPolicy, PolicyKind } from "@/api/types";
import { configFaults } from "@/schema-form/faults";
import { SchemaForm } from "@/schema-form/schema-form";
import { CodeEditor, type CodeFault } from "@/shared/code";
import { plural } from "@/shared/format";
import { Markdown } from "@/shared/markdown";
import { Button, CopyButton, Dialog, ErrorNote, IconButton, Segments, Switch, toast } from "@/shared/ui";
import { useOperations } from "../spec/use-operations";
import { type Draft, draftOf, inputOf, newDraft, same } from "./draft";
import { faultsInYaml, readYaml, yamlOf } from "./draft-yaml";
import { draftKey, forgetDraft, keepDraft, useDrafts } from "./drafts";
import { inForceWords } from "./in-force";
import { RemovePolicy } from "./policy-card";
import { PolicyPreview } from "./policy-preview";
import { ScopeField } from "./scope-field";
import { type Check, useCheck } from "./use-check";

type PanelProps = {
  owner: PolicyOwner;
  kind: PolicyKind;
  saved: AppliedPolicy | null;
  onClose: () => void;
  onAdded: (policy: AppliedPolicy) => void;
  /** Said above the form. */
  note?: ReactNode;
};

/** One policy to edit, as a form and as YAML in step. Without `saved` it is a new one. */
export function PolicyPanel({ owner, kind, saved, onClose, onAdded, note }: PanelProps) {
  const key = draftKey(owner, saved?.id ?? kind.name);
  const base = useMemo(() => (saved ? draftOf(saved) : null), [saved]);
  const fresh = useMemo(() => newDraft(kind), [kind]);
  const draft = useDrafts((state) => state.drafts[key]) ?? base ?? fresh;
  const [view, setView] = useState<"form" | "yaml">("form");
  /** What the YAML view holds; made from the draft each time that view opens, unless it still has a fault. */
  const [text, setText] = useState("");
  const [yamlFaults, setYamlFaults] = useState<CodeFault[]>([]);
  const [help, setHelp] = useState(false);
  const [removing, setRemoving] = useState(false);
  const save = useSave({ owner, saved, draft, draft_key: key, onAdded });
  const check = useCheck(owner, draft);
  const changed = base === null || !same(draft, base) || yamlFaults.length > 0;
  const faulty = yamlFaults.length > 0 || check.faults.length > 0;
  const ready = changed && !faulty;

  const change = (next: Draft) => {
    save.forgetError();
    keepDraft(key, next, base);
  };
  const changeForm = (next: Draft) => {
    setYamlFaults([]);
    change(next);
  };
  const show = (next: "form" | "yaml") => {
    if (next === "yaml" && yamlFaults.length === 0) setText(yamlOf(draft));
    setView(next);
  };
  const changeText = (next: string) => {
    setText(next);
    const read = readYaml(next, draft.policy);
    setYamlFaults(read.faults);
    if (read.draft) change(read.draft);
  };
  const takeBack = () => {
    forgetDraft(key);
    setYamlFaults([]);
    setText(yamlOf(base ?? fresh));
    save.forgetError();
  };
  useSaveKey(ready ? save.run : null);
  const panel = useRef<HTMLElement>(null);
  const is_new = saved === null;
  useEffect(() => {
    if (is_new) panel.current?.querySelector<HTMLElement>(".panel-body input, .panel-body select")?.focus();
  }, [is_new]);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape" && !(event.target instanceof Element && event.target.closest(".cm-editor, [role='dialog']"))) onClose();
  };

  return (
    <aside
      ref={panel}
      className="panel side-panel policy-panel"
      aria-label={saved ? `Edit ${kind.name}` : `Add ${kind.name}`}
      onKeyDownCapture={onKeyDown}
    >
      <div className="panel-head">
        <span className="mono strong trunc">{kind.name}</span>
        {changed && <span className="chip chip-accent panel-chip">{saved ? "Changed" : "New"}</span>}
        <span className="push" />
        <Segments
          label="Shown as"
          value={view}
          onChange={show}
          options={[
            { value: "form", label: "Form" },
            { value: "yaml", label: "YAML" },
          ]}
        />
        <IconButton icon={X} label="Close" onClick={onClose} />
      </div>
      <div className="panel-body">
        {note}
        {view === "form" ? (
          <FormView
            owner={owner}
            kind={kind}
            draft={draft}
            check={check}
            broken={yamlFaults.length > 0}
            onChange={changeForm}
            onHelp={() => setHelp(true)}
          />
        ) : (
          <YamlView text={text} own={yamlFaults} check={check} onChange={changeText} />
        )}
        {owner !== null && (
          <div>
            <PolicyPreview api_id={owner} draft={draft} replaces={saved?.id} disabled={faulty} />
          </div>
        )}
        {check.unchecked && <ErrorNote title="It could not be checked" message={check.unchecked} />}
        {save.error !== null && <ErrorNote title="It was not saved" error={save.error} />}
      </div>
      <PanelNote changed={changed} faults={yamlFaults.length || check.faults.length} saved={saved} />
      <div className="panel-foot">
        {saved && (
          <Button look="ghost" className="btn-danger" onClick={() => setRemoving(true)}>
            Remove
          </Button>
        )}
        <span className="push" />
        {saved && changed && <Button onClick={takeBack}>Take back</Button>}
        <Button look="primary" kbd="Ctrl ⏎" disabled={!ready} busy={save.busy} onClick={save.run}>
          {saved ? "Save" : "Add"}
        </Button>
      </div>
      {saved && <RemovePolicy owner={owner} policy={saved} open={removing} onClose={() => setRemoving(false)} onRemoved={onClose} />}
      <Dialog open={help} onClose={() => setHelp(false)} title={kind.title} width={640}>
        <Markdown text={kind.help} />
      </Dialog>
    </aside>
  );
}

/** Ctrl+Enter saves, wherever the focus is while the panel is open; before the code editor takes it for a new line. */
function useSaveKey(run: (() => Promise<void>) | null) {
  useEffect(() => {
    const onKey = (event: globalThis.KeyboardEvent) => {
      if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
      if (event.target instanceof Element && event.target.closest("[role='dialog']")) return;
      event.preventDefault();
      event.stopPropagation();
      void run?.();
    };
    window.addEventListener("keydown", onKey, { capture: true });
    return () => window.removeEventListener("keydown", onKey, { capture: true });
  }, [run]);
}

type FormViewProps = {
  owner: PolicyOwner;
  kind: PolicyKind;
  draft: Draft;
  check: Check;
  broken: boolean;
  onChange: (draft: Draft) => void;
  onHelp: () => void;
};

function FormView({ owner, kind, draft, check, broken, onChange, onHelp }: FormViewProps) {
  const { inside, outside } = useMemo(() => configFaults(check.faults), [check.faults]);
  const operations = useOperations(owner);
  const known = (kind.schema.properties ?? {}) as Record<string, unknown>;
  const homeless = [
    ...inside.filter((fault) => !isShown(known, fault.field)),
    ...outside.filter((fault) => !fault.field.startsWith("only[")),
  ];
  return (
    <>
      <p className="small t2">
        {kind.summary}{" "}
        <button type="button" className="btn-link" onClick={onHelp}>
          Full help
        </button>
      </p>
      {broken && (
        <div className="note note-warn">
          <div>The YAML has a fault. The form shows the last good values; a change here replaces the YAML.</div>
        </div>
      )}
      <SchemaForm schema={kind.schema} value={draft.config} faults={inside} onChange={(config) => onChange({ ...draft, config })} />
      {Object.keys(known).length === 0 && <p className="small t3">This policy has nothing to set.</p>}
      {!kind.always_first && (
        <ScopeField
          owner={owner}
          only={draft.only}
          faults={check.faults}
          operations={operations}
          onChange={(only) => onChange({ ...draft, only })}
        />
      )}
      <div className="switch-field">
        <Switch id="policy-enabled" checked={draft.enabled} onChange={(enabled) => onChange({ ...draft, enabled })} />
        <div>
          <label className="label" htmlFor="policy-enabled">
            Enabled
          </label>
          <div className="help">Off keeps the configuration and enforces nothing.</div>
        </div>
      </div>
      <div className="switch-field">
        <Switch id="policy-shadow" checked={draft.shadow} onChange={(shadow) => onChange({ ...draft, shadow })} />
        <div>
          <label className="label" htmlFor="policy-shadow">
            Shadow
          </label>
          <div className="help">Decides and records what it would do, but lets every call pass unchanged.</div>
        </div>
      </div>
      {homeless.length > 0 && (
        <div className="note note-error" role="alert">
          <ul>
            {homeless.map((fault) => (
              <li key={`${fault.field}:${fault.message}`}>
                {fault.field && <span className="mono">{fault.field} </span>}
                {fault.message}
              </li>
            ))}
          </ul>
        </div>
      )}
    </>
  );
}

/** Whether a fault's field begins with a property that the form shows. */
const isShown = (properties: Record<string, unknown>, field: string): boolean => Object.hasOwn(properties, field.split(/[.[]/)[0] ?? "");

type YamlViewProps = { text: string; own: CodeFault[]; check: Check; onChange: (text: string) => void };

function YamlView({ text, own, check, onChange }: YamlViewProps) {
  const faults = useMemo(() => (own.length > 0 ? own : faultsInYaml(text, check.faults)), [own, text, check.faults]);
  const first = faults[0];
  return (
    <>
      <div className="row small t2">
        <span className="grow">The same configuration, in step with the form.</span>
        <CopyButton text={text} label="Copy the YAML">
          Copy
        </CopyButton>
      </div>
      <div className="yaml-box">
        <CodeEditor label="Policy as YAML" language="yaml" value={text} onChange={onChange} faults={faults} />
      </div>
      {first && (
        <div className="note note-error" role="alert">
          <div>
            <div className="strong c5">
              Line {first.line}: {first.message}
            </div>
            {faults.length > 1 && <div className="t2">And {plural(faults.length - 1, "more fault")}.</div>}
            {own.length > 0 && <div className="t2">The form keeps its last good values until this is right.</div>}
          </div>
        </div>
      )}
    </>
  );
}

/** What is in force now, and since when; and whether what is shown is. */
function PanelNote({ changed, faults, saved }: { changed: boolean; faults: number; saved: AppliedPolicy | null }) {
  if (faults > 0 && changed) return <p className="panel-note c5">{plural(faults, "fault")} to fix before it can be saved.</p>;
  if (changed)
    return (
      <p className="panel-note t2">
        {saved ? "Not in force yet: the saved configuration is." : "Not in force yet."} Saving puts it in force at once.
      </p>
    );
  return saved && <p className="panel-note t3">{inForceWords(saved)}.</p>;
}

type SaveProps = {
  owner: PolicyOwner;
  saved: AppliedPolicy | null;
  draft: Draft;
  draft_key: string;
  onAdded: (policy: AppliedPolicy) => void;
};

function useSave({ owner, saved, draft, draft_key, onAdded }: SaveProps) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const run = async () => {
    setBusy(true);
    setError(null);
    try {
      const input = inputOf(draft);
      const policy = saved ? await actions.savePolicy(owner, saved.id, input) : await actions.addPolicy(owner, input);
      forgetDraft(draft_key);
      toast(`${policy.policy} is ${policy.enabled ? (policy.shadow ? "in shadow" : "in force") : "saved, and off"}.`);
      if (!saved) onAdded(policy);
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };
  return { busy, error, run, forgetError: () => setError(null) };
}
