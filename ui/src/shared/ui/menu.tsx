import { Menu as Base } from "@base-ui/react/menu";
import type { LucideIcon } from "lucide-react";
import type { ReactElement } from "react";

export type MenuItem = { label: string; icon?: LucideIcon; kbd?: string; danger?: boolean; disabled?: boolean; run: () => void };

/** A menu behind `trigger`, which must be a button. */
export function Menu({ trigger, items }: { trigger: ReactElement; items: MenuItem[] }) {
  return (
    <Base.Root>
      <Base.Trigger render={trigger} />
      <Base.Portal>
        <Base.Positioner className="menu-positioner" sideOffset={4} align="end">
          <Base.Popup className="menu menu-popup">
            {items.map(({ label, icon: Icon, kbd, danger, disabled, run }) => (
              <Base.Item key={label} className={danger ? "mi c5" : "mi"} onClick={run} disabled={disabled ?? false}>
                {Icon && <Icon className="i i-s" aria-hidden />}
                <span className="grow">{label}</span>
                {kbd && <span className="kbd">{kbd}</span>}
              </Base.Item>
            ))}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}
