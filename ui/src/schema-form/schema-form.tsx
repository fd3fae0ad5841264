// Not the package's index: that one imports the validator which compiles with `new Function`.
import Form from "@rjsf/core/lib/components/Form.js";
import type { RJSFSchema } from "@rjsf/utils";
import { useId, useMemo } from "react";
import type { Config, Fault } from "@/api/types";
import { prepared } from "./prepare";
import { templates } from "./templates";
import { validator } from "./validator";
import { widgets } from "./widgets";

type SchemaFormProps = {
  schema: Record<string, unknown>;
  value: Config;
  onChange: (value: Config) => void;
  /** As the gateway found them, addressed from the configuration: `limits[0].per`. */
  faults: readonly Fault[];
};

/** Only what was set is part of the value: defaults are shown, not written. */
const DEFAULTS = { emptyObjectFields: "skipDefaults", arrayMinItems: { populate: "never" } } as const;
const NO_SUBMIT = { "ui:submitButtonOptions": { norender: true } };

/** A form made from a JSON Schema. The gateway judges the value; see `faults`. */
export function SchemaForm({ schema, value, onChange, faults }: SchemaFormProps) {
  // Several forms can stand on one page, and each label must find its own field.
  const prefix = useId();
  const ready = useMemo(() => prepared(schema), [schema]);
  const context = useMemo(() => ({ faults }), [faults]);
  return (
    <Form<unknown, RJSFSchema>
      tagName="div"
      schema={ready}
      uiSchema={NO_SUBMIT}
      formData={value}
      formContext={context}
      validator={validator}
      widgets={widgets}
      templates={templates}
      noValidate
      noHtml5Validate
      idPrefix={prefix}
      experimental_defaultFormStateBehavior={DEFAULTS}
      onChange={({ formData }) => onChange(cleaned(formData) as Config)}
    />
  );
}

/** Without the keys that hold nothing, at any depth; lists keep their places. */
export function cleaned(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => cleaned(item) ?? null);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, child]) => [key, cleaned(child)])
      .filter(([, child]) => child !== undefined),
  );
}
