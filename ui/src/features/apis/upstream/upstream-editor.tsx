import { useQuery } from "@tanstack/react-query";
import { useId, useMemo, useState } from "react";
import { actions } from "@/api/actions";
import { faultsOf } from "@/api/errors";
import { queries } from "@/api/queries";
import type { Api, Fault } from "@/api/types";
import { cleaned, SchemaForm } from "@/schema-form/schema-form";
import { CodeEditor } from "@/shared/code";
import { Button, ErrorNote, Segments, Switch, toast } from "@/shared/ui";
import { RoutesEditor } from "./routes-editor";
import {
  faultsBelow,
  isOn,
  part,
  presetsOf,
  readYaml,
  SECTIONS,
  type Section,
  schemaOf,
  type UpstreamDraft,
  withPart,
  yamlOf,
} from "./sections";

type Value = Record<string, unknown>;

/** What is behind an API, to edit: as a form in groups, or as YAML in step with it. */
export function UpstreamEditor({ api }: { api: Api }) {
  const base: UpstreamDraft = useMemo(() => ({ upstream: api.form.upstream, routes: api.form.routes ?? [] }), [api]);
  const [draft, setDraft] = useState(base);
  const [view, setView] = useState<"form" | "yaml">("form");
  const [text, setText] = useState("");
  const [fault, setFault] = useState<string | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const changed = fault !== null || JSON.stringify(cleaned(draft)) !== JSON.stringify(cleaned(base));

  const change = (next: UpstreamDraft) => {
    setDraft(next);
    setFault(null);
  };
  const show = (next: "form" | "yaml") => {
    if (next === "yaml" && fault === null) setText(yamlOf(draft));
    setView(next);
  };
  const changeText = (next: string) => {
    setText(next);
    const read = readYaml(next);
    if (typeof read === "string") setFault(read);
    else change(read);
  };
  const takeBack = () => {
    change(base);
    setText(yamlOf(base));
    setError(null);
  };
  const save = async () => {
    setBusy(true);
    setError(null);
    try {
      await actions.saveApi(api.id, { ...api.form, ...(cleaned(draft) as UpstreamDraft) });
      toast("The upstream is in force.");
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };

  return (
    <section className="card upstream-editor" aria-labelledby="edit-upstream">
      <div className="card-head ruled">
        <h2 id="edit-upstream">Where calls go</h2>
        {changed && <span className="chip chip-accent">Changed</span>}
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
      </div>
      <div className="settings-body form">
        {view === "form" ? (
          <FormView draft={draft} faults={faultsOf(error)} onChange={change} />
        ) : (
          <>
            <div className="yaml-box">
              <CodeEditor label="Upstream as YAML" language="yaml" value={text} onChange={changeText} faults={[]} />
            </div>
            {fault && <ErrorNote title="The form keeps its last good values until this is right" message={fault} />}
          </>
        )}
        {error !== null && <ErrorNote title="The upstream was not saved" error={error} />}
        <div className="row">
          <Button look="primary" disabled={!changed || fault !== null} busy={busy} onClick={() => void save()}>
            Save
          </Button>
          <Button disabled={!changed} onClick={takeBack}>
            Take back
          </Button>
          <span className="small t3">Saved changes are in force at once; calls under way end as they began.</span>
        </div>
      </div>
    </section>
  );
}

type FormProps = { draft: UpstreamDraft; faults: readonly Fault[]; onChange: (draft: UpstreamDraft) => void };

function FormView({ draft, faults, onChange }: FormProps) {
  const schema = useQuery(queries.apiSchema()).data;
  if (!schema) return <p className="t3">Reading what can be set ...</p>;
  return (
    <>
      <UpstreamFields
        schema={schema}
        upstream={draft.upstream as Value}
        faults={faultsBelow(faults, "upstream")}
        onChange={(upstream) => onChange({ ...draft, upstream })}
      />
      <RoutesEditor
        schema={schema}
        routes={(draft.routes ?? []) as Value[]}
        faults={faultsBelow(faults, "routes")}
        onChange={(routes) => onChange({ ...draft, routes: routes as UpstreamDraft["routes"] })}
      />
    </>
  );
}

type UpstreamFieldsProps = { schema: Value; upstream: Value; faults: readonly Fault[]; onChange: (upstream: Value) => void };

/** The targets, and behind a line each what is seldom changed. */
export function UpstreamFields({ schema, upstream, faults, onChange }: UpstreamFieldsProps) {
  const presets = useMemo(() => presetsOf(schema), [schema]);
  return (
    <>
      <TargetFields schema={schema} upstream={upstream} faults={faults} onChange={onChange} />
      <div className="upstream-sections">
        {SECTIONS.map((section) => {
          const { id, title, keys, words } = section;
          const own = faults.filter(({ field }) =>
            keys.some((key) => field === key || (/^[.[]/.test(field.slice(key.length)) && field.startsWith(key))),
          );
          return (
            <details key={id} open={own.length > 0 || undefined}>
              <summary>
                <span className="strong">{title}</span>
                <span className="t3 small trunc">{words(upstream, presets)}</span>
              </summary>
              <div className="upstream-section">
                <SectionFields section={section} schema={schema} upstream={upstream} faults={own} onChange={onChange} />
              </div>
            </details>
          );
        })}
      </div>
    </>
  );
}

function SectionFields({ section, schema, upstream, faults, onChange }: UpstreamFieldsProps & { section: Section }) {
  const { keys, toggle } = section;
  const [key] = keys;
  if (!toggle || key === undefined)
    return (
      <SchemaForm
        schema={schemaOf(schema, "UpstreamInput", keys)}
        value={part(upstream, keys)}
        faults={faults}
        onChange={(next) => onChange(withPart(upstream, keys, next))}
      />
    );
  const value = upstream[key];
  const set = (next: unknown) => onChange(withPart(upstream, keys, { [key]: next }));
  return (
    <ToggledFields
      toggle={toggle}
      schema={schemaOf(schema, toggle.definition)}
      value={value}
      faults={faultsBelow(faults, key)}
      onChange={set}
    />
  );
}

type ToggledProps = {
  toggle: NonNullable<Section["toggle"]>;
  schema: Value;
  value: unknown;
  faults: readonly Fault[];
  onChange: (value: unknown) => void;
};

/** A switch, and below it the settings while it is on. */
function ToggledFields({ toggle, schema, value, faults, onChange }: ToggledProps) {
  const id = useId();
  const on = isOn(value, toggle);
  return (
    <div className="form">
      <div className="switch-field">
        <Switch id={id} checked={on} onChange={(next) => onChange(next ? (toggle.by_default ? undefined : {}) : toggle.off)} />
        <label className="label" htmlFor={id}>
          {toggle.label}
        </label>
      </div>
      {on && (
        <SchemaForm
          schema={schema}
          value={typeof value === "object" && value !== null ? (value as Value) : {}}
          faults={faults}
          onChange={onChange}
        />
      )}
    </div>
  );
}

const ONE = ["url"] as const;
const SEVERAL = ["targets"] as const;

/** One URL as long as one is enough; a list with weights when there are several. */
function TargetFields({ schema, upstream, faults, onChange }: UpstreamFieldsProps) {
  const several = Array.isArray(upstream.targets);
  const keys = several ? SEVERAL : ONE;
  const widen = () => {
    const { url, ...rest } = upstream;
    onChange({ ...rest, targets: [{ url: url ?? "" }, { url: "" }] });
  };
  const narrow = () => {
    const { targets, ...rest } = upstream;
    const [first] = targets as { url?: string }[];
    onChange({ ...rest, url: first?.url ?? "" });
  };
  const lone = several && (upstream.targets as unknown[]).length <= 1;
  return (
    <div className="target-fields">
      <SchemaForm
        schema={schemaOf(schema, "UpstreamInput", keys, keys)}
        value={part(upstream, keys)}
        faults={faults}
        onChange={(next) => onChange(withPart(upstream, keys, next))}
      />
      {!several && (
        <Button size="s" look="ghost" onClick={widen}>
          Spread over several targets
        </Button>
      )}
      {lone && (
        <Button size="s" look="ghost" onClick={narrow}>
          Back to one URL
        </Button>
      )}
    </div>
  );
}
