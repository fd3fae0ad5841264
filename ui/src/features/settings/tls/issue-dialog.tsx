import { type FormEvent, useState } from "react";
import { actions } from "@/api/actions";
import { faultsOf } from "@/api/errors";
import { placesOf } from "@/shared/names";
import { Button, Dialog, ErrorNote, Field, NamesInput, TextInput, toast } from "@/shared/ui";

const FORM = "issue-form";

/** Asks the local authority for a certificate. */
export function IssueDialog({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState("");
  const [hosts, setHosts] = useState<string[]>([]);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const issue = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      const made = await actions.issueCertificate({ ...(name.trim() && { name: name.trim() }), ...(hosts.length > 0 && { hosts }) });
      toast(`${made.name} is issued for ${made.hosts.join(", ")}.`);
      onClose();
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };
  const faultAt = (field: string) => faultsOf(error).find((fault) => fault.field === field || fault.field.startsWith(`${field}[`))?.message;
  return (
    <Dialog
      open
      onClose={onClose}
      title="Issue a certificate"
      description="With a new key, good for 396 days, and made anew 30 days before its end."
      foot={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" form={FORM} look="primary" kbd="⏎" busy={busy}>
            Issue
          </Button>
        </>
      }
    >
      <form id={FORM} className="form" onSubmit={issue} noValidate>
        <Field
          label="Hosts"
          fault={faultAt("hosts")}
          help="Names and addresses, each with Enter or a comma; a name may begin with *. None means this machine."
        >
          {(ids) => (
            <NamesInput
              {...ids}
              autoFocus
              placeholder="localhost, 127.0.0.1"
              values={hosts}
              faulty={placesOf(faultsOf(error), "hosts")}
              onChange={setHosts}
            />
          )}
        </Field>
        <Field label="Name" fault={faultAt("name")} help="What listeners and upstreams call it. Empty means its first host.">
          {(ids) => (
            <TextInput {...ids} placeholder={hosts[0] ?? "localhost"} value={name} onChange={(event) => setName(event.target.value)} />
          )}
        </Field>
        {error !== null && !faultAt("hosts") && !faultAt("name") && <ErrorNote title="No certificate was issued" error={error} />}
      </form>
    </Dialog>
  );
}
