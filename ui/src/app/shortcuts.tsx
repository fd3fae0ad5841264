import { useEffect, useRef } from "react";
import { tinykeys } from "tinykeys";
import { Dialog } from "@/shared/ui";
import { useCommands } from "./commands";
import { closeOverlay, openOverlay, openPalette, useOverlay } from "./overlays";

/** Letters typed into a field, or while a dialog is open, are not shortcuts. */
function isTyping(event: KeyboardEvent): boolean {
  const target = event.target instanceof Element ? event.target : null;
  return target?.closest("input, textarea, select, [contenteditable='true'], .cm-editor, [role='dialog'], [role='menu']") != null;
}

/** Keys of the commands as tinykeys writes them; `?` needs Shift on most layouts, not on all, and tinykeys wants it said. */
const bindingsOf = (keys: string): string[] => (keys === "?" ? ["?", "Shift+?"] : [keys]);

/** Listens for the keys of every command, and for the palette. */
export function useShortcuts(): void {
  const commands = useCommands();
  const current = useRef(commands);
  current.current = commands;
  const bindings = commands.flatMap((command) => command.keys ?? []).join("|");
  useEffect(() => {
    const table: Record<string, (event: KeyboardEvent) => void> = {
      "$mod+k": (event) => {
        event.preventDefault();
        openPalette();
      },
    };
    for (const keys of bindings.split("|")) {
      const run = (event: KeyboardEvent) => {
        if (isTyping(event)) return;
        event.preventDefault();
        current.current.find((command) => command.keys === keys)?.run();
      };
      for (const binding of bindingsOf(keys)) table[binding] = run;
    }
    return tinykeys(window, table);
  }, [bindings]);
}

const ON_SCREENS: [string, string][] = [
  ["Ctrl K", "Search or run anything"],
  ["Alt ↑ / Alt ↓", "Move the selected policy"],
  ["Ctrl Enter", "Save the policy, or send the request"],
  ["Space", "Pause or follow the traffic"],
  ["Esc", "Close what is on top"],
];

export function ShortcutSheet() {
  const open = useOverlay((state) => state.open === "shortcuts");
  const commands = useCommands().filter((command) => command.keys);
  return (
    <Dialog open={open} onClose={closeOverlay} title="Keyboard shortcuts" width={420}>
      <dl className="shortcuts">
        {ON_SCREENS.map(([keys, what]) => (
          <Shortcut key={keys} keys={keys} what={what} />
        ))}
        {commands.map((command) => (
          <Shortcut
            key={command.id}
            keys={command.keys ?? ""}
            what={command.group === "Go to" ? `Go to ${command.label}` : command.label}
          />
        ))}
      </dl>
    </Dialog>
  );
}

function Shortcut({ keys, what }: { keys: string; what: string }) {
  return (
    <div className="row">
      <dt className="grow t2">{what}</dt>
      <dd>
        <span className="kbd">{keys}</span>
      </dd>
    </div>
  );
}

export const openShortcuts = () => openOverlay("shortcuts");
