import { CalendarClock, Copy, Eye, EyeOff, KeyRound, Plus, RotateCw, Trash2 } from "lucide-react";
import { useState } from "react";
import { actions } from "@/api/actions";
import { messageOf } from "@/api/errors";
import type { ClientApp, Credential } from "@/api/types";
import { day, moment } from "@/shared/format";
import { Button, Confirm, CopyButton, classes, copyText, Dialog, Empty, IconButton, StatusChip, toast } from "@/shared/ui";
import { ChangeExpiry, RotateSecret } from "./credential-lifetime";
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

/** When a credential ends, once that is known. */
function Expiry({ expires_at }: { expires_at: number }) {
  return Date.now() < expires_at ? (
    <span className="t3">· expires {day(expires_at)}</span>
  ) : (
    <StatusChip of="refused">Expired {day(expires_at)}</StatusChip>
  );
}

/** The secret before the last, while it is still taken. */
function PreviousSecret({ client_id, credential }: { client_id: number; credential: Credential }) {
  const { previous_secret: previous } = credential;
  if (!previous) return null;
  const end = async () => {
    try {
      await actions.forgetPreviousSecret(client_id, credential.id);
    } catch (error) {
      toast(`The secret before is still taken: ${messageOf(error)}`, "error");
    }
  };
  return (
    <div className="row small">
      <span className="t2">
        The secret before{previous.hint && <span className="mono"> …{previous.hint.replace(/^…/, "")}</span>} is taken until{" "}
        {moment(previous.until)}.
      </span>
      <Button size="s" className="push" onClick={() => void end()}>
        End it now
      </Button>
    </div>
  );
}

function CredentialLines({ client, credential, onDelete }: { client: ClientApp; credential: Credential; onDelete: () => void }) {
  const [open, setOpen] = useState<"rotate" | "expiry" | null>(null);
  const dialog = { client, credential, onClose: () => setOpen(null) };
  return (
    <li className="credential">
      <div className="row small">
        <span className="t3">Created {day(credential.created_at)}</span>
        {credential.expires_at != null && <Expiry expires_at={credential.expires_at} />}
        <IconButton
          className="push"
          icon={CalendarClock}
          label={`Change when ${credential.client_id} expires`}
          onClick={() => setOpen("expiry")}
        />
        <IconButton icon={RotateCw} label={`Rotate the secret of ${credential.client_id}`} onClick={() => setOpen("rotate")} />
        <IconButton icon={Trash2} label={`Delete the credential ${credential.client_id}`} onClick={onDelete} />
      </div>
      <div className="credential-fields">
        <div className="input mono">
          <span className="t3 what">Client ID</span>
          <span className="grow select-text">{credential.client_id}</span>
          <CopyButton text={credential.client_id} label="Copy the client ID" />
        </div>
        <SecretField key={credential.secret_hint} client_id={client.id} credential={credential} />
      </div>
      <PreviousSecret client_id={client.id} credential={credential} />
      {open === "rotate" && <RotateSecret {...dialog} />}
      {open === "expiry" && <ChangeExpiry {...dialog} />}
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
