// Waiting for a condition, never for a length of time.

const PAUSE_MS = 25;

/** Asks `condition` until it gives something true; fails with its last error after `ms`. */
export async function until(what, condition, ms = 10_000) {
  const end = Date.now() + ms;
  let last;
  for (;;) {
    try {
      const value = await condition();
      if (value) return value;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (Date.now() > end) throw new Error(`waited ${ms} ms for: ${what}${last ? `; at last: ${last.message}` : ""}`);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}
