import { type FormEvent, useState } from "react";
import { actions } from "@/api/actions";
import { faultsOf } from "@/api/errors";
import { placesOf } from "@/shared/names";
import { Button, Dialog, ErrorNote, Field, NamesInput, toast } from "@/shared/ui";

const FORM = "make-authority-form";

/** Makes the local authority, for private names alone unless more are asked for. */
export function MakeAuthorityDialog({ onClose }: { onClose: () => void }) {
  const [domains, setDomains] = useState<string[]>([]);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const make = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await actions.makeLocalAuthority(domains);
      toast("The local authority is made. Now let your programs trust it.");
      onClose();
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };
  const fault = faultsOf(error).find(({ field }) => field.startsWith("domains"))?.message;
  return (
    <Dialog
      open
      onClose={onClose}
      title="Make a local authority"
      description="It stands for ten years, and can vouch only for this machine, localhost, private addresses and names that end in test, local, internal or home.arpa."
      foot={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" form={FORM} look="primary" kbd="⏎" busy={busy}>
            Make it
          </Button>
        </>
      }
    >
      <form id={FORM} className="form" onSubmit={make} noValidate>
        <Field
          label="Further domains"
          fault={fault}
          help="Optional, each with Enter or a comma. Whoever got its key could pretend to be these towards programs that trust it."
        >
          {(ids) => (
            <NamesInput
              {...ids}
              autoFocus
              placeholder="dev.example.com"
              values={domains}
              faulty={placesOf(faultsOf(error), "domains")}
              onChange={setDomains}
            />
          )}
        </Field>
        {error !== null && !fault && <ErrorNote title="The local authority was not made" error={error} />}
      </form>
    </Dialog>
  );
}
