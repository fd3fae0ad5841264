import { useEffect } from "react";
import { useKeys } from "@/shared/keys";
import { Dialog } from "@/shared/ui";
import { keyWords, useCommands } from "./commands";
import { closeOverlay, openOverlay, openPalette, useOverlay } from "./overlays";

/** Listens for the keys of every command, and for the palette. */
export function useShortcuts(): void {
  const commands = useCommands();
  useKeys(Object.fromEntries(commands.flatMap((command) => (command.keys ? [[command.keys, command.run]] : []))));
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== "k" || event.shiftKey || event.altKey || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      openPalette();
    };
    window.addEventListener("keydown", onKeyDown);
    return () => window.removeEventListener("keydown", onKeyDown);
  }, []);
}

const ON_SCREENS: [string, string][] = [
  ["Ctrl K", "Search or run anything"],
  ["A", "Add a policy, on the policies of an API"],
  ["Alt ↑ / Alt ↓", "Move the selected policy"],
  ["Ctrl Enter", "Save the policy, or send the request"],
  ["/", "Filter the traffic"],
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
            keys={keyWords(command.keys ?? "")}
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
