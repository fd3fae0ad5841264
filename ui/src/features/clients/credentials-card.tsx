import { Copy, Eye, EyeOff, KeyRound, Plus, Trash2 } from "lucide-react";
import { useState } from "react";
import { actions } from "@/api/actions";
import { messageOf } from "@/api/errors";
import type { ClientApp, Credential } from "@/api/types";
import { day } from "@/shared/format";
import { Button, Confirm, CopyButton, classes, copyText, Dialog, Empty, IconButton, toast } from "@/shared/ui";
import { IssuedSecret } from "./issued-secret";

const DOTS = "••••••••••••••••";

function SecretField({ client_id, credential }: { client_id: number; credential: Credential }) {
  const [secret, setSecret] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const fetched = async (): Promise<string | null> => {
    if (secret !== null) return secret;
    setBusy(true);
    try {
      return (await actions.revealSecret(client_id, credential.id)).client_secret;
    } catch (error) {
      toast(`The secret could not be read: ${messageOf(error)}`, "error");
      return null;
    } finally {
      setBusy(false);
    }
  };
  const copy = async () => {
    const text = await fetched();
    if (text !== null && (await copyText(text))) toast("The secret is copied.");
  };
  return (
    <div className={classes("input mono secret", secret !== null && "shown")}>
      <span className="t3 what">Secret</span>
      <span className="grow">{secret ?? `${DOTS}${credential.secret_hint.replace(/^…/, "")}`}</span>
      {secret === null ? (
        <IconButton icon={Eye} label="Reveal the secret" busy={busy} onClick={async () => setSecret(await fetched())} />
      ) : (
        <IconButton icon={EyeOff} label="Hide the secret" onClick={() => setSecret(null)} />
      )}
      <IconButton icon={Copy} label="Copy the secret" onClick={() => void copy()} />
    </div>
  );
}

function CredentialLines({ client, credential, onDelete }: { client: ClientApp; credential: Credential; onDelete: () => void }) {
  return (
    <li className="credential">
      <div className="row small">
        <span className="t3">Created {day(credential.created_at)}</span>
        <IconButton className="push" icon={Trash2} label={`Delete the credential ${credential.client_id}`} onClick={onDelete} />
      </div>
      <div className="credential-fields">
        <div className="input mono">
          <span className="t3 what">Client ID</span>
          <span className="grow select-text">{credential.client_id}</span>
          <CopyButton text={credential.client_id} label="Copy the client ID" />
        </div>
        <SecretField client_id={client.id} credential={credential} />
      </div>
    </li>
  );
}

/** The client IDs and secrets of a client app: each works on its own, so one can be replaced while the other is in use. */
export function CredentialsCard({ client }: { client: ClientApp }) {
  const [issued, setIssued] = useState<Credential | null>(null);
  const [busy, setBusy] = useState(false);
  const [deleting, setDeleting] = useState<Credential | null>(null);
  const issue = async () => {
    setBusy(true);
    try {
      setIssued(await actions.addCredential(client.id));
    } catch (error) {
      toast(`No credential was issued: ${messageOf(error)}`, "error");
    } finally {
      setBusy(false);
    }
  };
  return (
    <section className="card" aria-label="Credentials">
      <div className="card-head ruled">
        <h2>Credentials</h2>
        <span className="t3 small">{client.credentials.length}</span>
        <Button size="s" className="push" icon={Plus} busy={busy} onClick={() => void issue()}>
          New credential
        </Button>
      </div>
      {client.credentials.length === 0 ? (
        <div className="card-empty">
          <Empty icon={KeyRound} title="No credentials">
            Without a credential this app cannot identify itself. Issue one.
          </Empty>
        </div>
      ) : (
        <ul>
          {client.credentials.map((credential) => (
            <CredentialLines key={credential.id} client={client} credential={credential} onDelete={() => setDeleting(credential)} />
          ))}
        </ul>
      )}
      <Dialog
        open={issued !== null}
        onClose={() => setIssued(null)}
        title="A new credential is issued"
        width={540}
        foot={
          <Button look="primary" onClick={() => setIssued(null)}>
            Done
          </Button>
        }
      >
        {issued && <IssuedSecret credential={issued} />}
      </Dialog>
      <Confirm
        open={deleting !== null}
        onClose={() => setDeleting(null)}
        title="Delete this credential?"
        act="Delete the credential"
        onConfirm={async () => {
          if (deleting) await actions.deleteCredential(client.id, deleting.id);
        }}
      >
        Calls with the client ID <span className="mono">{deleting?.client_id}</span> are refused from now on. This cannot be taken back.
      </Confirm>
    </section>
  );
}
