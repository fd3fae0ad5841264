import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { actions } from "@/api/actions";
import { ApiError } from "@/api/errors";
import { queries } from "@/api/queries";
import type { Settings, Status } from "@/api/types";
import { setTheme, type Theme, usePreferences } from "@/app/preferences";
import type { SettingsTab } from "@/app/search";
import { count, moment } from "@/shared/format";
import { Screen } from "@/shared/screen";
import { Button, CopyButton, ErrorNote, Field, Segments, Switch, TabPanel, Tabs, TextInput, toast } from "@/shared/ui";
import { LimitsTab } from "./limits/limits-tab";
import { TlsTab } from "./tls/tls-tab";

const THEMES: { value: Theme; label: string }[] = [
  { value: "system", label: "As the system" },
  { value: "dark", label: "Dark" },
  { value: "light", label: "Light" },
];

const TABS = [
  { id: "general", label: "General" },
  { id: "tls", label: "Listeners & certificates" },
  { id: "limits", label: "Limits" },
] as const;

/** Which part is open stands in the address. */
export function SettingsScreen({ tab }: { tab: SettingsTab }) {
  const navigate = useNavigate();
  return (
    <Screen title="Settings" flush>
      <div className="settings-tabs">
        <Tabs
          label="Parts of the settings"
          tabs={TABS}
          value={tab}
          onChange={(next) => void navigate({ to: "/settings", search: next === "general" ? {} : { tab: next } })}
        />
      </div>
      <TabPanel id={tab} className="settings-panel">
        {tab === "tls" ? <TlsTab /> : tab === "limits" ? <LimitsTab /> : <General />}
      </TabPanel>
    </Screen>
  );
}

function General() {
  const settings = useQuery(queries.settings());
  const status = useQuery(queries.status());
  return (
    <div className="settings">
      <Appearance />
      {settings.error && (
        <ErrorNote title="The settings could not be read" error={settings.error} onRetry={() => void settings.refetch()} />
      )}
      {settings.data && <Recording key={JSON.stringify(settings.data)} saved={settings.data} status={status.data} />}
      {status.error && (
        <ErrorNote title="The state of the gateway could not be read" error={status.error} onRetry={() => void status.refetch()} />
      )}
      {status.data && <About status={status.data} />}
    </div>
  );
}

function Appearance() {
  const theme = usePreferences((chosen) => chosen.theme);
  return (
    <section className="card" aria-labelledby="appearance">
      <div className="card-head ruled">
        <h2 id="appearance">Appearance</h2>
      </div>
      <div className="row settings-row">
        <span className="grow">Theme</span>
        <Segments label="Theme" value={theme} options={THEMES} onChange={setTheme} />
      </div>
    </section>
  );
}

/** How much of the past is kept; the figures of older calls stay, their details go. */
function Recording({ saved, status }: { saved: Settings; status: Status | undefined }) {
  const [on, setOn] = useState(saved.recording ?? true);
  const [calls, setCalls] = useState(String(saved.retention_calls));
  const [days, setDays] = useState(String(saved.retention_days));
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const changed = on !== (saved.recording ?? true) || calls !== String(saved.retention_calls) || days !== String(saved.retention_days);
  const at = (field: string) => (error instanceof ApiError ? error.at(field) : undefined);
  const save = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await actions.saveSettings({ ...saved, recording: on, retention_calls: Number(calls), retention_days: Number(days) });
      toast("Recording settings are saved.");
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };
  return (
    <form className="card" aria-labelledby="recording" onSubmit={save}>
      <div className="card-head ruled">
        <h2 id="recording">Recording</h2>
        {status && <span className="push small t3">{count(status.recording.calls)} calls kept now</span>}
      </div>
      <div className="settings-body form">
        <div className="switch-field">
          <Switch id="recording-on" checked={on} onChange={setOn} />
          <div>
            <label className="label" htmlFor="recording-on">
              Record calls
            </label>
            <div className="help">
              Off, calls pass as before but are neither kept nor counted: Traffic and Analytics show nothing of them.
            </div>
          </div>
        </div>
        <div className="field-row">
          <Field label="Keep at most" help="The oldest calls go first." fault={at("retention_calls")}>
            {(ids) => (
              <TextInput {...ids} type="number" min={0} required unit="calls" value={calls} onChange={(e) => setCalls(e.target.value)} />
            )}
          </Field>
          <Field label="Keep for" help="Older calls are removed; the figures in Analytics stay." fault={at("retention_days")}>
            {(ids) => (
              <TextInput {...ids} type="number" min={1} required unit="days" value={days} onChange={(e) => setDays(e.target.value)} />
            )}
          </Field>
        </div>
        {status?.recording.fault && <ErrorNote title="Calls are counted, but not kept at the moment" message={status.recording.fault} />}
        {error !== null && <ErrorNote title="The settings were not saved" error={error} />}
        <div className="row">
          <Button type="submit" look="primary" disabled={!changed} busy={busy}>
            Save
          </Button>
        </div>
      </div>
    </form>
  );
}

function About({ status }: { status: Status }) {
  return (
    <section className="card" aria-labelledby="about">
      <div className="card-head ruled">
        <h2 id="about">This gateway</h2>
      </div>
      <dl className="kv settings-body">
        <dt>Data folder</dt>
        <dd className="row">
          <span className="mono select-text trunc">{status.data_dir}</span>
          <CopyButton text={status.data_dir} label="Copy the data folder" />
        </dd>
        <dt>Version</dt>
        <dd className="mono">{status.version}</dd>
        <dt>Started</dt>
        <dd>{moment(status.started_at)}</dd>
      </dl>
    </section>
  );
}
