import { useQuery } from "@tanstack/react-query";
import { Copy, Download, FileBadge, Plus, Trash2 } from "lucide-react";
import { useState } from "react";
import { actions } from "@/api/actions";
import { messageOf } from "@/api/errors";
import { queries } from "@/api/queries";
import type { Certificate } from "@/api/types";
import { plural } from "@/shared/format";
import { saveFile } from "@/shared/save-file";
import { Button, Confirm, CopyButton, copyText, ErrorNote, StatusChip, toast } from "@/shared/ui";
import { useNow } from "@/shared/use-now";
import { IssueDialog } from "./issue-dialog";
import { MakeAuthorityDialog } from "./make-authority-dialog";
import { TrustGuides } from "./trust-guides";
import { expiryTone, until } from "./words";

/** What the guides call the file that is downloaded here. */
const FILE = "gatepost-local-authority.crt";

/** How often the days that are left are counted again, in milliseconds. */
const EVERY_MS = 60_000;

/** The authority of this machine: none, or what it is, how to trust it, and what it makes. */
export function AuthorityCard({ certificates }: { certificates: readonly Certificate[] }) {
  const [making, setMaking] = useState(false);
  const own = certificates.find(({ kind }) => kind === "local_authority");
  return (
    <section className="card" aria-labelledby="local-authority">
      <div className="card-head ruled">
        <h2 id="local-authority">Local authority</h2>
        {own && (
          <span className="small t3">{plural(certificates.filter(({ issued_locally }) => issued_locally).length, "certificate")} made</span>
        )}
      </div>
      {own ? (
        <Authority certificate={own} />
      ) : (
        <div className="row settings-row">
          <p className="grow small t2">
            Makes certificates for this machine, so that HTTPS works here without any other authority. Programs trust it once you tell them
            to; its key never leaves this machine.
          </p>
          <Button icon={FileBadge} onClick={() => setMaking(true)}>
            Make a local authority
          </Button>
        </div>
      )}
      {making && <MakeAuthorityDialog onClose={() => setMaking(false)} />}
    </section>
  );
}

function Authority({ certificate }: { certificate: Certificate }) {
  const { data, error, refetch } = useQuery(queries.localAuthority(certificate.fingerprint));
  const [asking, setAsking] = useState<"issue" | "remove" | null>(null);
  const now = useNow(EVERY_MS);
  const pem = async (then: (text: string) => Promise<void> | void) => {
    try {
      await then(await actions.localAuthorityCertificate());
    } catch (failure) {
      toast(`The certificate could not be read: ${messageOf(failure)}`, "error");
    }
  };
  const copy = () =>
    pem(async (text) => {
      if (await copyText(text)) toast("The certificate is copied.");
    });
  return (
    <>
      <div className="settings-body col stack">
        <div className="row wrap">
          <Button size="s" look="primary" icon={Plus} onClick={() => setAsking("issue")}>
            Issue a certificate
          </Button>
          <Button size="s" icon={Download} onClick={() => void pem((text) => saveFile(text, FILE))}>
            Download its certificate
          </Button>
          <Button size="s" icon={Copy} onClick={() => void copy()}>
            Copy as PEM
          </Button>
          <Button size="s" look="danger" icon={Trash2} className="push" onClick={() => setAsking("remove")}>
            Remove
          </Button>
        </div>
        <dl className="kv">
          <dt>Good until</dt>
          <dd>
            <StatusChip of={expiryTone(certificate.expiry)}>{until(certificate.not_after, now)}</StatusChip>
          </dd>
          <dt>Vouches for</dt>
          <dd>{data ? data.vouches_for.join(", ") : ""}</dd>
          <dt>SHA-256</dt>
          <dd className="row">
            <span className="mono small trunc select-text">{certificate.fingerprint}</span>
            <CopyButton text={certificate.fingerprint} label="Copy the fingerprint" />
          </dd>
        </dl>
        {error && <ErrorNote title="How to trust it could not be read" error={error} onRetry={() => void refetch()} />}
        {data && <TrustGuides guides={data.guides} />}
      </div>
      {asking === "issue" && <IssueDialog onClose={() => setAsking(null)} />}
      <Confirm
        open={asking === "remove"}
        onClose={() => setAsking(null)}
        title="Remove the local authority?"
        act="Remove the local authority"
        onConfirm={() => actions.removeLocalAuthority()}
      >
        Its key and all certificates that it made are deleted. Programs that trust it go on trusting its certificate: take it out of them as
        the steps below say, before they are gone.
      </Confirm>
    </>
  );
}
