import type { RJSFSchema } from "@rjsf/utils";
import { fireEvent, render } from "@testing-library/react";
import { useState } from "react";
import { describe, expect, it } from "vitest";
import type { Config } from "@/api/types";
import { splitDuration } from "./duration";
import kinds from "./policy-kinds.json";
import { prepared } from "./prepare";
import { SchemaForm } from "./schema-form";

type Node = RJSFSchema;

/** A value other than the default for everything that can be set, so that each field must be worked to get it. */
function another(schema: Node, root: Node): unknown {
  const node = resolved(schema, root);
  const options = (node.oneOf ?? node.anyOf) as Node[] | undefined;
  if (options) {
    const other = options.findLast((option) => option.const !== node.default || option.const === undefined);
    // A choice of one has no other.
    const last = other ?? options.at(-1) ?? {};
    return last.const !== undefined ? last.const : another(last, root);
  }
  if (node.const !== undefined) return node.const;
  if (node.enum) return node.enum.findLast((value) => value !== node.default);
  switch (node.type) {
    case "boolean":
      return node.default !== true;
    case "integer":
    case "number":
      return Math.min(Math.max(node.minimum ?? 0, Number(node.default ?? 0)) + 1, node.maximum ?? Number.MAX_SAFE_INTEGER);
    case "array":
      return isSet(node, root)
        ? [another(node.items as Node, root)]
        : [another(node.items as Node, root), another(node.items as Node, root)];
    case "object":
      if (typeof node.additionalProperties === "object") return { name: another(node.additionalProperties as Node, root) };
      return Object.fromEntries(Object.entries(node.properties ?? {}).map(([name, child]) => [name, another(child as Node, root)]));
    default:
      return node.format === "duration" ? "7m" : `text of ${node.title ?? "an item"}`;
  }
}

/** A list that is shown as one press for each choice. */
const isSet = (node: Node, root: Node) =>
  node.uniqueItems === true && ["enum", "oneOf"].some((key) => key in resolved(node.items as Node, root));

