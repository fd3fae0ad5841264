import type { RegistryWidgetsType, WidgetProps } from "@rjsf/utils";
import { FlaskConical } from "lucide-react";
import { useState } from "react";
import { tryExpression } from "@/shared/expression/store";
import { IconButton, Select, Switch, TextArea, TextInput } from "@/shared/ui";
import { joinDuration, splitDuration, UNIT_NAMES, UNITS, type Unit } from "./duration";

/** What is shown in an empty field: the example where there is one, else the default that then holds. */
function hintOf({ schema, placeholder }: WidgetProps): string | undefined {
  if (placeholder) return placeholder;
  if (schema.default !== undefined && schema.default !== null && typeof schema.default !== "object") return String(schema.default);
  const example = Array.isArray(schema.examples) ? schema.examples[0] : undefined;
  return typeof example === "string" || typeof example === "number" ? String(example) : undefined;
}

const shared = ({ id, disabled, readonly, required, rawErrors }: WidgetProps) => ({
  id,
  disabled: disabled || readonly,
  "aria-required": required || undefined,
  "aria-describedby": `${id}__note`,
  "aria-invalid": (rawErrors?.length ?? 0) > 0 || undefined,
});

const textOf = (value: unknown): string =>
  value === undefined || value === null ? "" : typeof value === "object" ? JSON.stringify(value) : String(value);

/**
 * The value of a text field. A default stands in the field itself, since emptying it means something else: "blank".
 * Without a default an emptied field is left out of the configuration.
 */
function textField({ value, schema, onChange }: WidgetProps) {
  const preset = typeof schema.default === "string" ? schema.default : "";
  return {
    value: value === undefined ? preset : textOf(value),
    onChange: (event: { target: { value: string } }) => onChange(event.target.value === preset ? undefined : event.target.value),
  };
}

function TextWidget(props: WidgetProps) {
  return <TextInput {...shared(props)} placeholder={hintOf(props)} {...textField(props)} />;
}

/** Paths, expressions, addresses: text that a person compares letter by letter. */
function MonoWidget(props: WidgetProps) {
  return <TextInput {...shared(props)} mono placeholder={hintOf(props)} {...textField(props)} />;
}

/** An expression, with a way to see what it comes to. */
function ExpressionWidget(props: WidgetProps) {
  const field = textField(props);
  return (
    <div className="row row-1">
      <TextInput {...shared(props)} mono className="grow" placeholder={hintOf(props)} {...field} />
      <IconButton
        icon={FlaskConical}
        label={`Try ${props.label.toLowerCase()} on a call`}
        onClick={() => tryExpression({ text: field.value, onUse: (value) => field.onChange({ target: { value } }) })}
      />
    </div>
  );
}

/** What the gateway gives in the place of a secret; sent back, it keeps the secret. */
const KEPT = "$kept:";
/** Secrets longer than this may be keys of many lines, which a field of one line would join. */
const ONE_LINE = 1_000;

/** A kept secret is not given back: its word stays in the configuration until something is typed. */
function PasswordWidget(props: WidgetProps) {
  const isKept = typeof props.value === "string" && props.value.startsWith(KEPT);
  const field = textField(isKept ? { ...props, value: undefined } : props);
  const hint = isKept ? "Kept, and not shown. Type to replace it" : hintOf(props);
  return (props.schema.maxLength ?? 0) > ONE_LINE ? (
    <TextArea {...shared(props)} mono className="masked" autoComplete="off" placeholder={hint} {...field} />
  ) : (
    <TextInput {...shared(props)} type="password" autoComplete="new-password" placeholder={hint} {...field} />
  );
}

function TextareaWidget(props: WidgetProps) {
  return <TextArea {...shared(props)} mono placeholder={hintOf(props)} {...textField(props)} />;
}

