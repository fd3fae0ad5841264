import { faultsOf } from "@/api/errors";
import { placesOf } from "@/shared/names";
import { Field, NamesInput, TextInput } from "@/shared/ui";
import { type ApiDraft, defaultsOf } from "./api-form";

type FieldsProps = { draft: ApiDraft; onChange: (draft: ApiDraft) => void; error: unknown; fresh?: boolean; upstreamApart?: boolean };

/** One text field of the draft, with the fault that the gateway found at `field`. */
function useFieldOf({ draft, onChange, error }: FieldsProps) {
  const faults = faultsOf(error);
  return (
    key: Exclude<keyof ApiDraft, "hosts">,
    field: string,
    props: { label: string; help?: string; placeholder?: string; mono?: boolean; autoFocus?: boolean; unit?: string },
  ) => {
    const { label, help, unit, ...input } = props;
    const fault = faults.find((found) => found.field === field || found.field.startsWith(`${field}[`))?.message;
    return (
      <Field label={label} help={help} fault={fault}>
        {(ids) => (
          <TextInput
            {...ids}
            {...input}
            {...(unit && { unit })}
            value={draft[key]}
            onChange={(event) => onChange({ ...draft, [key]: event.target.value })}
          />
        )}
      </Field>
    );
  };
}

/** What an API cannot do without. */
export function MainFields(props: FieldsProps) {
  const field = useFieldOf(props);
  return (
    <>
      <div className="api-name-row">
        {field("name", "name", { label: "Name", placeholder: "Orders API", autoFocus: props.fresh ?? false })}
        {field("version", "version", { label: "Version", placeholder: "v1" })}
      </div>
      {!props.upstreamApart &&
        field("url", "upstream.url", {
          label: "Upstream URL",
          placeholder: "http://127.0.0.1:9000/posts",
          mono: true,
          help: "Where the gateway sends the calls that the policies let pass.",
        })}
    </>
  );
}

function HostsField({ draft, onChange, error }: FieldsProps) {
  const faults = faultsOf(error);
  const fault = faults.find(({ field }) => field.startsWith("listen.hosts"))?.message;
  return (
    <Field label="Hosts" fault={fault} help="Only for these host names, each with Enter or a comma. None means any.">
      {(ids) => (
        <NamesInput
          {...ids}
          placeholder="any"
          values={draft.hosts}
          faulty={placesOf(faults, "listen.hosts")}
          onChange={(hosts) => onChange({ ...draft, hosts })}
        />
      )}
    </Field>
  );
}

/** What has a good default. */
export function MoreFields(props: FieldsProps) {
  const field = useFieldOf(props);
  const defaults = defaultsOf(props.draft);
  return (
    <>
      <div className="field-row">
        {field("asset_id", "asset_id", { label: "Asset ID", placeholder: defaults.asset_id, mono: true })}
        {field("label", "label", { label: "Label", placeholder: defaults.label, help: "Tells apart two instances of one version." })}
      </div>
      <div className="field-row">
        {field("address", "listen.address", {
          label: "Listen address",
          placeholder: defaults.address,
          mono: true,
          help: "0.0.0.0 lets other machines in.",
        })}
        {field("port", "listen.port", { label: "Port", placeholder: defaults.port, mono: true })}
      </div>
      {field("base_path", "listen.base_path", { label: "Base path", placeholder: defaults.base_path, mono: true })}
      <HostsField {...props} />
      {field("version_header", "listen.version_header", {
        label: "Version header",
        placeholder: "none",
        mono: true,
        help: "Tells versions at one path apart: callers name theirs in this header.",
      })}
      <div className="field-row">
        {field("connect", "upstream.timeouts.connect", {
          label: "Connect timeout",
          placeholder: "default",
          mono: true,
          help: "For example 5s or 500ms.",
        })}
        {field("response", "upstream.timeouts.response", { label: "Response timeout", placeholder: "default", mono: true })}
      </div>
    </>
  );
}
