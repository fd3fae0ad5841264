import type { Header } from "@/api/types";

/** Headers as people write them, `name: value` on a line each. Lines without a name say nothing. */
export function headersOf(text: string): Header[] {
  return text.split("\n").flatMap((line): Header[] => {
    const colon = line.indexOf(":");
    const name = (colon < 0 ? line : line.slice(0, colon)).trim().toLowerCase();
    return name === "" ? [] : [[name, colon < 0 ? "" : line.slice(colon + 1).trim()]];
  });
}
