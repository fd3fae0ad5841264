import { Search, X } from "lucide-react";
import { type KeyboardEvent, useId, useRef, useState } from "react";
import { parseQuery, type Token, withToken } from "@/shared/call/query";
import { useKeys } from "@/shared/keys";
import { type Completion, complete, type Values } from "./complete";

const merge = (tokens: readonly Token[], more: readonly Token[]) =>
  more.reduce<Token[]>((all, token) => withToken(all, token.field, token.value), [...tokens]);

const wordOf = (token: Token) => (token.field === "path" ? token.value : `${token.field}:${token.value}`);

export interface QueryFieldProps {
  tokens: readonly Token[];
  onChange: (tokens: Token[]) => void;
  values: Values;
}

/** A query as tokens, and one that is being typed, with ways to go on. Enter or Tab takes, Backspace opens the last token again. */
export function QueryField({ tokens, onChange, values }: QueryFieldProps) {
  const [draft, setDraft] = useState("");
  const [open, setOpen] = useState(false);
  const [at, setAt] = useState(-1);
  const input = useRef<HTMLInputElement>(null);
  const list_id = useId();
  const ways = complete(draft, values);
  const shown = open && ways.length > 0;

  useKeys({ "/": () => input.current?.focus() });

  const type = (text: string) => {
    setDraft(text);
    setOpen(true);
    setAt(-1);
  };
  const commit = (text: string) => {
    onChange(merge(tokens, parseQuery(text)));
    type("");
  };
  const take = (way: Completion) => {
    if (way.text.endsWith(":")) type(way.text);
    else commit(way.text);
    input.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const chosen = shown ? ways[at] : undefined;
    if (shown && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      setAt((at + step + ways.length + (at < 0 && step < 0 ? 1 : 0)) % ways.length);
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (chosen) take(chosen);
      else if (draft.trim() !== "") commit(draft);
    } else if (event.key === "Tab" && draft !== "" && ways[0] && !event.shiftKey) {
      event.preventDefault();
      take(chosen ?? ways[0]);
    } else if (event.key === "Backspace" && draft === "") {
      const last = tokens.at(-1);
      if (!last) return;
      event.preventDefault();
      onChange(tokens.slice(0, -1));
      type(wordOf(last));
    } else if (event.key === "Escape" && (shown || draft !== "")) {
      event.preventDefault();
      event.stopPropagation();
      setOpen(false);
      setAt(-1);
    }
  };

  return (
    <div className="query-field grow">
      <div className="query">
        <Search className="i i-s t3" aria-hidden />
        {tokens.map((token) => (
          <span className="token" key={token.field}>
            {token.field !== "path" && <span className="k">{token.field}</span>}
            {token.field !== "path" && <span className="o">:</span>}
            <span className="trunc">{token.value}</span>
            <button
              type="button"
              className="x"
              aria-label={`Remove ${wordOf(token)}`}
              onClick={() => onChange(tokens.filter((each) => each !== token))}
            >
              <X className="i i-xs" aria-hidden />
            </button>
          </span>
        ))}
        <input
          ref={input}
          role="combobox"
          aria-label="Filter calls"
          aria-expanded={shown}
          aria-controls={list_id}
          aria-autocomplete="list"
          aria-activedescendant={shown && at >= 0 ? `${list_id}-${at}` : undefined}
          placeholder={tokens.length === 0 ? "status:4xx api:orders /part/of/path" : ""}
          value={draft}
          spellCheck={false}
          autoComplete="off"
          onChange={(event) => type(event.target.value)}
          onFocus={() => setOpen(true)}
          onBlur={() => {
            setOpen(false);
            if (draft.trim() !== "" && !draft.trim().endsWith(":")) commit(draft);
          }}
          onKeyDown={onKeyDown}
        />
        <span className="kbd" aria-hidden>
          /
        </span>
      </div>
      <div className="menu query-menu" id={list_id} role="listbox" aria-label="Ways to go on" hidden={!shown}>
        {ways.map((way, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the input has the keys
          // biome-ignore lint/a11y/useFocusableInteractive: the input keeps the focus and names the active option
          <div
            key={way.text}
            id={`${list_id}-${index}`}
            className="mi"
            role="option"
            aria-selected={index === at}
            onPointerDown={(event) => event.preventDefault()}
            onClick={() => take(way)}
          >
            <span className="mono">{way.text}</span>
            {way.hint && <span className="t3 push">{way.hint}</span>}
            {index === 0 && draft !== "" && <span className="kbd">Tab</span>}
          </div>
        ))}
      </div>
    </div>
  );
}
