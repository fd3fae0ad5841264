import { type FormEvent, useId, useState } from "react";
import { actions } from "@/api/actions";
import { faultsOf } from "@/api/errors";
import type { Certificate, Listener, ListenerTls } from "@/api/types";
import { plural } from "@/shared/format";
import { firstTls, LOCAL_AUTHORITY } from "@/shared/tls";
import { Button, Dialog, ErrorNote, Field, Segments, Select, Switch, toast } from "@/shared/ui";
import { authorities, showable } from "./words";

const FORM = "listener-tls-form";

const SPEAKS = [
  { value: "http", label: "HTTP" },
  { value: "https", label: "HTTPS" },
] as const;
const VERSIONS = [
  { value: "1.2", label: "1.2" },
  { value: "1.3", label: "1.3" },
] as const;
const CALLERS = [
  { value: "off", label: "Not asked for" },
  { value: "optional", label: "Optional" },
  { value: "required", label: "Required" },
] as const;

type Props = { listener: Listener; certificates: readonly Certificate[]; onClose: () => void };

/** Lets a listener speak TLS, changes how, or lets it speak plain HTTP again. */
export function ListenerDialog({ listener: { address, tls: saved, api_ids }, certificates, onClose }: Props) {
  const [speaks, setSpeaks] = useState<"http" | "https">("https");
  const [tls, setTls] = useState<ListenerTls>(saved ?? firstTls());
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const save = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      if (speaks === "https") await actions.setListenerTls(address, tls);
      else if (saved) await actions.removeListenerTls(address);
      toast(`${address} speaks ${speaks.toUpperCase()}.`);
      onClose();
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };
  const moved = (speaks === "https") !== (saved !== null) && api_ids.length > 0;
  return (
    <Dialog
      open
      onClose={onClose}
      title={`TLS of ${address}`}
      width={560}
      foot={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" form={FORM} look="primary" kbd="⏎" busy={busy}>
            Save
          </Button>
        </>
      }
    >
      <form id={FORM} className="form" onSubmit={save} noValidate>
        <div className="row">
          <Segments label="Speaks" value={speaks} options={SPEAKS} onChange={setSpeaks} />
          {moved && (
            <span className="small t2">
              URLs of {plural(api_ids.length, "API")} begin with {speaks}:// from then on; those that callers use now stop working.
            </span>
          )}
        </div>
        {speaks === "https" && <TlsFields tls={tls} certificates={certificates} error={error} onChange={setTls} />}
        {error !== null && <ErrorNote title="The listener stays as it was" error={error} />}
      </form>
    </Dialog>
  );
}

type FieldsProps = { tls: ListenerTls; certificates: readonly Certificate[]; error: unknown; onChange: (tls: ListenerTls) => void };

function TlsFields({ tls, certificates, error, onChange }: FieldsProps) {
  const http2 = useId();
  const faultAt = (field: string) => faultsOf(error).find((fault) => fault.field === field || fault.field.startsWith(`${field}[`))?.message;
  const asks = (tls.client_certificates ?? "off") !== "off";
  const trusted = authorities(certificates);
  const ask = (client_certificates: (typeof CALLERS)[number]["value"]) => {
    const { client_authority, ...rest } = tls;
    if (client_certificates === "off") return onChange({ ...rest, client_certificates });
    onChange({ ...rest, client_certificates, client_authority: client_authority ?? trusted[0]?.name ?? null });
  };
  return (
    <>
      <Shown tls={tls} certificates={certificates} fault={faultAt("certificates")} onChange={onChange} />
      <div className="row">
        <span className="label">Oldest TLS version</span>
        <Segments
          label="Oldest TLS version"
          value={tls.min_version === "1.3" ? "1.3" : "1.2"}
          options={VERSIONS}
          onChange={(min_version) => onChange({ ...tls, min_version })}
        />
        <span className="row push">
          <Switch id={http2} checked={tls.http2 ?? true} onChange={(next) => onChange({ ...tls, http2: next })} />
          <label className="label" htmlFor={http2}>
            Offer HTTP/2
          </label>
        </span>
      </div>
      <div className="col client-certificates">
        <span className="label">Callers' certificates</span>
        <div>
          <Segments
            label="Callers' certificates"
            value={CALLERS.find(({ value }) => value === tls.client_certificates)?.value ?? "off"}
            options={CALLERS}
            onChange={ask}
          />
        </div>
        {asks && (
          <Field
            label="From the authority"
            fault={faultAt("client_authority")}
            help={trusted.length === 0 ? "There is none yet: add an authority, or make the local one." : "Other certificates are refused."}
          >
            {(ids) => (
              <Select
                {...ids}
                value={tls.client_authority ?? ""}
                options={[
                  ...(tls.client_authority ? [] : [{ value: "", label: "Choose" }]),
                  ...trusted.map(({ name }) => ({ value: name, label: name === LOCAL_AUTHORITY ? "Local authority" : name })),
                ]}
                onChange={(client_authority) => onChange({ ...tls, client_authority })}
              />
            )}
          </Field>
        )}
      </div>
    </>
  );
}

type ShownProps = Omit<FieldsProps, "error"> & { fault: string | undefined };

/** Which certificates are shown. What is ticked later stands later in the list. */
function Shown({ tls, certificates, fault, onChange }: ShownProps) {
  const id = useId();
  const choices = [
    { name: LOCAL_AUTHORITY, label: "From the local authority", note: "made for the hosts of the APIs here, and renewed by itself" },
    ...showable(certificates).map(({ name, hosts }) => ({ name, label: name, note: hosts.join(", ") })),
  ];
  const known = new Set(choices.map(({ name }) => name));
  const gone = tls.certificates.filter((name) => !known.has(name)).map((name) => ({ name, label: name, note: "is not there" }));
  const toggle = (name: string, on: boolean) =>
    onChange({ ...tls, certificates: on ? [...tls.certificates, name] : tls.certificates.filter((other) => other !== name) });
  return (
    <fieldset className="choices" aria-describedby={`${id}-help`}>
      <legend className="label">Certificates to show</legend>
      {[...choices, ...gone].map(({ name, label, note }) => (
        <label key={name} className="row choice">
          <input type="checkbox" checked={tls.certificates.includes(name)} onChange={(event) => toggle(name, event.target.checked)} />
          <span className="strong">{label}</span>
          <span className="small t3 trunc">{note}</span>
          {tls.certificates.length > 1 && tls.certificates[0] === name && <span className="chip push">if none fits</span>}
        </label>
      ))}
      <p id={`${id}-help`} className={fault ? "small c5" : "small t3"} role={fault ? "alert" : undefined}>
        {fault ?? "Callers are shown the one that is for the host they ask for."}
      </p>
    </fieldset>
  );
}
