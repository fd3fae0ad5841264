import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { ArrowRight, Send, TriangleAlert } from "lucide-react";
import { queries } from "@/api/queries";
import type { Api } from "@/api/types";
import type { ApiTab } from "@/app/router";
import { plural } from "@/shared/format";
import { Screen } from "@/shared/screen";
import { CopyButton, ErrorNote, TabPanel, Tabs } from "@/shared/ui";
import { ApiState } from "./apis-screen";
import { ContractsTab } from "./contracts-tab";
import { PoliciesTab } from "./policies/policies-tab";
import { SettingsTab } from "./settings-tab";
import { SpecTab } from "./spec/spec-tab";
import { SummaryTab } from "./summary-tab";
import { UpstreamTab } from "./upstream/upstream-tab";

type ApiScreenProps = { id: number; tab: ApiTab; policy: number | undefined };

/** One API. Which tab, and which policy is open, stand in the address. */
export function ApiScreen({ id, tab, policy }: ApiScreenProps) {
  const api = useQuery(queries.api(id));
  const chips = api.data && (
    <>
      <span className="chip">{api.data.version}</span>
      {api.data.label !== "default" && <span className="chip">{api.data.label}</span>}
      <ApiState api={api.data} />
    </>
  );
  const up = (
    <Link key="apis" to="/apis">
      APIs
    </Link>
  );
  return (
    <Screen title={api.data?.name ?? "API"} crumbs={[up]} chips={chips} flush>
      {api.error && (
        <div className="pad">
          <ErrorNote title="The API could not be read" error={api.error} onRetry={() => void api.refetch()} />
        </div>
      )}
      {api.data && <ApiView key={id} api={api.data} tab={tab} policy={policy} />}
    </Screen>
  );
}

function ApiView({ api, tab, policy }: { api: Api; tab: ApiTab; policy: number | undefined }) {
  const navigate = useNavigate();
  const policies = useQuery(queries.appliedPolicies(api.id)).data;
  const tabs = [
    { id: "summary", label: "Summary" },
    { id: "policies", label: "Policies", count: policies?.length },
    { id: "upstream", label: "Upstream", count: api.targets > 1 ? api.targets : undefined },
    { id: "specification", label: "Specification" },
    { id: "contracts", label: "Contracts", count: api.contracts },
    { id: "settings", label: "Settings" },
  ] as const;
  return (
    <>
      <div className="api-head">
        <Route api={api} />
        {api.fault && <ErrorNote title="This API is not served" message={api.fault} />}
        {api.warnings.map((warning) => (
          <div className="note note-warn" key={`${warning.field}:${warning.message}`}>
            <TriangleAlert className="i i-s c4" aria-hidden />
            <div>{warning.message}</div>
          </div>
        ))}
        <Tabs
          label="Parts of this API"
          tabs={tabs}
          value={tab}
          onChange={(next) => void navigate({ to: "/apis/$id", params: { id: api.id }, search: { tab: next } })}
          end={
            <Link to="/tester" search={{ api: api.id }} className="btn btn-s">
              <Send className="i i-s" aria-hidden />
              Try
            </Link>
          }
        />
      </div>
      <TabPanel id={tab} className="api-panel">
        {tab === "summary" && <SummaryTab api={api} />}
        {tab === "policies" && <PoliciesTab api={api} selected={policy} />}
        {tab === "upstream" && <UpstreamTab api={api} />}
        {tab === "specification" && <SpecTab api={api} />}
        {tab === "contracts" && <ContractsTab api={api} />}
        {tab === "settings" && <SettingsTab api={api} />}
      </TabPanel>
    </>
  );
}

/** From where callers call to where their calls go. */
function Route({ api }: { api: Api }) {
  return (
    <div className="row small api-route">
      <span className="t3">Proxy</span>
      <span className="chip mono route-chip">
        <span className="select-text">{api.proxy_url}</span>
        <CopyButton text={api.proxy_url} label="Copy the proxy URL" />
      </span>
      <ArrowRight className="i i-s t3" aria-hidden />
      <span className="t3">Upstream</span>
      <span className="chip mono route-chip trunc select-text" title={api.upstream.url}>
        {api.upstream.url}
      </span>
      {api.targets > 1 && <span className="t3">and {api.targets - 1} more</span>}
      {api.routes > 0 && <span className="t3">{plural(api.routes, "route")}</span>}
    </div>
  );
}
