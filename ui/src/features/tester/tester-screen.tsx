import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { ApiError } from "@/api/errors";
import { queries } from "@/api/queries";
import { Screen } from "@/shared/screen";
import { TabPanel, Tabs } from "@/shared/ui";
import { BodyEditor } from "./body-editor";
import { headersOf } from "./draft";
import { HeaderEditor } from "./header-editor";
import { HistoryList } from "./history-list";
import { OutcomeView } from "./outcome-view";
import { RequestLine } from "./request-line";
import { change, send, useTester } from "./store";

const route = getRouteApi("/tester");

type RequestTab = "request-headers" | "request-body";

/** Takes what the address asks for ("call this API as that client") into the form, once, and clears the address. With a method it is a whole call. */
function usePreset() {
  const { api, client, path, method } = route.useSearch();
  const navigate = route.useNavigate();
  useEffect(() => {
    if (api === undefined && client === undefined && path === undefined && method === undefined) return;
    change({
      ...(api !== undefined && { api_id: api, path: path ?? "" }),
      ...((client !== undefined || method !== undefined) && { call_as: client ?? null }),
      ...(path !== undefined && api === undefined && { path }),
      ...(method !== undefined && { method: method.toUpperCase() }),
    });
    void navigate({ search: {}, replace: true });
  }, [api, client, path, method, navigate]);
}

/** No target was ever chosen, or the chosen one is gone: the first API is the likeliest wish. */
function useLikelyTarget() {
  const apis = useQuery(queries.apis()).data;
  const { api_id, call_as } = useTester((state) => state.draft);
  const { error } = useQuery({ ...queries.client(call_as ?? 0), enabled: call_as !== null });
  const gone = error instanceof ApiError && error.status === 404;
  const untouched = useTester((state) => state.untouched);
  useEffect(() => {
    if (!apis || (api_id === null && !untouched) || apis.some((api) => api.id === api_id)) return;
    const first = apis[0]?.id ?? null;
    if (first !== api_id) change({ api_id: first });
  }, [apis, api_id, untouched]);
  useEffect(() => {
    if (gone) change({ call_as: null });
  }, [gone]);
}

/** Ctrl+Enter sends from wherever the focus is, the code editor included. */
function useSendKey() {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.isComposing) return;
      if (event.target instanceof Element && event.target.closest("[role='dialog']")) return;
      event.preventDefault();
      event.stopPropagation();
      void send();
    };
    window.addEventListener("keydown", onKeyDown, true);
    return () => window.removeEventListener("keydown", onKeyDown, true);
  }, []);
}

export function TesterScreen() {
  usePreset();
  useLikelyTarget();
  useSendKey();
  const draft = useTester((state) => state.draft);
  const [tab, setTab] = useState<RequestTab>("request-headers");
  const tabs = [
    { id: "request-headers", label: "Headers", count: headersOf(draft).length },
    { id: "request-body", label: draft.body_kind === "none" ? "Body" : `Body: ${draft.body_kind === "json" ? "JSON" : "text"}` },
  ] as const;
  return (
    <Screen title="Tester" flush className="tester">
      <HistoryList />
      <section className="col grow" aria-label="Request and answer">
        <RequestLine />
        <Tabs label="Request" tabs={tabs} value={tab} onChange={setTab} />
        <TabPanel id={tab} className="tester-request">
          {tab === "request-headers" ? <HeaderEditor /> : <BodyEditor />}
        </TabPanel>
        <OutcomeView />
      </section>
    </Screen>
  );
}
