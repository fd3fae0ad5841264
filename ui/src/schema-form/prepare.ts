import type { RJSFSchema } from "@rjsf/utils";

/**
 * A policy's schema as the form wants it: "or null" is dropped (an empty field is left out instead), every property
 * has a title, choices have short labels, and `x-order` puts the important fields first. The gateway checks against
 * its own, unchanged.
 */
export function prepared(schema: unknown): RJSFSchema {
  return isObject(schema) ? (node(schema) as RJSFSchema) : {};
}

type Node = Record<string, unknown>;
const isObject = (value: unknown): value is Node => typeof value === "object" && value !== null && !Array.isArray(value);
const isNull = (value: unknown) => isObject(value) && value.type === "null";

const ABBREVIATIONS = /\b(?:api|cors|dn|html|http|https|id|ip|json|jwks|jwt|ldap|tls|ttl|uri|url|xml)(?=s?\b)/gi;

/** `expose_headers` becomes `Expose headers`, `client_id` becomes `Client ID`. */
export const humanised = (name: string): string => {
  const words = name.replaceAll(/[_-]+/g, " ").replaceAll(ABBREVIATIONS, (word) => word.toUpperCase());
  return words.charAt(0).toUpperCase() + words.slice(1);
};

const LONGEST_LABEL = 44;

function node(source: Node): Node {
  const schema = typedChoice(singleType(textOrNumber(withoutNull(source))));
  const result: Node = {};
  for (const [key, value] of Object.entries(schema)) {
    if ((key === "properties" || key === "$defs" || key === "definitions") && isObject(value))
      result[key] = children(value, key === "properties");
    else if (key === "oneOf" || key === "anyOf" || key === "allOf")
      result[key] = (value as unknown[]).map((each) => (isObject(each) ? choice(node(each)) : each));
    else if ((key === "items" || key === "additionalProperties") && isObject(value)) result[key] = node(value);
    else result[key] = value;
  }
  return result;
}

/** "X or null" is X: in a form the null is the empty field. */
function withoutNull(schema: Node): Node {
  for (const key of ["anyOf", "oneOf"] as const) {
    const options = schema[key];
    if (!Array.isArray(options) || !options.some(isNull)) continue;
    const others = options.filter((option) => !isNull(option));
    const { [key]: _, ...rest } = schema;
    return others.length === 1 && isObject(others[0]) ? { ...others[0], ...rest } : { ...rest, [key]: others };
  }
  return schema;
}

/** "A number or text" that comes as two schemas is text: who wants the number writes its digits. */
function textOrNumber(schema: Node): Node {
  const options = schema.anyOf;
  if (!Array.isArray(options) || options.length !== 2) return schema;
  const types = options.map((option) => (isObject(option) ? option.type : undefined));
  const text = options.find((option) => isObject(option) && option.type === "string");
  if (!isObject(text) || !types.some((type) => type === "integer" || type === "number")) return schema;
  const { anyOf: _, ...rest } = schema;
  return { ...text, ...rest };
}

/** Text first where text or a number is allowed ("1m" or 60000): the widget writes text. */
function singleType(schema: Node): Node {
  if (!Array.isArray(schema.type)) return schema;
  const types = schema.type.filter((type) => type !== "null");
  return { ...schema, type: types.includes("string") ? "string" : types[0] };
}

/** A choice of constants may leave its type to them; the form wants it said. */
function typedChoice(schema: Node): Node {
  const options = schema.oneOf;
  if (schema.type !== undefined || !Array.isArray(options)) return schema;
  const types = new Set(options.map((option) => (isObject(option) && option.const !== undefined ? typeof option.const : "none")));
  const [type] = types;
  return types.size === 1 && type !== "none" && type !== "object" ? { ...schema, type } : schema;
}

function children(properties: Node, ordered: boolean): Node {
  const entries = Object.entries(properties).map(([name, child]): [string, unknown] => {
    if (!isObject(child)) return [name, child];
    const done = node(child);
    return [name, ordered ? { title: humanised(name), ...done } : done];
  });
  if (ordered) entries.sort(([, a], [, b]) => orderOf(a) - orderOf(b));
  return Object.fromEntries(entries);
}

const orderOf = (child: unknown): number => (isObject(child) && typeof child["x-order"] === "number" ? child["x-order"] : 1_000);

/** A choice of constants shows its description where that is short, else the constant; a choice of objects its title or its tag. */
function choice(option: Node): Node {
  if (option.title !== undefined) return option;
  if (option.const !== undefined) {
    const words = typeof option.description === "string" ? option.description.replace(/\.$/, "") : "";
    return { ...option, title: words !== "" && words.length <= LONGEST_LABEL ? words : humanised(String(option.const)) };
  }
  const tag = tagOf(option);
  return tag === undefined ? option : { ...option, title: humanised(tag) };
}

/** What tells this object apart from its siblings: a constant among its properties, or its only required property. */
function tagOf(option: Node): string | undefined {
  const properties = isObject(option.properties) ? option.properties : {};
  for (const property of Object.values(properties)) if (isObject(property) && typeof property.const === "string") return property.const;
  const required = Array.isArray(option.required) ? option.required : [];
  return required.length === 1 && typeof required[0] === "string" ? required[0] : undefined;
}
