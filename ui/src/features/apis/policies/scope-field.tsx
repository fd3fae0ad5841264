import { Plus, Trash2 } from "lucide-react";
import type { PolicyOwner } from "@/api/actions";
import type { Fault, Only, Operation } from "@/api/types";
import { faultAt } from "@/schema-form/faults";
import { Button, IconButton, Select, TextInput } from "@/shared/ui";
import { withoutGaps } from "./draft";
import { ScopePreview } from "./scope-preview";

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"] as const;

type ScopeFieldProps = {
  owner: PolicyOwner;
  only: Only[];
  faults: readonly Fault[];
  /** Of the API's specification, to pick from. */
  operations: readonly Operation[];
  onChange: (only: Only[]) => void;
};

/** Which calls the policy is for: any of the rows. No row means every call. */
export function ScopeField({ owner, only, faults, operations, onChange }: ScopeFieldProps) {
  const change = (row: number, part: Only) => onChange(only.map((each, at) => (at === row ? { ...each, ...part } : each)));
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset cannot be laid out as a column in WebKitGTK
    <div className="field" role="group" aria-labelledby="scope-title">
      <span className="label" id="scope-title">
        Only for
      </span>
      <span className="help">
        {only.length === 0 ? "Every call." : "Calls that match any row. The path is a regular expression below the base path."}
      </span>
      {only.map((row, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: rows have no name of their own, and keep their places while typing
        <div className="scope-row" key={at}>
          <Methods row={row} at={at} onChange={(methods) => change(at, { methods })} />
          <div className="row row-1">
            <TextInput
              mono
              aria-label={`Path of row ${at + 1}`}
              placeholder="every path, or /orders/.*"
              className="grow"
              value={row.path ?? ""}
              aria-invalid={faultsOfRow(faults, at).length > 0 || undefined}
              onChange={(event) => change(at, { path: event.target.value })}
            />
            <IconButton icon={Trash2} label={`Remove row ${at + 1}`} onClick={() => onChange(only.filter((_, other) => other !== at))} />
          </div>
          {faultsOfRow(faults, at).map((message) => (
            <span className="help fault" role="alert" key={message}>
              {message}
            </span>
          ))}
        </div>
      ))}
      {owner !== null && only.length > 0 && <ScopePreview api_id={owner} only={only.map(withoutGaps)} />}
      <div className="row wrap">
        <Button size="s" look="ghost" icon={Plus} className="add-link" onClick={() => onChange([...only, { methods: [], path: "" }])}>
          {only.length === 0 ? "Only some methods or paths" : "Add row"}
        </Button>
        {operations.length > 0 && <OperationPicker operations={operations} onPick={(row) => onChange(withRow(only, row))} />}
      </div>
    </div>
  );
}

/** Adds a row for an operation of the API's specification. */
function OperationPicker({ operations, onPick }: { operations: readonly Operation[]; onPick: (row: Only) => void }) {
  const options = operations.map(({ method, path }, at) => ({ value: String(at), label: `${method} ${path}` }));
  const pick = (chosen: string) => {
    const operation = operations[Number(chosen)];
    if (chosen !== "" && operation) onPick({ methods: [operation.method], path: operation.pattern });
  };
  return (
    <Select
      small
      aria-label="Add an operation of the specification"
      value=""
      options={[{ value: "", label: "An operation of the specification" }, ...options]}
      onChange={pick}
    />
  );
}

/** One more row; where its path is there already, that row takes its methods too. */
export function withRow(only: Only[], row: Only): Only[] {
  const same = only.findIndex((each) => each.path === row.path && (each.methods ?? []).length > 0);
  if (same === -1) return [...only, row];
  const methods = [...new Set([...(only[same]?.methods ?? []), ...(row.methods ?? [])])];
  return only.map((each, at) => (at === same ? { ...each, methods } : each));
}

function Methods({ row, at, onChange }: { row: Only; at: number; onChange: (methods: string[]) => void }) {
  const chosen = row.methods ?? [];
  const offered = [...METHODS, ...chosen.filter((method) => !METHODS.some((known) => known === method))];
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset cannot be laid out as a row in WebKitGTK
    <div className="row row-1 wrap" role="group" aria-label={`Methods of row ${at + 1}; none means all`}>
      {offered.map((method) => {
        const on = chosen.includes(method);
        return (
          <button
            key={method}
            type="button"
            className="chip chip-toggle mono"
            aria-pressed={on}
            onClick={() => onChange(on ? chosen.filter((other) => other !== method) : [...chosen, method])}
          >
            {method}
          </button>
        );
      })}
    </div>
  );
}

const faultsOfRow = (faults: readonly Fault[], at: number): string[] => {
  const whole = faultAt(faults, ["only", at]);
  const inside = faults.filter((fault) => fault.field.startsWith(`only[${at}].`)).map((fault) => fault.message);
  return whole ? [whole, ...inside] : inside;
};
