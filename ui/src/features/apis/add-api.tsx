import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { ChevronDown, ChevronRight } from "lucide-react";
import { type FormEvent, useState } from "react";
import { actions } from "@/api/actions";
import { faultsOf } from "@/api/errors";
import { queries } from "@/api/queries";
import type { ListenerStatus } from "@/api/types";
import { closeOverlay, useOverlay } from "@/app/overlays";
import { Button, Dialog, ErrorNote, Segments, toast } from "@/shared/ui";
import { MainFields, MoreFields } from "./api-fields";
import { type ApiDraft, DEFAULT_TLS_PORT, emptyDraft, inputOf, listenerOf, proxyUrl } from "./api-form";

const FORM = "add-api-form";

type Scheme = "http" | "https";
const SCHEMES: readonly { value: Scheme; label: string }[] = [
  { value: "http", label: "HTTP" },
  { value: "https", label: "HTTPS" },
];

/** What the choice comes to. */
function schemeNote(wanted: Scheme, taken: ListenerStatus | undefined): string {
  if (taken && taken.tls !== (wanted === "https"))
    return `Port ${taken.port} speaks ${taken.tls ? "HTTPS" : "HTTP"} for other APIs: choose another port, or change it in Settings.`;
  if (wanted === "http") return "";
  return taken
    ? "With the certificate of this port."
    : "With a certificate of this machine's local authority; Settings says how to trust it.";
}

/** Fields that are only there when "More" is open: a fault at one of them opens it. */
const isMore = (field: string) =>
  field.startsWith("listen") || field === "asset_id" || field === "label" || field.startsWith("upstream.timeouts");

/** Adds an API from anywhere: a name and a URL are enough. */
export function AddApiDialog() {
  const open = useOverlay((state) => state.open === "add-api");
  return open ? <OpenDialog /> : null;
}

function OpenDialog() {
  const navigate = useNavigate();
  const [draft, setDraft] = useState<ApiDraft>(emptyDraft);
  const [wanted, setWanted] = useState<Scheme>("http");
  const status = useQuery(queries.status()).data;
  // APIs at one port share its TLS: where there are some already, it is as it is.
  const taken = status?.listeners.find(({ address, apis }) => address === listenerOf(draft) && apis > 0);
  const scheme: Scheme = taken ? (taken.tls ? "https" : "http") : wanted;
  const [more, setMore] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const save = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      const api = await actions.addApi(inputOf(draft), scheme === "https");
      closeOverlay();
      toast(`${api.name} is in force at ${api.proxy_url}`);
      await navigate({ to: "/apis/$id", params: { id: api.id } });
    } catch (failure) {
      setError(failure);
      if (faultsOf(failure).some((fault) => isMore(fault.field))) setMore(true);
    } finally {
      setBusy(false);
    }
  };
  const choose = (next: Scheme) => {
    setWanted(next);
    const moved = next === "https" ? draft.port.trim() === "" && String(DEFAULT_TLS_PORT) : draft.port === String(DEFAULT_TLS_PORT) && "";
    if (moved !== false) setDraft({ ...draft, port: moved });
  };
  const fields = { draft, onChange: setDraft, error };
  return (
    <Dialog
      open
      onClose={closeOverlay}
      title="Add API"
      width={560}
      foot={
        <>
          <span className="small t3 grow trunc">
            Callers use <span className="mono proxy-preview">{proxyUrl(draft, scheme)}</span>
          </span>
          <Button onClick={closeOverlay}>Cancel</Button>
          <Button type="submit" form={FORM} look="primary" kbd="⏎" busy={busy}>
            Add API
          </Button>
        </>
      }
    >
      <form id={FORM} className="form" onSubmit={save} noValidate>
        <MainFields {...fields} fresh />
        <div className="row">
          <span className="label">Callers use</span>
          <Segments label="Callers use" value={scheme} options={SCHEMES} onChange={choose} />
          <span className="small t3">{schemeNote(wanted, taken)}</span>
        </div>
        <div>
          <Button look="ghost" size="s" icon={more ? ChevronDown : ChevronRight} aria-expanded={more} onClick={() => setMore(!more)}>
            More: port, path, hosts, timeouts
          </Button>
        </div>
        {more && <MoreFields {...fields} />}
        {error !== null && <ErrorNote title="The API was not added" error={error} />}
      </form>
    </Dialog>
  );
}
