import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { actions } from "@/api/actions";
import { faultsOf } from "@/api/errors";
import type { ClientApp } from "@/api/types";
import { Button, Dialog, ErrorNote, Field, TextInput } from "@/shared/ui";
import { IssuedSecret } from "./issued-secret";

/** Asks for a name, creates the client app, then shows the ID and secret that were issued with it. */
export function CreateClientDialog({ open, onClose }: { open: boolean; onClose: () => void }) {
  return open ? <CreateClient onClose={onClose} /> : null;
}

function CreateClient({ onClose }: { onClose: () => void }) {
  const navigate = useNavigate();
  const [name, setName] = useState("");
  const [description, setDescription] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [created, setCreated] = useState<ClientApp | null>(null);
  const faultAt = (field: string) => faultsOf(error).find((fault) => fault.field === field)?.message;
  const has_field = faultAt("name") !== undefined || faultAt("description") !== undefined;

  const create = async () => {
    if (busy || name.trim() === "") return;
    setBusy(true);
    setError(null);
    try {
      setCreated(await actions.addClient({ name: name.trim(), description: description.trim() }));
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };

  if (created) {
    const credential = created.credentials[0];
    const toClient = () => {
      onClose();
      void navigate({ to: "/clients/$id", params: { id: created.id } });
    };
    return (
      <Dialog
        open
        onClose={onClose}
        title={`${created.name} is created`}
        width={540}
        foot={
          <>
            <Button onClick={onClose}>Close</Button>
            <Button look="primary" onClick={toClient}>
              Give it access to an API
            </Button>
          </>
        }
      >
        {credential && <IssuedSecret credential={credential} />}
      </Dialog>
    );
  }
  return (
    <Dialog
      open
      onClose={onClose}
      title="New client app"
      description="An application that calls your APIs. It gets a client ID and a secret at once."
      width={440}
      foot={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button look="primary" type="submit" form="create-client" busy={busy} disabled={name.trim() === ""} kbd="⏎">
            Create
          </Button>
        </>
      }
    >
      <form
        id="create-client"
        className="col client-form"
        onSubmit={(event) => {
          event.preventDefault();
          void create();
        }}
      >
        <Field label="Name" fault={faultAt("name")}>
          {(ids) => <TextInput {...ids} autoFocus placeholder="MyTestApp" value={name} onChange={(event) => setName(event.target.value)} />}
        </Field>
        <Field label="Description" help="Optional" fault={faultAt("description")}>
          {(ids) => <TextInput {...ids} value={description} onChange={(event) => setDescription(event.target.value)} />}
        </Field>
        {error !== null && !has_field && <ErrorNote title="The client app was not created" error={error} />}
      </form>
    </Dialog>
  );
}
