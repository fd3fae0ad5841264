/** Names and addresses in a text, by commas, blanks or lines. */
export const namesIn = (text: string): string[] => text.split(/[\s,]+/).filter(Boolean);

/** The names of a list and those of a text, each once. */
export const withNames = (values: readonly string[], text: string): string[] => [...new Set([...values, ...namesIn(text)])];

/** The places in a list that faults name: `hosts[2]` is place 2 of `hosts`. */
export const placesOf = (faults: readonly { field: string }[], list: string): number[] =>
  faults.flatMap(({ field }) => {
    const place = field.startsWith(`${list}[`) ? Number.parseInt(field.slice(list.length + 1), 10) : Number.NaN;
    return Number.isNaN(place) ? [] : [place];
  });
