/** Numbers, times and sizes as text. English, with a thin space between thousands, as everywhere in the console. */

const SPACE = "\u202f";

export const count = (value: number): string => Math.round(value).toLocaleString("en-US").replaceAll(",", SPACE);

/** Three significant digits at most: `0.42`, `7.3`, `128.4`, `9 612`. */
export function decimal(value: number): string {
  if (value === 0) return "0";
  const magnitude = Math.abs(value);
  if (magnitude >= 1000) return count(value);
  const digits = magnitude >= 10 ? 1 : magnitude >= 0.1 ? 1 : 2;
  return String(Number(value.toFixed(digits)));
}

/** Calls a second from a count of calls over a number of seconds. */
export const perSecond = (calls: number, seconds: number): string => (seconds > 0 ? decimal(calls / seconds) : "0");

/** A share as per cent; what is more than nothing never reads as zero. */
export function percent(part: number, whole: number): string {
  if (whole <= 0 || part <= 0) return "0 %";
  const value = (part / whole) * 100;
  return value < 0.1 ? "< 0.1 %" : `${decimal(value)} %`;
}

/** Microseconds with the unit that fits: `48 µs`, `3.2 ms`, `1.4 s`. */
export function micros(us: number): string {
  if (us < 1_000) return `${Math.round(us)} µs`;
  if (us < 1_000_000) return `${decimal(us / 1_000)} ms`;
  return `${decimal(us / 1_000_000)} s`;
}

const SIZES = ["B", "KB", "MB", "GB", "TB"];

/** Bytes in steps of 1024: `0 B`, `312 B`, `1.4 KB`. */
export function bytes(value: number): string {
  let step = 0;
  let amount = value;
  while (amount >= 1024 && step < SIZES.length - 1) {
    amount /= 1024;
    step += 1;
  }
  return `${step === 0 ? Math.round(amount) : decimal(amount)} ${SIZES[step]}`;
}

const pad = (value: number) => String(value).padStart(2, "0");

/** `14:02:11`, in the local time zone. */
export function clock(ms: number): string {
  const date = new Date(ms);
  return `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
}

/** `2026-03-09`. */
export function day(ms: number): string {
  const date = new Date(ms);
  return `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
}

/** `today 14:02:11`, `yesterday 09:15:00` or `2026-03-09 09:15:00`. */
export function moment(ms: number, now_ms: number = Date.now()): string {
  if (day(ms) === day(now_ms)) return `today ${clock(ms)}`;
  const yesterday = new Date(now_ms);
  yesterday.setDate(yesterday.getDate() - 1);
  return `${day(ms) === day(yesterday.getTime()) ? "yesterday" : day(ms)} ${clock(ms)}`;
}

/** The two largest units of a time span: `3 d 4 h`, `12 min 5 s`, `0 s`. */
export function span(ms: number): string {
  let seconds = Math.max(0, Math.floor(ms / 1000));
  const parts: string[] = [];
  for (const [unit, size] of [
    ["d", 86_400],
    ["h", 3_600],
    ["min", 60],
    ["s", 1],
  ] as const) {
    const amount = Math.floor(seconds / size);
    seconds -= amount * size;
    if (amount > 0 || (unit === "s" && parts.length === 0)) parts.push(`${amount} ${unit}`);
  }
  return parts.slice(0, 2).join(" ");
}

/** `just now`, `12 s ago`, `3 h ago`, `5 d ago`. */
export function ago(ms: number, now_ms: number = Date.now()): string {
  const elapsed = now_ms - ms;
  if (elapsed < 3_000) return "just now";
  return `${span(elapsed).split(" ").slice(0, 2).join(" ")} ago`;
}

/** An address for a narrow place: `http://` goes without saying, `https://` does not. */
export const shortUrl = (url: string): string => url.replace(/^http:\/\//i, "");

/** Sentences one after another; what is not said is left out. */
export const sentences = (...said: (string | null | undefined)[]): string =>
  said
    .map((each) => each?.trim())
    .filter(Boolean)
    .join(" ");

/** `1 call`, `2 calls`. */
export const plural = (amount: number, one: string, many = `${one}s`): string => `${count(amount)} ${amount === 1 ? one : many}`;
