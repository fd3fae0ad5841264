import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Eye, Send, X } from "lucide-react";
import { useState } from "react";
import { ApiError } from "@/api/errors";
import { queries } from "@/api/queries";
import type { Call, CallSummary } from "@/api/types";
import { below, HeaderList, reasonOf } from "@/shared/call";
import { CodeView, languageFor, pretty } from "@/shared/code";
import { bytes, micros, moment } from "@/shared/format";
import { Trail, TrailHead, TrailShare } from "@/shared/trail";
import { CopyButton, classOf, ErrorNote, grpcClass, grpcWords, IconButton, Method, StatusChip, TabPanel, Tabs } from "@/shared/ui";

type DetailTab = "call-response" | "call-request" | "call-facts";

/** A call's detail is written a moment after its line: asking again for so long is not an error yet. */
const TRIES = 5;
const TRY_AGAIN_MS = 300;

function Head({ call, base_path, onClose }: { call: CallSummary; base_path: string | null; onClose: () => void }) {
  const path = base_path === null ? call.path : below(base_path, call.path);
  return (
    <div className="row row-3 call-head">
      <StatusChip of={classOf(call.status, call.refused_by)}>
        {call.status === 0 ? "no answer" : `${call.status} ${reasonOf(call.status)}`}
      </StatusChip>
      {call.grpc_status !== null && <StatusChip of={grpcClass(call.grpc_status)}>{grpcWords(call.grpc_status)}</StatusChip>}
      {call.would_refuse_by !== null && (
        <span className="chip chip-shadow" title={`In shadow, ${call.would_refuse_by} would have refused it`}>
          <Eye className="i" aria-hidden />
          Would refuse
        </span>
      )}
      <Method method={call.method} />
      <span className="path strong trunc" title={call.path}>
        {call.path || "Not a readable request"}
      </span>
      <span className="chip mono call-request-id" title="Request ID">
        <span className="trunc">{call.request_id}</span>
      </span>
      <CopyButton text={call.request_id} label="Copy the request ID" />
      <span className="push row row-1">
        {call.api_id !== null && (
          <Link
            className="btn btn-s"
            to="/tester"
            search={{ api: call.api_id, path, method: call.method, ...(call.client_app_id !== null && { client: call.client_app_id }) }}
          >
            <Send className="i i-s" aria-hidden />
            Open in tester
          </Link>
        )}
        <IconButton icon={X} label="Close the detail (Esc)" onClick={onClose} />
      </span>
    </div>
  );
}

function Facts({ call }: { call: Call }) {
  const facts: [string, string][] = [
    ["Time", moment(Math.floor(call.at_us / 1000))],
    ["Duration", micros(call.duration_us)],
    ["Gateway", micros(Math.max(0, call.duration_us - (call.upstream_us ?? 0)))],
    ["Upstream", call.upstream_us === null ? "not called" : micros(call.upstream_us)],
    [
      "Upstream address",
      call.upstream_address === null ? "none" : `${call.upstream_address}, ${call.connection_reused ? "reused" : "new"} connection`,
    ],
    ["API", call.api_name ?? "none"],
    ["Client", call.client_name ?? "unknown"],
    ["From", call.remote_address],
    ["Host", call.host],
    ["Protocol", `${call.scheme}, HTTP/${call.http_version.replace(/^HTTP\//i, "")}`],
    ["Sizes", `${bytes(call.request_bytes)} in, ${bytes(call.response_bytes)} out`],
    ["Plan", String(call.plan)],
  ];
  return (
    <dl className="kv call-facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd className="trunc" title={value}>
            {value}
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Response({ call }: { call: Call }) {
  const type = call.response_headers.find(([name]) => name.toLowerCase() === "content-type")?.[1];
  return (
    <div className="row grow call-response">
      <div className="grow call-scroll">
        <HeaderList headers={call.response_headers} label="Response headers" />
        {call.response_trailers.length > 0 && (
          <>
            <h3 className="micro t3 call-trailers">After the body</h3>
            <HeaderList headers={call.response_trailers} label="Response trailers" />
          </>
        )}
      </div>
      {call.response_body !== null && (
        <div className="call-body">
          <CodeView label="Response body" language={languageFor(type)} value={pretty(call.response_body)} />
        </div>
      )}
    </div>
  );
}

function Detail({ call }: { call: Call }) {
  const [tab, setTab] = useState<DetailTab>("call-response");
  const tabs = [
    { id: "call-response", label: "Response" },
    { id: "call-request", label: "Request" },
    { id: "call-facts", label: "Timing and facts" },
  ] as const;
  return (
    <div className="row grow call-panes">
      <div className="call-trail">
        <TrailHead call={call} />
        <TrailShare call={call} />
        {call.error && <p className="small c5 call-error">{call.error}</p>}
        <Trail call={call} />
      </div>
      <div className="col grow">
        <Tabs
          label="Call detail"
          tabs={tabs}
          value={tab}
          onChange={setTab}
          end={<span className="small t3 call-redacted">Values shown as ••• are redacted when recorded</span>}
        />
        <TabPanel id={tab} className="col grow call-panel">
          {tab === "call-response" && <Response call={call} />}
          {tab === "call-request" && (
            <div className="grow call-scroll">
              <HeaderList headers={call.request_headers} label="Request headers" />
            </div>
          )}
          {tab === "call-facts" && (
            <div className="grow call-scroll">
              <Facts call={call} />
            </div>
          )}
        </TabPanel>
      </div>
    </div>
  );
}

/** One call: what came, what each policy said of it, what went back. */
export function CallDetail({ summary, onClose }: { summary: CallSummary; onClose: () => void }) {
  const apis = useQuery(queries.apis()).data;
  const api = apis?.find((each) => each.id === summary.api_id);
  const detail = useQuery({
    ...queries.call(summary.id),
    retry: (tries, error) => tries < TRIES && error instanceof ApiError && error.status === 404,
    retryDelay: TRY_AGAIN_MS,
    placeholderData: undefined,
  });
  return (
    <section className="call-detail" aria-label="Call detail">
      <Head call={summary} base_path={api?.listen.base_path ?? null} onClose={onClose} />
      {detail.data ? (
        <Detail key={detail.data.id} call={detail.data} />
      ) : detail.isError ? (
        <div className="call-missing">
          <ErrorNote
            title="The detail of this call is not there"
            message="Details are dropped first when calls come faster than they can be written, and when they are older than the retention."
            onRetry={() => void detail.refetch()}
          />
        </div>
      ) : (
        <p className="small t3 call-missing">Loading the detail.</p>
      )}
    </section>
  );
}
