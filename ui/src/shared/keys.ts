import { useEffect, useRef } from "react";

/** What each key, or sequence of two keys apart by a space (`g a`), does. Letters are small ones. */
export type KeyTable = Readonly<Record<string, () => void>>;

/** How long a sequence waits for its second key. */
export const SEQUENCE_MS = 1_500;

/**
 * Holds the keys of everything on the screen, so that a sequence and a single letter never both answer to one press.
 * A key after the first one of a sequence belongs to the sequence, even if it leads nowhere.
 */
export function keyboard() {
  const tables = new Set<() => KeyTable>();
  let begun: { key: string; at_ms: number } | null = null;
  const all = () => [...tables].map((table) => table()).reverse();
  const run = (keys: string): boolean => {
    const table = all().find((each) => Object.hasOwn(each, keys));
    table?.[keys]?.();
    return table !== undefined;
  };
  const begins = (key: string) => all().some((table) => Object.keys(table).some((keys) => keys.startsWith(`${key} `)));
  return {
    /** Adds keys; the latest table comes first. Returns what takes them away. */
    add(table: () => KeyTable): () => void {
      tables.add(table);
      return () => void tables.delete(table);
    },
    /** Takes one press; says whether anything had use for it. */
    press(key: string, at_ms: number): boolean {
      const first = begun && at_ms - begun.at_ms <= SEQUENCE_MS ? begun.key : null;
      begun = null;
      if (first && run(`${first} ${key}`)) return true;
      if (begins(key)) {
        begun = { key, at_ms };
        return true;
      }
      return first !== null || run(key);
    },
    /** Forgets a sequence that was begun. */
    interrupt() {
      begun = null;
    },
  };
}

const NOT_TEXT = "[type='checkbox'], [type='radio'], [type='button'], [type='submit']";
const TYPING = `input:not(${NOT_TEXT}), textarea, select, [contenteditable='true'], .cm-editor, [role='dialog'], [role='menu']`;

/** Letters typed into a field, or while a dialog is open, are not shortcuts. */
export const isTyping = (target: EventTarget | null): boolean => target instanceof Element && target.closest(TYPING) !== null;

/** A press as a key table names it; `null` for what is no shortcut: modifiers, repeats, and keys held with Ctrl, Alt or Meta. */
export function pressed(event: KeyboardEvent): string | null {
  if (event.repeat || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return null;
  if (["Shift", "Control", "Alt", "Meta", "CapsLock", "AltGraph"].includes(event.key)) return null;
  const letter = /^\p{L}$/u.test(event.key);
  if (letter && event.shiftKey) return null;
  return letter ? event.key.toLowerCase() : event.key;
}

const keys = keyboard();

function onKeyDown(event: KeyboardEvent) {
  const key = pressed(event);
  if (key === null || event.defaultPrevented) return;
  if (isTyping(event.target)) keys.interrupt();
  else if (keys.press(key, event.timeStamp)) event.preventDefault();
}

let users = 0;

/** Answers to keys for as long as the component stands. */
export function useKeys(table: KeyTable): void {
  const current = useRef(table);
  current.current = table;
  useEffect(() => {
    const take = keys.add(() => current.current);
    users += 1;
    if (users === 1) window.addEventListener("keydown", onKeyDown);
    return () => {
      take();
      users -= 1;
      if (users === 0) window.removeEventListener("keydown", onKeyDown);
    };
  }, []);
}