function resolved(schema: Node, root: Node): Node {
  if (!schema.$ref) return schema;
  const at = schema.$ref.replace(/^#\//, "").split("/");
  const found = at.reduce<unknown>((part, key) => (part as Record<string, unknown>)[key], root) as Node;
  const { $ref: _, ...rest } = schema;
  return { ...found, ...rest };
}

const byId = <E extends HTMLElement = HTMLInputElement>(id: string): E => {
  const found = document.getElementById(id);
  if (!found) throw new Error(`there is no field ${id}`);
  return found as E;
};
const type = (id: string, text: string) => fireEvent.change(byId(id), { target: { value: text } });
const press = (within: ParentNode, name: RegExp) => {
  const button = [...within.querySelectorAll("button")].findLast((each) => name.test(each.textContent || each.ariaLabel || ""));
  if (!button) throw new Error(`there is no button ${name}`);
  fireEvent.click(button);
};
const choose = (id: string, label: string) => {
  const select = byId<HTMLSelectElement>(id);
  const option = [...select.options].find((each) => each.text === label);
  if (!option) throw new Error(`${id} has no option ${label} among ${[...select.options].map((each) => each.text)}`);
  fireEvent.change(select, { target: { value: option.value } });
};

/** Works the controls until the form should hold `value` at `id`. */
function fill(id: string, schema: Node, value: unknown, root: Node): void {
  const node = resolved(schema, root);
  const options = (node.oneOf ?? node.anyOf) as Node[] | undefined;
  if (options) fillChoice(id, node, options, value, root);
  else if (node.enum) choose(id, String(value));
  else if (node.type === "array") fillList(id, node, value as unknown[], root);
  else if (node.type === "object") fillObject(id, node, value as Record<string, unknown>, root);
  else if (node.format === "duration") fillDuration(id, String(value));
  else if (node.type !== "boolean") type(id, String(value));
  else if (byId(id).checked !== value) fireEvent.click(byId(id));
}

function fillChoice(id: string, node: Node, options: Node[], value: unknown, root: Node) {
  const option = options.find((each) => (each.const !== undefined ? each.const === value : fits(each, value, root)));
  if (!option) throw new Error(`${id}: no option fits ${JSON.stringify(value)}`);
  if (option.const !== undefined) {
    choose(id, String(option.title));
    return;
  }
  choose(`${id}__${node.oneOf ? "oneof" : "anyof"}_select`, String(option.title));
  fill(id, option, value, root);
}

/** Whether an object has all that the option requires, and the constants that tell the option apart. */
function fits(option: Node, value: unknown, root: Node): boolean {
  const node = resolved(option, root);
  if (typeof value !== "object" || value === null) return node.type === typeof value;
  const required = (node.required ?? []).every((name) => name in value);
  const constants = Object.entries(node.properties ?? {}).filter(([, child]) => (child as Node).const !== undefined);
  return required && constants.every(([name, child]) => (value as Record<string, unknown>)[name] === (child as Node).const);
}

function fillDuration(id: string, value: string) {
  const { amount, unit } = splitDuration(value);
  const box = byId(id).closest(".duration");
  type(id, amount);
  const select = box?.querySelector("select");
  if (select) fireEvent.change(select, { target: { value: unit } });
}

function fillList(id: string, node: Node, items: unknown[], root: Node) {
  const group = byId<HTMLElement>(`${id}__title`).closest(".field-group");
  if (!group) throw new Error(`${id} is no list`);
  if (isSet(node, root)) {
    const choices = (resolved(node.items as Node, root).oneOf ?? []) as Node[];
    const label = (item: unknown) => choices.find((each) => each.const === item)?.title ?? String(item);
    const wanted = items.map(label);
    for (const chip of group.querySelectorAll<HTMLElement>("[aria-pressed]")) {
      if (wanted.includes(chip.textContent ?? "") !== (chip.getAttribute("aria-pressed") === "true")) fireEvent.click(chip);
    }
    return;
  }
  const array = () => [...group.children].find((each) => each.classList.contains("array")) as Element;
  items.forEach((item, at) => {
    const rows = [...array().children].filter((each) => each.classList.contains("array-item"));
    if (rows.length <= at) press(array().lastElementChild as Element, /^Add /);
    fill(`${id}_${at}`, node.items as Node, item, root);
  });
}

function fillObject(id: string, node: Node, value: Record<string, unknown>, root: Node) {
  for (const [name, child] of Object.entries(node.properties ?? {})) {
    if (value[name] !== undefined && (child as Node).const === undefined) fill(`${id}_${name}`, child as Node, value[name], root);
  }
  if (typeof node.additionalProperties !== "object") return;
  for (const [name, item] of Object.entries(value).filter(([key]) => !(key in (node.properties ?? {})))) {
    press(byId<HTMLElement>(`${id}__title`).closest(".field-group") ?? document.body, /^Add /);
    const key = byId(`${id}_newKey-key`);
    fireEvent.blur(key, { target: { value: name } });
    fill(`${id}_${name}`, node.additionalProperties as Node, item, root);
  }
}

let latest: Config = {};
function Live({ schema }: { schema: Record<string, unknown> }) {
  const [value, setValue] = useState<Config>({});
  latest = value;
  return <SchemaForm schema={schema} value={value} onChange={setValue} faults={[]} />;
}

/** Fills an empty form and gives the configuration that comes out. */
function throughTheForm(schema: Record<string, unknown>, config: Record<string, unknown>): Config {
  latest = {};
  render(<Live schema={schema} />);
  const root = prepared(schema);
  const [first] = Object.keys(root.properties ?? {});
  if (first === undefined) return latest;
  const ids = [...document.querySelectorAll("[id]")].map((each) => each.id);
  const known = ids.find((id) => new RegExp(`_${first}(__title|__oneof_select|__anyof_select)?$`).test(id)) ?? "";
  fill(known.slice(0, known.lastIndexOf(`_${first}`)), root, config, root);
  return latest;
}

/** The largest forms take some seconds on a busy machine. */
const WORKING_A_FORM_MS = 60_000;

describe.each(kinds)("the form of $name", ({ schema, example }) => {
  it(
    "gives back the configuration that the catalogue shows",
    () => {
      const root = prepared(schema);
      expect(withoutDefaults(throughTheForm(schema, example), root, root)).toEqual(withoutDefaults(example, root, root));
    },
    WORKING_A_FORM_MS,
  );

  it(
    "gives back whatever was set in each of its fields",
    () => {
      const config = another(prepared(schema), prepared(schema)) as Record<string, unknown>;
      expect(throughTheForm(schema, config)).toEqual(config);
    },
    WORKING_A_FORM_MS,
  );
});

/** What stands at its default may be left out, at any depth: here it is, on both sides. */
function withoutDefaults(value: unknown, schema: Node, root: Node): unknown {
  const node = resolved(schema, root);
  if (Array.isArray(value)) return value.map((item) => withoutDefaults(item, (node.items ?? {}) as Node, root));
  if (typeof value !== "object" || value === null) return value;
  const child = (name: string) => resolved((node.properties?.[name] ?? {}) as Node, root);
  const set = Object.entries(value).filter(([name, item]) => JSON.stringify(item) !== JSON.stringify(child(name).default));
  return Object.fromEntries(set.map(([name, item]) => [name, withoutDefaults(item, child(name), root)]));
}
