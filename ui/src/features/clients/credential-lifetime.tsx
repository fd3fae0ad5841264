import { useState } from "react";
import { actions } from "@/api/actions";
import type { ClientApp, Credential } from "@/api/types";
import { day } from "@/shared/format";
import { Button, Dialog, ErrorNote, Field, type Option, Select, TextInput } from "@/shared/ui";
import { IssuedSecret } from "./issued-secret";

type LifetimeProps = { client: ClientApp; credential: Credential; onClose: () => void };

const OVERLAPS: Option<string>[] = [
  { value: "0ms", label: "Not at all" },
  { value: "1h", label: "1 hour" },
  { value: "24h", label: "24 hours" },
  { value: "7d", label: "7 days" },
  { value: "30d", label: "30 days" },
];

/** Does something that may fail, and says so. */
function useAct() {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const act = async (what: () => Promise<void>) => {
    setBusy(true);
    setError(null);
    try {
      await what();
    } catch (error) {
      setError(error);
    } finally {
      setBusy(false);
    }
  };
  return { busy, error, act };
}

/** Gives a credential another secret; the one before is taken beside it for a while. */
export function RotateSecret({ client, credential, onClose }: LifetimeProps) {
  const { busy, error, act } = useAct();
  const [overlap, setOverlap] = useState("24h");
  const [issued, setIssued] = useState<Credential | null>(null);
  const rotate = () => act(async () => setIssued(await actions.rotateSecret(client.id, credential.id, overlap)));
  return (
    <Dialog
      open
      onClose={onClose}
      title={issued ? "A new secret is issued" : "Rotate the secret?"}
      width={540}
      foot={
        issued ? (
          <Button look="primary" onClick={onClose}>
            Done
          </Button>
        ) : (
          <>
            <Button onClick={onClose}>Cancel</Button>
            <Button look="primary" busy={busy} onClick={() => void rotate()}>
              Rotate the secret
            </Button>
          </>
        )
      }
    >
      {issued ? (
        <IssuedSecret credential={issued} />
      ) : (
        <>
          <p className="small t2">
            <span className="mono">{credential.client_id}</span> gets another secret and keeps its client ID.
          </p>
          <Field
            label="The secret before is taken for"
            help="Callers can change over one by one. The trail of a call says when it came with the secret before."
          >
            {(field) => <Select {...field} value={overlap} options={OVERLAPS} onChange={setOverlap} />}
          </Field>
        </>
      )}
      {error !== null && <ErrorNote title="The secret was not rotated" error={error} />}
    </Dialog>
  );
}

/** The end of a day, in the local time zone: when it is over, the credential is too. */
export function endOfDay(text: string): number | null {
  const [year, month, date] = text.split("-").map(Number);
  if (!year || !month || !date) return null;
  return new Date(year, month - 1, date + 1).getTime();
}

/** Says until when a credential is taken. */
export function ChangeExpiry({ client, credential, onClose }: LifetimeProps) {
  const { busy, error, act } = useAct();
  const [last, setLast] = useState(credential.expires_at == null ? "" : day(credential.expires_at - 1));
  const save = () =>
    act(async () => {
      await actions.changeCredential(client.id, credential.id, { expires_at: endOfDay(last) });
      onClose();
    });
  return (
    <Dialog
      open
      onClose={onClose}
      title="When does this credential expire?"
      foot={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button look="primary" busy={busy} onClick={() => void save()}>
            Save
          </Button>
        </>
      }
    >
      <Field label="Last day" help="Calls with it are refused from the day after. Left empty, it never expires.">
        {(field) => <TextInput {...field} type="date" value={last} onChange={(event) => setLast(event.target.value)} />}
      </Field>
      {error !== null && <ErrorNote title="The credential was not changed" error={error} />}
    </Dialog>
  );
}
