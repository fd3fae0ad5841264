import { createHashHistory, createRootRoute, createRoute, createRouter, Link, lazyRouteComponent } from "@tanstack/react-router";
import { lazy } from "react";
import { ApisScreen } from "@/features/apis";
import { OverviewScreen } from "@/features/overview";
import { Screen } from "@/shared/screen";
import { Empty } from "@/shared/ui";
import { analyticsSearch, automatedSearch, settingsSearch, testerSearch, trafficSearch } from "./search";
import { Shell } from "./shell";

const root = createRootRoute({ component: Shell, notFoundComponent: NoSuchScreen });
const getParentRoute = () => root;

const overview = createRoute({ getParentRoute, path: "/", component: OverviewScreen });
const apis = createRoute({ getParentRoute, path: "/apis", component: ApisScreen });
const id = { parse: ({ id }: { id: string }) => ({ id: Number(id) }), stringify: ({ id }: { id: number }) => ({ id: String(id) }) };

/** With the form and the code editor in it, this is the largest screen by far. */
const ApiScreen = lazy(() => import("@/features/apis/api-screen").then((screen) => ({ default: screen.ApiScreen })));

const API_TABS = ["summary", "policies", "upstream", "specification", "contracts", "settings"] as const;
export type ApiTab = (typeof API_TABS)[number];
export type ApiSearch = { tab?: ApiTab; policy?: number };
const api = createRoute({
  getParentRoute,
  path: "/apis/$id",
  params: id,
  validateSearch: (raw: Record<string, unknown>): ApiSearch => {
    const tab = API_TABS.find((known) => known === raw.tab);
    const policy = typeof raw.policy === "number" ? raw.policy : undefined;
    return { ...(tab && { tab }), ...(policy !== undefined && { policy }) };
  },
  component: function ApiRoute() {
    const { tab, policy } = api.useSearch();
    return <ApiScreen id={api.useParams().id} tab={tab ?? "policies"} policy={policy} />;
  },
});

const AutomatedScreen = lazy(() => import("@/features/automated").then((screen) => ({ default: screen.AutomatedScreen })));
const automated = createRoute({
  getParentRoute,
  path: "/automated",
  validateSearch: automatedSearch,
  component: function AutomatedRoute() {
    return <AutomatedScreen selected={automated.useSearch().policy} />;
  },
});

const clients = createRoute({
  getParentRoute,
  path: "/clients",
  component: lazyRouteComponent(() => import("@/features/clients"), "ClientsScreen"),
});
const client = createRoute({
  getParentRoute,
  path: "/clients/$id",
  params: id,
  component: lazyRouteComponent(() => import("@/features/clients"), "ClientScreen"),
});
const tester = createRoute({
  getParentRoute,
  path: "/tester",
  validateSearch: testerSearch,
  component: lazyRouteComponent(() => import("@/features/tester"), "TesterScreen"),
});
const traffic = createRoute({
  getParentRoute,
  path: "/traffic",
  validateSearch: trafficSearch,
  component: lazyRouteComponent(() => import("@/features/traffic"), "TrafficScreen"),
});
const analytics = createRoute({
  getParentRoute,
  path: "/analytics",
  validateSearch: analyticsSearch,
  component: lazyRouteComponent(() => import("@/features/analytics"), "AnalyticsScreen"),
});
const SettingsScreen = lazy(() => import("@/features/settings").then((screen) => ({ default: screen.SettingsScreen })));
const settings = createRoute({
  getParentRoute,
  path: "/settings",
  validateSearch: settingsSearch,
  component: function SettingsRoute() {
    return <SettingsScreen tab={settings.useSearch().tab ?? "general"} />;
  },
});

export const router = createRouter({
  routeTree: root.addChildren([overview, apis, api, automated, clients, client, tester, traffic, analytics, settings]),
  history: createHashHistory(),
  defaultPreload: "intent",
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}

function NoSuchScreen() {
  return (
    <Screen title="Not here">
      <Empty title="There is no such screen" action={<Link to="/">Go to the overview</Link>}>
        The address may come from another version of Gatepost.
      </Empty>
    </Screen>
  );
}
