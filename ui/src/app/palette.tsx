import { Autocomplete } from "@base-ui/react/autocomplete";
import { Dialog } from "@base-ui/react/dialog";
import Fuse from "fuse.js";
import { Search } from "lucide-react";
import { useMemo, useState } from "react";
import { type Command, keyWords, useClientCommands, useCommands } from "./commands";
import { closeOverlay, useOverlay } from "./overlays";

/** Loose enough for a slip of the finger, tight enough that nonsense finds nothing. */
const FUZZINESS = 0.35;

/** The commands that a text means, best first; all of them when it is empty. */
export function matching(commands: Command[], text: string): Command[] {
  if (text.trim() === "") return commands;
  const fuse = new Fuse(commands, { keys: [{ name: "label", weight: 3 }, "detail", "group"], threshold: FUZZINESS, ignoreLocation: true });
  return fuse.search(text.trim()).map((found) => found.item);
}

/** Do and go to, in one list: Ctrl+K. */
export function Palette() {
  const open = useOverlay((state) => state.open === "palette");
  return (
    <Dialog.Root open={open} onOpenChange={(next) => !next && closeOverlay()}>
      <Dialog.Portal>
        <Dialog.Backdrop className="scrim-fixed" />
        <Dialog.Popup className="palette palette-popup" aria-label="Search or run">
          <PaletteList />
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function PaletteList() {
  const [text, setText] = useState("");
  const commands = useCommands();
  const clients = useClientCommands(text);
  const found = useMemo(() => matching([...commands, ...clients], text), [commands, clients, text]);
  const groups = text === "" ? (["Do", "Go to"] as const) : [null];
  const run = (command: Command) => {
    closeOverlay();
    command.run();
  };
  return (
    <Autocomplete.Root
      items={found}
      filter={null}
      open
      inline
      autoHighlight="always"
      keepHighlight
      value={text}
      onValueChange={setText}
      itemToStringValue={(command: Command) => command.label}
    >
      <div className="q">
        <Search className="i t3" aria-hidden />
        <Autocomplete.Input placeholder="Search or run" aria-label="Search or run" />
        <span className="kbd">Esc</span>
      </div>
      <Autocomplete.Empty className="small t3 palette-none">Nothing is called that.</Autocomplete.Empty>
      <Autocomplete.List className="palette-list">
        {groups.map((group) => (
          <div key={group ?? "found"} role="presentation">
            {group && (
              <div className="grp" role="presentation">
                {group}
              </div>
            )}
            {found
              .filter((command) => group === null || command.group === group)
              .map((command) => (
                <Autocomplete.Item key={command.id} value={command} className="pi" onClick={() => run(command)}>
                  <command.icon className="i" aria-hidden />
                  <span>{command.label}</span>
                  {command.detail && <span className="small t3 trunc">{command.detail}</span>}
                  {command.keys && <span className="kbd push">{keyWords(command.keys)}</span>}
                </Autocomplete.Item>
              ))}
          </div>
        ))}
      </Autocomplete.List>
      <div className="ft">
        <span className="row row-1">
          <span className="kbd">↑</span>
          <span className="kbd">↓</span> choose
        </span>
        <span className="row row-1">
          <span className="kbd">⏎</span> run
        </span>
      </div>
    </Autocomplete.Root>
  );
}
