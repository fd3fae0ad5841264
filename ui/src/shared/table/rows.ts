/** The index a key moves the selection to; `null` when the key moves nothing. */
export function move(key: string, from: number, count: number, page: number): number | null {
  if (count === 0) return null;
  const within = (index: number) => Math.min(count - 1, Math.max(0, index));
  switch (key) {
    case "ArrowDown":
      return within(from + 1);
    case "ArrowUp":
      return from < 0 ? 0 : within(from - 1);
    case "PageDown":
      return within(from + page);
    case "PageUp":
      return within(from - page);
    case "Home":
      return 0;
    case "End":
      return count - 1;
    default:
      return null;
  }
}

/** How many rows came before the one that used to be first; 0 when it is gone or was never there. */
export function addedOnTop(keys: readonly (string | number)[], old_first: string | number | null): number {
  return old_first === null ? 0 : Math.max(0, keys.indexOf(old_first));
}
