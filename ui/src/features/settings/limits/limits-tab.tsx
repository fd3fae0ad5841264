import { useQuery } from "@tanstack/react-query";
import { RotateCcw } from "lucide-react";
import { type FormEvent, useState } from "react";
import { actions } from "@/api/actions";
import { ApiError } from "@/api/errors";
import { queries } from "@/api/queries";
import type { Limit, Settings } from "@/api/types";
import { Button, ErrorNote, Field, IconButton, TextInput, toast } from "@/shared/ui";
import { told, typed, UNITS, untyped } from "./units";

/** Every bound of the data plane, with what it is for, its default and what it may be. */
export function LimitsTab() {
  const limits = useQuery(queries.limits());
  const settings = useQuery(queries.settings());
  const error = limits.error ?? settings.error;
  return (
    <div className="settings">
      {error && (
        <ErrorNote
          title="The limits could not be read"
          error={error}
          onRetry={() => {
            void limits.refetch();
            void settings.refetch();
          }}
        />
      )}
      {limits.data && settings.data && <LimitsForm key={JSON.stringify(limits.data)} limits={limits.data} saved={settings.data} />}
    </div>
  );
}

function LimitsForm({ limits, saved }: { limits: Limit[]; saved: Settings }) {
  const [values, setValues] = useState(() => Object.fromEntries(limits.map(({ name, kind, value }) => [name, typed(kind, value)])));
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const given = limits.map((limit) => ({ ...limit, given: untyped(limit.kind, values[limit.name] ?? "") }));
  const changed = given.some((limit) => limit.given !== limit.value);
  const put = (name: string, value: string) => setValues((before) => ({ ...before, [name]: value }));
  const reset = ({ name, kind, default: usual }: Limit) => put(name, typed(kind, usual));
  const save = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      // Where nothing readable stands the default is meant: its field says so.
      const set = given.filter((limit) => limit.given !== undefined && limit.given !== limit.default);
      await actions.saveSettings({ ...saved, limits: Object.fromEntries(set.map((limit) => [limit.name, limit.given])) } as Settings);
      toast("The limits are saved and in force.");
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };
  return (
    <form className="card" aria-labelledby="limits" onSubmit={save}>
      <div className="card-head ruled">
        <h2 id="limits">Limits</h2>
        <span className="push small t3">In force when saved, for open connections too</span>
      </div>
      <div className="settings-body form">
        <div className="limits">
          {given.map((limit) => (
            <Field
              key={limit.name}
              label={limit.title}
              help={`${limit.help} Default ${told(limit.kind, limit.default)}.`}
              fault={error instanceof ApiError ? error.at(`limits.${limit.name}`) : undefined}
            >
              {(ids) => (
                <span className="row">
                  <TextInput
                    {...ids}
                    type="number"
                    className="grow"
                    step="any"
                    min={typed(limit.kind, limit.least)}
                    max={typed(limit.kind, limit.most)}
                    required
                    unit={UNITS[limit.kind].unit}
                    value={values[limit.name] ?? ""}
                    onChange={(event) => put(limit.name, event.target.value)}
                  />
                  <IconButton
                    icon={RotateCcw}
                    label={`${limit.title}: back to ${told(limit.kind, limit.default)}`}
                    disabled={limit.given === limit.default}
                    onClick={() => reset(limit)}
                  />
                </span>
              )}
            </Field>
          ))}
        </div>
        {error !== null && <ErrorNote title="The limits were not saved" error={error} />}
        <div className="row">
          <Button type="submit" look="primary" disabled={!changed} busy={busy}>
            Save
          </Button>
          <Button type="button" disabled={given.every((limit) => limit.given === limit.default)} onClick={() => limits.forEach(reset)}>
            All back to defaults
          </Button>
        </div>
      </div>
    </form>
  );
}
