import { type FormEvent, useState } from "react";
import { actions } from "@/api/actions";
import { faultsOf } from "@/api/errors";
import type { Certificate } from "@/api/types";
import { bytes } from "@/shared/format";
import { Button, Dialog, ErrorNote, Field, FileButton, Segments, TextArea, TextInput, toast } from "@/shared/ui";
import { type Brought, base64, contentOf, type Form, isWhole, MAX_FILE_BYTES, NOTHING, splitPem } from "./pem";

const FORM = "certificate-form";

const FORMS: readonly { value: Form; label: string }[] = [
  { value: "identity", label: "With its key" },
  { value: "pkcs12", label: "PKCS#12 file" },
  { value: "authority", label: "Authority to trust" },
];

/** Adds a certificate, or puts another in the place of `replaced`, which keeps its name and its uses. */
export function CertificateDialog({ replaced, onClose }: { replaced: Certificate | null; onClose: () => void }) {
  const [name, setName] = useState("");
  const [form, setForm] = useState<Form>(replaced?.kind === "authority" ? "authority" : "identity");
  const [brought, setBrought] = useState<Brought>(NOTHING);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const forms = replaced ? FORMS.filter(({ value }) => (value === "authority") === (replaced.kind === "authority")) : FORMS;
  const save = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    const content = contentOf(form, brought);
    try {
      const saved = replaced
        ? await actions.replaceCertificate(replaced.id, content)
        : await actions.addCertificate({ name: name.trim(), ...content });
      toast(replaced ? `${saved.name} is replaced, for every new connection.` : `${saved.name} is added.`);
      onClose();
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };
  const faultAt = (field: string) => faultsOf(error).find((fault) => fault.field === field)?.message;
  const isShown = ({ field }: { field: string }) =>
    field === "name"
      ? !replaced
      : (form === "pkcs12" ? ["pkcs12", "password"] : ["certificate", ...(form === "identity" ? ["key"] : [])]).includes(field);
  const elsewhere = error !== null && (faultsOf(error).length === 0 || faultsOf(error).some((fault) => !isShown(fault)));
  return (
    <Dialog
      open
      onClose={onClose}
      title={replaced ? `Replace ${replaced.name}` : "Add certificate"}
      width={620}
      foot={
        <>
          <span className="small t3 grow">A key is kept encrypted here, and never shown again.</span>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            type="submit"
            form={FORM}
            look="primary"
            busy={busy}
            disabled={!isWhole(form, brought) || (!replaced && name.trim() === "")}
          >
            {replaced ? "Replace" : "Add"}
          </Button>
        </>
      }
    >
      <form id={FORM} className="form" onSubmit={save} noValidate>
        {forms.length > 1 && (
          <div>
            <Segments label="What it is" value={form} options={forms} onChange={setForm} />
          </div>
        )}
        {!replaced && (
          <Field label="Name" fault={faultAt("name")} help="What listeners and upstreams call it.">
            {(ids) => (
              <TextInput {...ids} autoFocus placeholder="orders.test" value={name} onChange={(event) => setName(event.target.value)} />
            )}
          </Field>
        )}
        {form === "pkcs12" ? (
          <Pkcs12Fields brought={brought} faultAt={faultAt} onChange={setBrought} />
        ) : (
          <PemFields form={form} brought={brought} faultAt={faultAt} onChange={setBrought} />
        )}
        {elsewhere && <ErrorNote title="The certificate was not saved" error={error} />}
      </form>
    </Dialog>
  );
}

type FieldsProps = { brought: Brought; faultAt: (field: string) => string | undefined; onChange: (brought: Brought) => void };

function PemFields({ form, brought, faultAt, onChange }: FieldsProps & { form: Form }) {
  const take = async (file: File) => {
    const found = splitPem(await file.text());
    if (!found) return toast(`${file.name} is not PEM. A .p12 or .pfx file goes under "PKCS#12 file".`, "error");
    onChange({ ...brought, certificate: found.certificate || brought.certificate, key: found.key || brought.key });
  };
  return (
    <>
      <Field
        label="Certificate"
        fault={faultAt("certificate")}
        help={form === "authority" ? "PEM; one authority or several." : "PEM: its own first, then those that lead to its authority."}
      >
        {(ids) => (
          <TextArea
            {...ids}
            mono
            rows={6}
            placeholder="-----BEGIN CERTIFICATE-----"
            value={brought.certificate}
            onChange={(event) => onChange({ ...brought, certificate: event.target.value })}
          />
        )}
      </Field>
      {form === "identity" && (
        <Field label="Private key" fault={faultAt("key")} help="PEM, not encrypted.">
          {(ids) => (
            <TextArea
              {...ids}
              mono
              rows={4}
              autoComplete="off"
              placeholder="-----BEGIN PRIVATE KEY-----"
              value={brought.key}
              onChange={(event) => onChange({ ...brought, key: event.target.value })}
            />
          )}
        </Field>
      )}
      <div>
        <FileButton label="PEM file" accept=".pem,.crt,.cer,.key" most={MAX_FILE_BYTES} onFile={take}>
          {form === "identity" ? "Read from files" : "Read from a file"}
        </FileButton>
      </div>
    </>
  );
}

function Pkcs12Fields({ brought, faultAt, onChange }: FieldsProps) {
  const [file, setFile] = useState("");
  const take = async (chosen: File) => {
    onChange({ ...brought, pkcs12: base64(new Uint8Array(await chosen.arrayBuffer())) });
    setFile(`${chosen.name}, ${bytes(chosen.size)}`);
  };
  const fault = faultAt("pkcs12");
  return (
    <>
      <div className="field">
        <span className="label">File</span>
        <div className="row">
          <FileButton label="PKCS#12 file" accept=".p12,.pfx" most={MAX_FILE_BYTES} onFile={take}>
            Choose a file
          </FileButton>
          <span className="mono small trunc">{file}</span>
        </div>
        <span className={fault ? "help fault" : "help"} role={fault ? "alert" : undefined}>
          {fault ?? "Certificate, key and chain in one file, with the ending .p12 or .pfx."}
        </span>
      </div>
      <Field label="Password of the file" fault={faultAt("password")} help="It is used once, and not kept.">
        {(ids) => (
          <TextInput
            {...ids}
            type="password"
            autoComplete="off"
            value={brought.password}
            onChange={(event) => onChange({ ...brought, password: event.target.value })}
          />
        )}
      </Field>
    </>
  );
}
