import {
  ADDITIONAL_PROPERTY_FLAG,
  type ArrayFieldItemTemplateProps,
  type ArrayFieldTemplateProps,
  type FieldTemplateProps,
  type MultiSchemaFieldTemplateProps,
  type ObjectFieldTemplateProps,
  type TemplatesType,
  type WrapIfAdditionalTemplateProps,
} from "@rjsf/utils";
import { Plus, Trash2 } from "lucide-react";
import type { Fault } from "@/api/types";
import { inline } from "@/shared/markdown";
import { Button, classes, Field, IconButton, TextInput } from "@/shared/ui";
import { faultAt } from "./faults";

/** What the form hands down to every template. */
export type FormContext = { faults: readonly Fault[] };

const SCALARS = new Set(["string", "integer", "number", "boolean"]);

/** One field: its label, its control, then help or what is wrong. Switches stand before their words. */
function FieldTemplate(props: FieldTemplateProps) {
  const { id, label, rawDescription, children, hidden, schema, fieldPathId, registry, required } = props;
  if (hidden) return <div hidden>{children}</div>;
  const context = registry.formContext as FormContext;
  const fault = faultAt(context.faults, fieldPathId.path);
  if (schema.type === "object" && fieldPathId.path.length === 0) return children;
  const note = (
    <div id={`${id}__note`} className={fault ? "help fault" : "help"} role={fault ? "alert" : undefined}>
      {fault ?? (rawDescription && inline(rawDescription))}
    </div>
  );
  const isItem = typeof fieldPathId.path.at(-1) === "number";
  if (schema.type === "boolean" && !schema.oneOf) {
    return (
      <Additional {...props}>
        <div className="switch-field">
          {children}
          <div>
            <label htmlFor={id} className="label">
              {label}
            </label>
            {note}
          </div>
        </div>
      </Additional>
    );
  }
  const isGroup = schema.type === "object" || schema.type === "array";
  return (
    <Additional {...props}>
      <div className={classes("field", fault !== undefined && "has-fault", isGroup && "field-group")}>
        {!isItem &&
          (isGroup ? (
            <div className="label" id={`${id}__title`}>
              {label}
            </div>
          ) : (
            <label htmlFor={id}>
              {label}
              {!required && schema.default === undefined && <span className="optional"> optional</span>}
            </label>
          ))}
        {isItem && !isGroup && (
          <label htmlFor={id} className="sr-only">
            {label}
          </label>
        )}
        {isGroup && rawDescription && !isItem && <div className="help">{inline(rawDescription)}</div>}
        {children}
        {isGroup ? fault && note : (fault || rawDescription) && note}
      </div>
    </Additional>
  );
}

/** Properties below one another; those of a short list item side by side. */
function ObjectFieldTemplate({ properties, fieldPathId, schema, onAddProperty, formData, title }: ObjectFieldTemplateProps) {
  const short =
    properties.length <= 3 &&
    Object.values(schema.properties ?? {}).every((child) => typeof child === "object" && SCALARS.has(String(child.type)));
  const inline = short && typeof fieldPathId.path.at(-1) === "number";
  return (
    <div className={inline ? "object-inline" : fieldPathId.path.length > 0 ? "object-nested" : "form"}>
      {properties.map((property) => property.content)}
      {schema.additionalProperties !== undefined && schema.additionalProperties !== false && (
        <div>
          <Button size="s" look="ghost" icon={Plus} className="add-link" onClick={onAddProperty}>
            {Object.keys((formData as object | undefined) ?? {}).length === 0
              ? `Add to ${(title || "the list").toLowerCase()}`
              : "Add another"}
          </Button>
        </div>
      )}
    </div>
  );
}

function ArrayFieldTemplate({ items, canAdd, onAddClick, title }: ArrayFieldTemplateProps) {
  return (
    <div className="array">
      {items}
      {canAdd && (
        <div>
          <Button size="s" look="ghost" icon={Plus} className="add-link" onClick={onAddClick}>
            Add {singular(title)}
          </Button>
        </div>
      )}
    </div>
  );
}

/** `Limits` is a list of limits: "Add limit". */
const singular = (title: string): string => {
  const lower = title.toLowerCase();
  if (lower.endsWith("ies")) return `${lower.slice(0, -3)}y`;
  if (lower.endsWith("sses")) return lower.slice(0, -2);
  return lower.endsWith("s") && !/[su]s$/.test(lower) ? lower.slice(0, -1) : lower;
};

function ArrayFieldItemTemplate({ children, buttonsProps, index }: ArrayFieldItemTemplateProps) {
  return (
    <div className="array-item">
      <div className="grow">{children}</div>
      {buttonsProps.hasRemove && (
        <IconButton icon={Trash2} label={`Remove number ${index + 1}`} onClick={buttonsProps.onRemoveItem} className="array-remove" />
      )}
    </div>
  );
}

function MultiSchemaFieldTemplate({ selector, optionSchemaField }: MultiSchemaFieldTemplateProps) {
  return (
    <div className="multi">
      {selector}
      {optionSchemaField}
    </div>
  );
}

/** A pair of a map: its name can be changed, and the pair removed. */
function Additional({
  schema,
  id,
  label,
  onKeyRenameBlur,
  onRemoveProperty,
  children,
}: FieldTemplateProps | WrapIfAdditionalTemplateProps) {
  if (!(ADDITIONAL_PROPERTY_FLAG in schema)) return children;
  return (
    <div className="array-item">
      <Field label="Name" className="map-name">
        {(ids) => <TextInput {...ids} key={label} id={`${id}-key`} mono defaultValue={label} onBlur={onKeyRenameBlur} />}
      </Field>
      <div className="grow">{children}</div>
      <IconButton icon={Trash2} label={`Remove ${label}`} onClick={onRemoveProperty} className="array-remove" />
    </div>
  );
}

const Nothing = () => null;

export const templates: Partial<TemplatesType> = {
  FieldTemplate,
  ObjectFieldTemplate,
  ArrayFieldTemplate,
  ArrayFieldItemTemplate,
  MultiSchemaFieldTemplate,
  WrapIfAdditionalTemplate: ({ children }) => children,
  ErrorListTemplate: Nothing,
  FieldErrorTemplate: Nothing,
  TitleFieldTemplate: Nothing,
  DescriptionFieldTemplate: Nothing,
  ArrayFieldTitleTemplate: Nothing,
  ArrayFieldDescriptionTemplate: Nothing,
};
