import { useNavigate } from "@tanstack/react-router";
import { Pencil, Trash2 } from "lucide-react";
import { useState } from "react";
import { actions } from "@/api/actions";
import { faultsOf } from "@/api/errors";
import type { ClientApp } from "@/api/types";
import { moment } from "@/shared/format";
import { Button, Confirm, Dialog, ErrorNote, Field, TextInput } from "@/shared/ui";

function EditDialog({ client, onClose }: { client: ClientApp; onClose: () => void }) {
  const [name, setName] = useState(client.name);
  const [description, setDescription] = useState(client.description ?? "");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const faultAt = (field: string) => faultsOf(error).find((fault) => fault.field === field)?.message;
  const save = async () => {
    if (busy || name.trim() === "") return;
    setBusy(true);
    try {
      await actions.saveClient(client.id, { name: name.trim(), description: description.trim() });
      onClose();
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={`Edit ${client.name}`}
      width={440}
      foot={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button look="primary" type="submit" form="edit-client" busy={busy} disabled={name.trim() === ""}>
            Save
          </Button>
        </>
      }
    >
      <form
        id="edit-client"
        className="col client-form"
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <Field label="Name" fault={faultAt("name")}>
          {(ids) => <TextInput {...ids} value={name} onChange={(event) => setName(event.target.value)} />}
        </Field>
        <Field label="Description" fault={faultAt("description")}>
          {(ids) => <TextInput {...ids} value={description} onChange={(event) => setDescription(event.target.value)} />}
        </Field>
        {error !== null && faultsOf(error).length === 0 && <ErrorNote title="The change was not saved" error={error} />}
      </form>
    </Dialog>
  );
}

/** What a client app is, and the way to change or delete it. */
export function AboutCard({ client }: { client: ClientApp }) {
  const navigate = useNavigate();
  const [open, setOpen] = useState<"edit" | "delete" | null>(null);
  return (
    <section className="card" aria-label="About">
      <div className="card-head ruled">
        <h2>About</h2>
        <span className="push row row-1">
          <Button size="s" icon={Pencil} onClick={() => setOpen("edit")}>
            Edit
          </Button>
          <Button size="s" look="danger" icon={Trash2} onClick={() => setOpen("delete")}>
            Delete
          </Button>
        </span>
      </div>
      <dl className="kv about">
        <dt>Description</dt>
        <dd className={client.description ? undefined : "t3"}>{client.description || "none"}</dd>
        <dt>Created</dt>
        <dd>{moment(client.created_at)}</dd>
      </dl>
      {open === "edit" && <EditDialog client={client} onClose={() => setOpen(null)} />}
      <Confirm
        open={open === "delete"}
        onClose={() => setOpen(null)}
        title={`Delete ${client.name}?`}
        act={`Delete ${client.name}`}
        onConfirm={() => actions.deleteClient(client.id, () => navigate({ to: "/clients" }))}
      >
        Its credentials stop working at once, and its contracts are removed. Its recorded calls stay. This cannot be taken back.
      </Confirm>
    </section>
  );
}