/** Keeps what is not a number as text, for the gateway to say what is wrong with it. */
function NumberWidget(props: WidgetProps) {
  const read = (text: string) => (text.trim() === "" ? undefined : Number.isFinite(Number(text)) ? Number(text) : text);
  return (
    <TextInput
      {...shared(props)}
      inputMode="decimal"
      className="number-input"
      placeholder={hintOf(props)}
      value={textOf(props.value)}
      onChange={(event) => props.onChange(read(event.target.value))}
    />
  );
}

function CheckboxWidget(props: WidgetProps) {
  return (
    <Switch
      id={props.id}
      checked={Boolean(props.value ?? props.schema.default ?? false)}
      onChange={props.onChange}
      disabled={props.disabled || props.readonly || false}
    />
  );
}

function SelectWidget(props: WidgetProps) {
  return props.multiple ? <CheckboxesWidget {...props} /> : <ChoiceWidget {...props} />;
}

function ChoiceWidget(props: WidgetProps) {
  const choices = props.options.enumOptions ?? [];
  const shown = props.value ?? props.schema.default;
  const index = choices.findIndex((choice) => choice.value === shown);
  const options = choices.map((choice, at) => ({ value: String(at), label: choice.label }));
  const unset = index < 0 ? [{ value: "", label: "Choose" }] : [];
  return (
    <Select
      {...shared(props)}
      value={index < 0 ? "" : String(index)}
      options={[...unset, ...options]}
      onChange={(at) => at !== "" && props.onChange(choices[Number(at)]?.value)}
    />
  );
}

/** Several of a few: one press each. */
function CheckboxesWidget(props: WidgetProps) {
  const value: unknown[] = Array.isArray(props.value) ? props.value : [];
  const preset: unknown[] = Array.isArray(props.schema.default) ? props.schema.default : [];
  // A list that was not set comes as an empty one. Where none may be empty, it stands for its default.
  const isUnset = props.value === undefined || (value.length === 0 && (props.schema.minItems ?? 0) > 0);
  const chosen = isUnset ? preset : value;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset cannot be laid out as a row in WebKitGTK
    <div className="row wrap" role="group" aria-label={props.label}>
      {(props.options.enumOptions ?? []).map((choice) => {
        const on = chosen.includes(choice.value);
        return (
          <button
            key={String(choice.value)}
            type="button"
            className="chip chip-toggle"
            aria-pressed={on}
            onClick={() => props.onChange(on ? chosen.filter((value) => value !== choice.value) : [...chosen, choice.value])}
          >
            {choice.label}
          </button>
        );
      })}
    </div>
  );
}

/** A number and its unit. The unit chosen before a number is typed is kept here, since the configuration has no place for it. */
function DurationWidget(props: WidgetProps) {
  const preset = splitDuration(props.schema.default);
  const [unit, setUnit] = useState<Unit>(preset.unit);
  const shown = splitDuration(props.value, unit);
  const change = (next: { amount?: string; unit?: Unit }) => {
    if (next.unit) setUnit(next.unit);
    props.onChange(joinDuration({ ...shown, ...next }));
  };
  return (
    <div className="row duration">
      <TextInput
        {...shared(props)}
        inputMode="numeric"
        placeholder={preset.amount || undefined}
        value={shown.amount}
        onChange={(event) => change({ amount: event.target.value })}
      />
      <Select
        aria-label={`Unit of ${props.label.toLowerCase()}`}
        value={shown.unit}
        options={UNITS.map((value) => ({ value, label: UNIT_NAMES[value] }))}
        onChange={(next) => change({ unit: next })}
      />
    </div>
  );
}

export const widgets: RegistryWidgetsType = {
  TextWidget,
  PasswordWidget,
  TextareaWidget,
  CheckboxWidget,
  SelectWidget,
  RadioWidget: SelectWidget,
  CheckboxesWidget,
  UpDownWidget: NumberWidget,
  URLWidget: MonoWidget,
  EmailWidget: TextWidget,
  // By `format`, as the policies' schemas name them.
  duration: DurationWidget,
  expression: ExpressionWidget,
  regex: MonoWidget,
  uri: MonoWidget,
  url: MonoWidget,
  multiline: TextareaWidget,
  password: PasswordWidget,
};
