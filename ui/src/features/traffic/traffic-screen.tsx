import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { ArrowLeftRight, Pause, Play } from "lucide-react";
import { useCallback, useEffect, useMemo, useState } from "react";
import { queries } from "@/api/queries";
import type { CallSummary } from "@/api/types";
import { METHODS, parseQuery, resolveQuery, type Token, withToken, writeQuery } from "@/shared/call/query";
import { ClientSelect } from "@/shared/client";
import { count, plural } from "@/shared/format";
import { Screen } from "@/shared/screen";
import { VirtualTable } from "@/shared/table";
import { Button, Empty, ErrorNote, Segments, Select } from "@/shared/ui";
import { CallDetail } from "./call-detail";
import { olderThan } from "./call-list";
import { columns } from "./columns";
import type { Values } from "./complete";
import { QueryField } from "./query-field";
import { useCalls } from "./use-calls";

const route = getRouteApi("/traffic");
const keyOf = (call: CallSummary) => call.id;

const CLASSES = [
  { value: "", label: "All" },
  { value: "2xx", label: "2xx" },
  { value: "3xx", label: "3xx" },
  { value: "4xx", label: "4xx" },
  { value: "5xx", label: "5xx" },
  { value: "refused", label: "Refused" },
  { value: "would_refuse", label: "Would refuse" },
] as const;

const STATUSES = [
  "refused",
  "would_refuse",
  "2xx",
  "3xx",
  "4xx",
  "5xx",
  "200",
  "201",
  "204",
  "301",
  "304",
  "400",
  "401",
  "403",
  "404",
  "429",
  "500",
  "502",
  "503",
  "504",
];

const tokenValue = (tokens: readonly Token[], field: Token["field"]) => tokens.find((token) => token.field === field)?.value ?? "";

/** What the query can be about. Of client apps there may be many: those that it names, and a first part to choose from. */
function useKnown(client: string) {
  const apis = useQuery(queries.apis()).data;
  const first = useQuery(queries.clients()).data;
  const named = useQuery({ ...queries.clients({ search: client }), enabled: client !== "" });
  const numbered = useQuery({ ...queries.client(Number(client)), enabled: /^\d+$/.test(client) });
  const kinds = useQuery(queries.policyKinds()).data;
  const ready = apis !== undefined && first !== undefined && !named.isLoading && !numbered.isLoading;
  return useMemo(() => {
    const values: Values = {
      status: STATUSES,
      api: (apis ?? []).map((api) => api.name),
      client: (first ?? []).map((client) => client.name),
      policy: (kinds ?? []).map((kind) => kind.name),
      method: METHODS,
    };
    const clients = [...(named.data ?? []), ...(numbered.data ? [numbered.data] : [])];
    return { known: { apis: apis ?? [], clients }, values, ready };
  }, [apis, first, named.data, numbered.data, kinds, ready]);
}

/** Space pauses and follows, Escape closes the detail, unless something else has use for the key. */
function useListKeys(onSpace: () => void, onEscape: () => void) {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      const target = event.target instanceof Element ? event.target : null;
      if (event.defaultPrevented || target?.closest("[role='dialog'], [role='menu']")) return;
      if (event.key === "Escape") onEscape();
      const busy = target?.closest("input, textarea, select, button, a, [role='tab'], .cm-editor");
      if (event.key !== " " || busy) return;
      event.preventDefault();
      onSpace();
    };
    window.addEventListener("keydown", onKeyDown);
    return () => window.removeEventListener("keydown", onKeyDown);
  }, [onSpace, onEscape]);
}

