import { Plus, Trash2 } from "lucide-react";
import { useRef } from "react";
import { Button, IconButton } from "@/shared/ui";
import { type HeaderRow, headerRow } from "./draft";
import { change, useTester } from "./store";

const KNOWN_NAMES = [
  "Accept",
  "Authorization",
  "Cache-Control",
  "Content-Type",
  "Cookie",
  "If-None-Match",
  "Origin",
  "User-Agent",
  "X-User",
];

function put(rows: readonly HeaderRow[], row: HeaderRow): void {
  change({ headers: rows.map((each) => (each.id === row.id ? row : each)) });
}

/** Headers of the request as lines that can be switched off without losing them. */
export function HeaderEditor() {
  const rows = useTester((state) => state.draft.headers);
  const list = useRef<HTMLDivElement>(null);
  const add = () => {
    change({ headers: [...rows, headerRow()] });
    requestAnimationFrame(() => [...(list.current?.querySelectorAll<HTMLInputElement>("input.name") ?? [])].at(-1)?.focus());
  };
  return (
    <div className="header-editor" ref={list}>
      <datalist id="header-names">
        {KNOWN_NAMES.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      {rows.map((row, index) => (
        <div className="header-row" key={row.id}>
          <input
            type="checkbox"
            aria-label={`Send header ${index + 1}`}
            checked={row.enabled}
            onChange={(event) => put(rows, { ...row, enabled: event.target.checked })}
          />
          <span className="input input-s">
            <input
              className="mono name"
              aria-label={`Name of header ${index + 1}`}
              placeholder="name"
              list="header-names"
              value={row.name}
              spellCheck={false}
              autoComplete="off"
              onChange={(event) => put(rows, { ...row, name: event.target.value })}
            />
          </span>
          <span className="input input-s grow">
            <input
              className="mono"
              aria-label={`Value of header ${index + 1}`}
              placeholder="value"
              value={row.value}
              spellCheck={false}
              autoComplete="off"
              onChange={(event) => put(rows, { ...row, value: event.target.value })}
            />
          </span>
          <IconButton
            icon={Trash2}
            label={`Remove header ${index + 1}`}
            onClick={() => change({ headers: rows.filter((each) => each.id !== row.id) })}
          />
        </div>
      ))}
      <div>
        <Button size="s" look="ghost" icon={Plus} onClick={add}>
          Add header
        </Button>
      </div>
    </div>
  );
}
