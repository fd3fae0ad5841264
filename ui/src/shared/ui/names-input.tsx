import { X } from "lucide-react";
import { type ClipboardEvent, type KeyboardEvent, useRef, useState } from "react";
import { namesIn, withNames } from "@/shared/names";
import { classes } from "./class-names";

type NamesInputProps = {
  id?: string;
  "aria-describedby"?: string;
  "aria-invalid"?: true;
  values: readonly string[];
  onChange: (values: string[]) => void;
  /** Places of values that are wrong. */
  faulty?: readonly number[];
  placeholder?: string;
  autoFocus?: boolean;
};

/**
 * A list of short names: each stands by itself and can be removed. Enter, a comma or leaving the field adds what is
 * typed; Backspace in an empty field opens the last one again.
 */
export function NamesInput({ values, onChange, faulty = [], placeholder, ...input }: NamesInputProps) {
  const [text, setText] = useState("");
  const field = useRef<HTMLInputElement>(null);
  const add = (more: string) => {
    setText("");
    if (more.trim() !== "") onChange(withNames(values, more));
  };
  const removeAt = (place: number) => {
    onChange(values.filter((_, n) => n !== place));
    field.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const last = values.at(-1);
    if ((event.key === "Enter" && text.trim() !== "") || event.key === ",") {
      event.preventDefault();
      add(text);
    } else if (event.key === "Backspace" && text === "" && last !== undefined) {
      event.preventDefault();
      onChange(values.slice(0, -1));
      setText(last);
    }
  };
  const onPaste = (event: ClipboardEvent) => {
    const pasted = event.clipboardData.getData("text");
    if (namesIn(pasted).length < 2) return;
    event.preventDefault();
    add(`${text}${pasted}`);
  };
  return (
    <span className="input mono names-input">
      {values.map((value, place) => (
        <span key={value} className={classes("chip", faulty.includes(place) && "chip-5")}>
          {value}
          <button type="button" className="chip-x" aria-label={`Remove ${value}`} onClick={() => removeAt(place)}>
            <X className="i i-xs" aria-hidden />
          </button>
        </span>
      ))}
      <input
        {...input}
        ref={field}
        autoComplete="off"
        autoCapitalize="off"
        spellCheck={false}
        placeholder={values.length === 0 ? placeholder : undefined}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={onKeyDown}
        onPaste={onPaste}
        onBlur={() => add(text)}
      />
    </span>
  );
}
