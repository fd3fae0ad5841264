import { ArrowDown, ArrowUp, Plus, Trash2 } from "lucide-react";
import type { Fault } from "@/api/types";
import { SchemaForm } from "@/schema-form/schema-form";
import { Button, IconButton } from "@/shared/ui";
import { faultsBelow, part, schemaOf, withPart } from "./sections";
import { UpstreamFields } from "./upstream-editor";

type Value = Record<string, unknown>;
type Props = { schema: Value; routes: readonly Value[]; faults: readonly Fault[]; onChange: (routes: Value[]) => void };

const RULE = ["name", "path", "methods", "hosts", "headers", "destination_path"] as const;

/** Requests that go elsewhere: a list in order, of which the first that fits counts. */
export function RoutesEditor({ schema, routes, faults, onChange }: Props) {
  const replace = (place: number, route: Value) => onChange(routes.map((known, n) => (n === place ? route : known)));
  const move = (place: number, by: -1 | 1) => {
    const next = [...routes];
    const [route] = next.splice(place, 1);
    if (route) next.splice(place + by, 0, route);
    onChange(next);
  };
  return (
    <div className="routes-editor">
      <div>
        <h3 className="label">Routes</h3>
        <p className="help small t3">Requests that fit a route go to its own upstream; the first that fits counts. All others go above.</p>
      </div>
      {routes.map((route, place) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a route has no other identity, and its name is being edited
        <details key={place} className="route-card" open={faultsBelow(faults, `[${place}]`).length > 0 || !route.name || undefined}>
          <summary>
            <span className="strong">{String(route.name ?? "") || "New route"}</span>
            <span className="mono small t3 trunc">{conditions(route)}</span>
            <span className="push row row-1">
              <IconButton icon={ArrowUp} label="Move up" disabled={place === 0} onClick={() => move(place, -1)} />
              <IconButton icon={ArrowDown} label="Move down" disabled={place === routes.length - 1} onClick={() => move(place, 1)} />
              <IconButton
                icon={Trash2}
                label={`Remove the route ${String(route.name ?? "")}`}
                onClick={() => onChange(routes.filter((_, n) => n !== place))}
              />
            </span>
          </summary>
          <div className="upstream-section form">
            <SchemaForm
              schema={schemaOf(schema, "RouteInput", RULE)}
              value={part(route, RULE)}
              faults={faultsBelow(faults, `[${place}]`)}
              onChange={(next) => replace(place, withPart(route, RULE, next))}
            />
            <UpstreamFields
              schema={schema}
              upstream={(route.upstream ?? {}) as Value}
              faults={faultsBelow(faults, `[${place}].upstream`)}
              onChange={(upstream) => replace(place, { ...route, upstream })}
            />
          </div>
        </details>
      ))}
      <div>
        <Button size="s" look="ghost" icon={Plus} className="add-link" onClick={() => onChange([...routes, { upstream: { url: "" } }])}>
          Add route
        </Button>
      </div>
    </div>
  );
}

/** What a request must be like, in one line. */
function conditions(route: Value): string {
  const list = (value: unknown) => (Array.isArray(value) ? value : []);
  const headers = list(route.headers).map((header) => `${(header as Value).name}: ${(header as Value).value}`);
  return [list(route.methods).join(" "), route.path, list(route.hosts).join(" "), ...headers].filter(Boolean).join("  ");
}
