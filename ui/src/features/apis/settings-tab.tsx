import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { actions } from "@/api/actions";
import type { Api } from "@/api/types";
import { Button, Confirm, ErrorNote, toast } from "@/shared/ui";
import { MainFields, MoreFields } from "./api-fields";
import { draftOf, inputOf, proxyUrl } from "./api-form";

export function SettingsTab({ api }: { api: Api }) {
  return (
    <div className="settings pad">
      <EditApi key={api.updated_at} api={api} />
      <DeleteApi api={api} />
    </div>
  );
}

function EditApi({ api }: { api: Api }) {
  const [draft, setDraft] = useState(() => draftOf(api));
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const changed = JSON.stringify(draft) !== JSON.stringify(draftOf(api));
  const save = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      const saved = await actions.saveApi(api.id, inputOf(draft, api.form));
      toast(`${saved.name} is in force at ${saved.proxy_url}`);
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };
  // Several targets are more than one field can hold; they have a tab of their own.
  const fields = { draft, onChange: setDraft, error, upstreamApart: api.targets > 1 };
  return (
    <form className="card" aria-labelledby="edit-api" onSubmit={save} noValidate>
      <div className="card-head ruled">
        <h2 id="edit-api">Settings</h2>
        <span className="push small t3 trunc">
          Callers use <span className="mono proxy-preview">{proxyUrl(draft, api.proxy_url.startsWith("https:") ? "https" : "http")}</span>
        </span>
      </div>
      <div className="settings-body form">
        <MainFields {...fields} />
        <MoreFields {...fields} />
        {error !== null && <ErrorNote title="The API was not saved" error={error} />}
        <div className="row">
          <Button type="submit" look="primary" disabled={!changed} busy={busy}>
            Save
          </Button>
          <Button disabled={!changed} onClick={() => setDraft(draftOf(api))}>
            Take back
          </Button>
          <span className="small t3">Saved changes are in force at once.</span>
        </div>
      </div>
    </form>
  );
}

function DeleteApi({ api }: { api: Api }) {
  const navigate = useNavigate();
  const [asking, setAsking] = useState(false);
  const confirm = async () => {
    await actions.deleteApi(api.id, () => navigate({ to: "/apis" }));
    toast(`${api.name} is deleted.`);
  };
  return (
    <section className="card" aria-labelledby="delete-api">
      <div className="row settings-row">
        <div className="grow">
          <h2 id="delete-api" className="strong">
            Delete this API
          </h2>
          <p className="small t2">Its policies and contracts go with it. Calls to its proxy URL are answered with 404.</p>
        </div>
        <Button look="danger" onClick={() => setAsking(true)}>
          Delete
        </Button>
      </div>
      <Confirm open={asking} onClose={() => setAsking(false)} title={`Delete ${api.name}?`} act={`Delete ${api.name}`} onConfirm={confirm}>
        Its policies and contracts go with it, and callers of <span className="mono">{api.proxy_url}</span> get 404 from now on. The
        recorded calls stay.
      </Confirm>
    </section>
  );
}
