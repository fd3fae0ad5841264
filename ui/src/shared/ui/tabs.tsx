import { type KeyboardEvent, type ReactNode, useRef } from "react";

export type Tab<T extends string> = { id: T; label: string; count?: number | undefined };
type TabsProps<T extends string> = { label: string; tabs: readonly Tab<T>[]; value: T; onChange: (id: T) => void; end?: ReactNode };

export const panelId = (id: string) => `panel-${id}`;

/** A row of tabs; the panel below it is `<TabPanel id>`. Arrow keys move, as the ARIA pattern asks. */
export function Tabs<T extends string>({ label, tabs, value, onChange, end }: TabsProps<T>) {
  const list = useRef<HTMLDivElement>(null);
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const next = tabs[(tabs.findIndex((tab) => tab.id === value) + step + tabs.length) % tabs.length];
    if (!next) return;
    onChange(next.id);
    list.current?.querySelector<HTMLElement>(`#tab-${next.id}`)?.focus();
  };
  return (
    <div className="tabs-row">
      <div className="tabs grow" role="tablist" aria-label={label} ref={list} onKeyDown={onKeyDown}>
        {tabs.map((tab) => (
          <button
            key={tab.id}
            id={`tab-${tab.id}`}
            type="button"
            role="tab"
            aria-selected={tab.id === value}
            aria-controls={tab.id === value ? panelId(tab.id) : undefined}
            tabIndex={tab.id === value ? 0 : -1}
            onClick={() => onChange(tab.id)}
          >
            {tab.label}
            {tab.count !== undefined && <span className="n">{tab.count}</span>}
          </button>
        ))}
      </div>
      {end}
    </div>
  );
}

export function TabPanel({ id, className, children }: { id: string; className?: string; children: ReactNode }) {
  return (
    <div role="tabpanel" id={panelId(id)} aria-labelledby={`tab-${id}`} className={className}>
      {children}
    </div>
  );
}
