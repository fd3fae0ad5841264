import { type FormEvent, useState } from "react";
import { actions } from "@/api/actions";
import type { Api } from "@/api/types";
import { plural } from "@/shared/format";
import { Button, Dialog, ErrorNote, Field, FileButton, TextArea, toast } from "@/shared/ui";

const FORM = "spec-form";
/** As much as the gateway takes. */
const MAX_SPEC_BYTES = 8 * 1024 * 1024;

/** Gives an API its OpenAPI document, from a file or pasted. */
export function SpecDialog({ api, onClose }: { api: Api; onClose: () => void }) {
  const [text, setText] = useState("");
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const change = (next: string) => {
    setText(next);
    setError(null);
  };
  const save = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      const spec = await actions.setSpec(api.id, text);
      toast(`${api.name} is described now: ${plural(spec.operations.length, "operation")}.`);
      onClose();
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={api.has_spec ? "Replace the specification" : "Add a specification"}
      width={680}
      foot={
        <>
          <span className="small t3 grow">Nothing that it refers to is fetched.</span>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" form={FORM} look="primary" busy={busy} disabled={text.trim() === ""}>
            {api.has_spec ? "Replace" : "Add"}
          </Button>
        </>
      }
    >
      <form id={FORM} className="form" onSubmit={save} noValidate>
        <div>
          <FileButton
            label="OpenAPI file"
            accept=".yaml,.yml,.json"
            most={MAX_SPEC_BYTES}
            onFile={async (file) => change(await file.text())}
          >
            Read from a file
          </FileButton>
        </div>
        <Field label="OpenAPI document" help="OpenAPI 3.0 or 3.1, as JSON or YAML, in one piece.">
          {(ids) => (
            <TextArea
              {...ids}
              mono
              rows={14}
              spellCheck={false}
              placeholder={'openapi: 3.1.0\ninfo: {title: Orders, version: "1"}\npaths:\n  /orders/{id}:\n    get: ...'}
              value={text}
              onChange={(event) => change(event.target.value)}
            />
          )}
        </Field>
        {error !== null && <ErrorNote title="The specification was not saved" error={error} />}
      </form>
    </Dialog>
  );
}