export function TrafficScreen() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const [following, setFollowing] = useState(true);
  const [opened, setOpened] = useState<CallSummary | null>(null);
  const tokens = useMemo(() => parseQuery(search.q ?? ""), [search.q]);
  const { known, values, ready } = useKnown(tokenValue(tokens, "client"));
  const { query, faults } = useMemo(() => (ready ? resolveQuery(tokens, known) : { query: {}, faults: [] }), [ready, tokens, known]);
  const { list, loading, error, loadOlder, retry } = useCalls(query, following);
  const linked = useQuery({ ...queries.call(search.call ?? 0), enabled: search.call !== undefined && opened?.id !== search.call }).data;

  const setTokens = (next: readonly Token[]) => {
    const q = writeQuery(next);
    void navigate({ search: ({ call }) => ({ ...(call !== undefined && { call }), ...(q !== "" && { q }) }), replace: true });
  };
  const open = useCallback(
    (call: CallSummary | null) => {
      setOpened(call);
      void navigate({ search: ({ q }) => ({ ...(q && { q }), ...(call && { call: call.id }) }), replace: true });
    },
    [navigate],
  );
  const toggle = useCallback(() => setFollowing((before) => !before), []);
  const close = useCallback(() => open(null), [open]);
  useListKeys(toggle, close);

  const selected = search.call === undefined ? null : (opened ?? linked ?? null);
  const has_older = olderThan(list) !== null;
  const waiting = list.waiting.length;
  const status = tokenValue(tokens, "status");
  return (
    <Screen
      title="Traffic"
      flush
      chips={
        <span className="small t3" aria-live="polite">
          {loading ? "Loading" : plural(list.shown.length, "call")}
          {has_older && " and older ones"}
          {list.skipped > 0 && `, ${count(list.skipped)} more came too fast to list`}
        </span>
      }
      actions={
        <>
          <span className={following ? "row small c2" : "row small t3"}>
            <i className={following ? "dot" : "dot off"} aria-hidden />
            {following ? "Live" : waiting > 0 ? `Paused, ${count(waiting)} new` : "Paused"}
          </span>
          <Button size="s" icon={following ? Pause : Play} kbd="Space" onClick={toggle}>
            {following ? "Pause" : "Follow"}
          </Button>
        </>
      }
    >
      <div className="traffic-bar">
        <QueryField tokens={tokens} onChange={setTokens} values={values} />
        <Segments
          label="Status"
          value={CLASSES.some((each) => each.value === status) ? (status as (typeof CLASSES)[number]["value"]) : ""}
          options={CLASSES}
          onChange={(value) => setTokens(withToken(tokens, "status", value))}
        />
        <Select
          aria-label="API"
          className="traffic-select"
          value={known.apis.find((api) => api.id === query.api_id)?.name ?? ""}
          options={[{ value: "", label: "All APIs" }, ...known.apis.map((api) => ({ value: api.name, label: api.name }))]}
          onChange={(value) => setTokens(withToken(tokens, "api", value))}
        />
        <ClientSelect
          aria-label="Client"
          className="traffic-select"
          nobody="All clients"
          value={query.client_app_id ?? null}
          onChange={(_, name) => setTokens(withToken(tokens, "client", name))}
        />
      </div>
      {faults.length > 0 && (
        <p className="small c4 traffic-faults" role="alert">
          {faults.join(". ")}.
        </p>
      )}
      {error && (
        <div className="traffic-faults">
          <ErrorNote title="The calls could not be read" message={error} onRetry={retry} />
        </div>
      )}
      <VirtualTable
        label="Calls"
        columns={columns}
        rows={list.shown}
        rowKey={keyOf}
        selected={search.call ?? null}
        onSelect={open}
        onEndReached={loadOlder}
        total={has_older ? -1 : list.shown.length}
        empty={
          loading || error || has_older ? null : tokens.length > 0 ? (
            <Empty icon={ArrowLeftRight} title="No call matches" action={<Button onClick={() => setTokens([])}>Show all calls</Button>}>
              New ones appear here by themselves.
            </Empty>
          ) : (
            <Empty
              icon={ArrowLeftRight}
              title="No calls yet"
              action={
                <Link className="btn btn-primary" to="/tester">
                  Send one with the tester
                </Link>
              }
            >
              Every call through the gateway appears here as it happens.
            </Empty>
          )
        }
        footer={has_older ? <p className="small t3 traffic-more">Looking for older calls.</p> : null}
      />
      {selected && <CallDetail summary={selected} onClose={close} />}
    </Screen>
  );
}
