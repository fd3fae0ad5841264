import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { FlaskConical, Keyboard, KeyRound, type LucideIcon, Moon, Play, Plus, Square, Sun, SunMoon, Waypoints } from "lucide-react";
import { actions } from "@/api/actions";
import { messageOf } from "@/api/errors";
import { queries } from "@/api/queries";
import { tryExpression } from "@/shared/expression/store";
import { toast } from "@/shared/ui";
import { useRested } from "@/shared/use-rested";
import { destinations, settings } from "./destinations";
import { openAddApi, openOverlay } from "./overlays";
import { setTheme } from "./preferences";

export type Command = {
  id: string;
  group: "Do" | "Go to";
  label: string;
  detail?: string;
  icon: LucideIcon;
  keys?: string;
  run: () => void;
};

/** Keys as they are written on a keyboard: `G C`. */
export const keyWords = (keys: string): string => keys.toUpperCase();

/** Everything that can be done from anywhere. The palette shows it; what has keys is also a shortcut. */
export function useCommands(): Command[] {
  const navigate = useNavigate();
  const apis = useQuery(queries.apis()).data ?? [];
  const sample = useQuery(queries.status()).data?.sample;
  return [
    { id: "add-api", group: "Do", label: "Add API", icon: Plus, keys: "n", run: openAddApi },
    sample?.running
      ? {
          id: "sample",
          group: "Do",
          label: "Stop the sample API",
          icon: Square,
          run: () => report(actions.stopSample(), "The sample API has stopped."),
        }
      : {
          id: "sample",
          group: "Do",
          label: "Start the sample API",
          icon: Play,
          run: () => report(actions.startSample(), "The sample API runs."),
        },
    { id: "theme-dark", group: "Do", label: "Theme: dark", icon: Moon, run: () => setTheme("dark") },
    { id: "theme-light", group: "Do", label: "Theme: light", icon: Sun, run: () => setTheme("light") },
    { id: "theme-system", group: "Do", label: "Theme: as the system", icon: SunMoon, run: () => setTheme("system") },
    { id: "expression", group: "Do", label: "Try an expression", icon: FlaskConical, run: () => tryExpression({ text: "" }) },
    { id: "shortcuts", group: "Do", label: "Keyboard shortcuts", icon: Keyboard, keys: "?", run: () => openOverlay("shortcuts") },
    ...[...destinations, settings].map(
      ({ to, label, icon, key }): Command => ({
        id: `go-${to}`,
        group: "Go to",
        label,
        icon,
        keys: `g ${key}`,
        run: () => void navigate({ to }),
      }),
    ),
    ...apis.map(
      (api): Command => ({
        id: `api-${api.id}`,
        group: "Go to",
        label: api.name,
        detail: `${api.version}, ${api.proxy_url}`,
        icon: Waypoints,
        run: () => void navigate({ to: "/apis/$id", params: { id: api.id } }),
      }),
    ),
  ];
}

/** Most client apps that the palette offers at once. */
const MOST_CLIENTS = 20;

/** The ways to client apps whose name or client ID has a text in it: the gateway searches, for there may be many. */
export function useClientCommands(text: string): Command[] {
  const navigate = useNavigate();
  const search = useRested(text.trim());
  const found = useQuery({
    ...queries.clients({ limit: MOST_CLIENTS, ...(search !== "" && { search }) }),
    placeholderData: keepPreviousData,
  }).data;
  return (found ?? []).map((client) => ({
    id: `client-${client.id}`,
    group: "Go to",
    label: client.name,
    detail: "client",
    icon: KeyRound,
    run: () => void navigate({ to: "/clients/$id", params: { id: client.id } }),
  }));
}

function report(work: Promise<unknown>, done: string): void {
  work.then(
    () => toast(done),
    (error: unknown) => toast(messageOf(error), "error"),
  );
}
