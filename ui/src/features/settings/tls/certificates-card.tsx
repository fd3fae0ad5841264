import { Link } from "@tanstack/react-router";
import { Copy, Download, Ellipsis, Plus, RefreshCw, ShieldCheck, Trash2 } from "lucide-react";
import { useState } from "react";
import { actions } from "@/api/actions";
import { messageOf } from "@/api/errors";
import type { Certificate } from "@/api/types";
import { saveFile } from "@/shared/save-file";
import { Button, Confirm, copyText, Empty, IconButton, Menu, StatusChip, toast } from "@/shared/ui";
import { useNow } from "@/shared/use-now";
import { CertificateDialog } from "./certificate-dialog";
import { commonName, expiryTone, until } from "./words";

/** How often the days that are left are counted again, in milliseconds. */
const EVERY_MS = 60_000;

type Asking = { what: "add" } | { what: "replace" | "delete"; certificate: Certificate };

/** What the gateway shows to callers and targets, and whom it trusts. Keys go in and never come out. */
export function CertificatesCard({ certificates }: { certificates: readonly Certificate[] }) {
  const [asking, setAsking] = useState<Asking | null>(null);
  const shown = certificates.filter(({ kind }) => kind !== "local_authority");
  const close = () => setAsking(null);
  return (
    <section className="card" aria-labelledby="certificates">
      <div className="card-head ruled">
        <h2 id="certificates">Certificates</h2>
        <span className="t3 small">{shown.length}</span>
        <Button size="s" className="push" icon={Plus} onClick={() => setAsking({ what: "add" })}>
          Add certificate
        </Button>
      </div>
      {shown.length === 0 ? (
        <div className="card-empty">
          <Empty icon={ShieldCheck} title="No certificates">
            Add one with its key to speak HTTPS, or an authority to trust. For this machine alone, the local authority below makes them.
          </Empty>
        </div>
      ) : (
        <CertificateTable certificates={shown} onAsk={setAsking} />
      )}
      {asking?.what === "add" && <CertificateDialog replaced={null} onClose={close} />}
      {asking?.what === "replace" && <CertificateDialog replaced={asking.certificate} onClose={close} />}
      <Confirm
        open={asking?.what === "delete"}
        onClose={close}
        title="Delete this certificate?"
        act="Delete the certificate"
        onConfirm={async () => {
          if (asking?.what === "delete") await actions.deleteCertificate(asking.certificate.id);
        }}
      >
        {asking?.what === "delete" && asking.certificate.name} and its key are gone from then on. This cannot be taken back.
      </Confirm>
    </section>
  );
}

function CertificateTable({ certificates, onAsk }: { certificates: readonly Certificate[]; onAsk: (asking: Asking) => void }) {
  return (
    <div className="table-across">
      <table className="table certificates-table">
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">For</th>
            <th scope="col">Signed by</th>
            <th scope="col">Good until</th>
            <th scope="col">Used by</th>
            <th scope="col">
              <span className="sr-only">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {certificates.map((certificate) => (
            <Row key={certificate.id} certificate={certificate} onAsk={onAsk} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ certificate, onAsk }: { certificate: Certificate; onAsk: (asking: Asking) => void }) {
  const { id, name, kind, hosts, issuer, issued_locally, not_after, expiry, used_by, subject, fingerprint } = certificate;
  const now = useNow(EVERY_MS);
  const chain = async (then: (pem: string) => Promise<void> | void) => {
    try {
      await then(await actions.certificateChain(id));
    } catch (error) {
      toast(`The certificate could not be read: ${messageOf(error)}`, "error");
    }
  };
  const items = [
    { label: "Replace", icon: RefreshCw, run: () => onAsk({ what: "replace", certificate }) },
    { label: "Download as PEM", icon: Download, run: () => void chain((pem) => saveFile(pem, `${name}.pem`)) },
    {
      label: "Copy as PEM",
      icon: Copy,
      run: () =>
        void chain(async (pem) => {
          if (await copyText(pem)) toast("The certificate is copied.");
        }),
    },
    { label: "Delete", icon: Trash2, danger: true, run: () => onAsk({ what: "delete", certificate }) },
  ];
  const whom = kind === "authority" ? "trusted as an authority" : hosts.join(", ");
  return (
    <tr>
      <td title={`${subject}\nSHA-256 ${fingerprint}`}>
        <span className="strong">{name}</span>
      </td>
      <td className={kind === "authority" ? "t3" : "mono small"} title={whom}>
        {whom}
      </td>
      <td title={issuer}>{issued_locally ? "Local authority" : commonName(issuer)}</td>
      <td>
        <StatusChip of={expiryTone(expiry)}>{until(not_after, now)}</StatusChip>
      </td>
      <td title={used_by.map(({ label }) => label).join(", ")}>
        {used_by.length === 0 && <span className="t3">nobody</span>}
        {used_by.map(({ label, api_id }, n) => (
          <span key={label}>
            {n > 0 && ", "}
            {api_id === null ? (
              label.replace(/^the /, "")
            ) : (
              <Link to="/apis/$id" params={{ id: api_id }} search={{ tab: "upstream" }}>
                {label.replace(/^the API /, "")}
              </Link>
            )}
          </span>
        ))}
      </td>
      <td className="num">
        <Menu items={items} trigger={<IconButton icon={Ellipsis} label={`Actions for ${name}`} />} />
      </td>
    </tr>
  );
}
