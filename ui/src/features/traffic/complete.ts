import { FIELDS, type FieldName } from "@/shared/call/query";

/** A way to go on with what is being typed. */
export interface Completion {
  /** What the typed word becomes; a field alone ends in ":" and waits for its value. */
  text: string;
  hint: string;
}

/** What can stand behind each field. */
export type Values = Record<FieldName, readonly string[]>;

const MOST = 8;
const quoted = (value: string) => (/\s/.test(value) ? `"${value}"` : value);

/** Fields that begin with the word, or values of the field it names. */
export function complete(word: string, values: Values): Completion[] {
  const colon = word.indexOf(":");
  const typed = word.toLowerCase();
  if (colon < 0) {
    return (Object.keys(FIELDS) as FieldName[])
      .filter((field) => field.startsWith(typed))
      .map((field) => ({ text: `${field}:`, hint: FIELDS[field] }));
  }
  const field = typed.slice(0, colon);
  if (!Object.hasOwn(FIELDS, field)) return [];
  const begun = typed.slice(colon + 1).replace(/^"/, "");
  return values[field as FieldName]
    .filter((value) => value.toLowerCase().includes(begun) && value.toLowerCase() !== begun)
    .slice(0, MOST)
    .map((value) => ({ text: `${field}:${quoted(value)}`, hint: "" }));
}
