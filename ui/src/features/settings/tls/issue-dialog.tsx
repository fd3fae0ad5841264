import { type FormEvent, useState } from "react";
import { actions } from "@/api/actions";
import { faultsOf } from "@/api/errors";
import { Button, Dialog, ErrorNote, Field, TextInput, toast } from "@/shared/ui";
import { namesIn } from "./words";

const FORM = "issue-form";

/** Asks the local authority for a certificate. */
export function IssueDialog({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState("");
  const [hosts, setHosts] = useState("");
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const issue = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    const named = namesIn(hosts);
    try {
      const made = await actions.issueCertificate({ ...(name.trim() && { name: name.trim() }), ...(named.length > 0 && { hosts: named }) });
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
          help="Names and addresses, separated by commas; a name may begin with *. Empty means this machine."
        >
          {(ids) => (
            <TextInput
              {...ids}
              mono
              autoFocus
              placeholder="localhost, 127.0.0.1"
              value={hosts}
              onChange={(event) => setHosts(event.target.value)}
            />
          )}
        </Field>
        <Field label="Name" fault={faultAt("name")} help="What listeners and upstreams call it. Empty means its first host.">
          {(ids) => (
            <TextInput
              {...ids}
              placeholder={namesIn(hosts)[0] ?? "localhost"}
              value={name}
              onChange={(event) => setName(event.target.value)}
            />
          )}
        </Field>
        {error !== null && !faultAt("hosts") && !faultAt("name") && <ErrorNote title="No certificate was issued" error={error} />}
      </form>
    </Dialog>
  );
}
