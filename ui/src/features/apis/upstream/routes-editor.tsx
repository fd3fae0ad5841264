import { ArrowDown, ArrowUp, ChevronDown, ChevronRight, Plus, Trash2 } from "lucide-react";
import { type ReactNode, useState } from "react";
import type { Fault } from "@/api/types";
import { SchemaForm } from "@/schema-form/schema-form";
import { Button, IconButton } from "@/shared/ui";
import { faultsBelow, part, schemaOf, withPart } from "./sections";
import { UpstreamFields } from "./upstream-editor";

type Value = Record<string, unknown>;
type Props = { schema: Value; routes: readonly Value[]; faults: readonly Fault[]; onChange: (routes: Value[]) => void };

const RULE = ["name", "path", "methods", "hosts", "headers", "destination_path"] as const;

/** Requests that go elsewhere: a list in order, of which the first that fits counts. One is open at a time. */
export function RoutesEditor({ schema, routes, faults, onChange }: Props) {
  const [open, setOpen] = useState<number | null>(null);
  const replace = (place: number, route: Value) => onChange(routes.map((known, n) => (n === place ? route : known)));
  const move = (place: number, by: -1 | 1) => {
    const next = [...routes];
    const [route] = next.splice(place, 1);
    if (route) next.splice(place + by, 0, route);
    if (open === place) setOpen(place + by);
    else if (open === place + by) setOpen(place);
    onChange(next);
  };
  const removeAt = (place: number) => {
    setOpen(null);
    onChange(routes.filter((_, n) => n !== place));
  };
  const add = () => {
    setOpen(routes.length);
    onChange([...routes, { upstream: { url: "" } }]);
  };
  return (
    <div className="routes-editor">
      <div>
        <h3 className="label">Routes</h3>
        <p className="help small t3">
          Requests that fit a route go to its own upstream; the first that fits counts. All others go to the upstream above.
        </p>
      </div>
      {routes.map((route, place) => {
        const own = faultsBelow(faults, `[${place}]`);
        const name = String(route.name ?? "") || "New route";
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: a route has no other identity, and its name is being edited
          <section key={place} className="route-card" aria-label={`Route ${name}`}>
            <RouteHead
              name={name}
              conditions={conditions(route)}
              open={open === place || own.length > 0}
              onToggle={() => setOpen(open === place ? null : place)}
            >
              <IconButton icon={ArrowUp} label={`Move ${name} up`} disabled={place === 0} onClick={() => move(place, -1)} />
              <IconButton
                icon={ArrowDown}
                label={`Move ${name} down`}
                disabled={place === routes.length - 1}
                onClick={() => move(place, 1)}
              />
              <IconButton icon={Trash2} label={`Remove ${name}`} onClick={() => removeAt(place)} />
            </RouteHead>
            {(open === place || own.length > 0) && (
              <div className="upstream-section form">
                <SchemaForm
                  schema={schemaOf(schema, "RouteInput", RULE)}
                  value={part(route, RULE)}
                  faults={own}
                  onChange={(next) => replace(place, withPart(route, RULE, next))}
                />
                <UpstreamFields
                  schema={schema}
                  upstream={(route.upstream ?? {}) as Value}
                  faults={faultsBelow(faults, `[${place}].upstream`)}
                  onChange={(upstream) => replace(place, { ...route, upstream })}
                />
              </div>
            )}
          </section>
        );
      })}
      <div>
        <Button size="s" look="ghost" icon={Plus} className="add-link" onClick={add}>
          Add route
        </Button>
      </div>
    </div>
  );
}

type HeadProps = { name: string; conditions: string; open: boolean; onToggle: () => void; children: ReactNode };

/** A route in a line: a press anywhere on its words opens it. */
function RouteHead({ name, conditions, open, onToggle, children }: HeadProps) {
  const Arrow = open ? ChevronDown : ChevronRight;
  return (
    <div className="route-head">
      <button type="button" className="route-toggle grow" aria-expanded={open} onClick={onToggle}>
        <Arrow className="i i-s t3" aria-hidden />
        <span className="strong">{name}</span>
        <span className="mono small t3 trunc">{conditions}</span>
      </button>
      {children}
    </div>
  );
}

/** What a request must be like, in one line. */
function conditions(route: Value): string {
  const list = (value: unknown) => (Array.isArray(value) ? value : []);
  const headers = list(route.headers).map((header) => `${(header as Value).name}: ${(header as Value).value}`);
  return [list(route.methods).join(" "), route.path, list(route.hosts).join(" "), ...headers].filter(Boolean).join("  ");
}
