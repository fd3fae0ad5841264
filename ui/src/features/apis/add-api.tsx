import { useNavigate } from "@tanstack/react-router";
import { ChevronDown, ChevronRight } from "lucide-react";
import { type FormEvent, useState } from "react";
import { actions } from "@/api/actions";
import { faultsOf } from "@/api/errors";
import { closeOverlay, useOverlay } from "@/app/overlays";
import { Button, Dialog, ErrorNote, toast } from "@/shared/ui";
import { MainFields, MoreFields } from "./api-fields";
import { type ApiDraft, emptyDraft, inputOf, proxyUrl } from "./api-form";

const FORM = "add-api-form";

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
  const [more, setMore] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const save = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      const api = await actions.addApi(inputOf(draft));
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
            Callers use <span className="mono proxy-preview">{proxyUrl(draft)}</span>
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
