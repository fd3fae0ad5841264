import type { CallSummary } from "@/api/types";
import { DurationBar } from "@/shared/call";
import { bytes, clock } from "@/shared/format";
import type { VirtualColumn } from "@/shared/table";
import { CallStatus, Method } from "@/shared/ui";

/** `14:08:52.418`: calls come thick, so the list shows milliseconds. */
export function preciseClock(at_us: number): string {
  const ms = Math.floor(at_us / 1000);
  return `${clock(ms)}.${String(ms % 1000).padStart(3, "0")}`;
}

/** What stands for the path of bytes that are no request. */
const UNREADABLE = "not a readable request";
/** The caller left before there was an answer. */
const CALLER_LEFT = 499;

/** An error that neither a policy nor the upstream gave: no such route, a broken head, an API that cannot be enforced. */
const isOfTheGateway = (call: CallSummary) =>
  call.status >= 400 && call.status !== CALLER_LEFT && call.refused_by === null && call.upstream_us === null;

export const columns: readonly VirtualColumn<CallSummary>[] = [
  { key: "time", title: "Time", width: "104px", cell: (call) => <span className="mono t3">{preciseClock(call.at_us)}</span> },
  { key: "method", title: "Method", width: "66px", cell: (call) => <Method method={call.method} /> },
  {
    key: "path",
    title: "Path",
    width: "minmax(150px, 1fr)",
    cell: (call) => (
      <span className={call.path ? "path" : "t3"} title={call.path || UNREADABLE}>
        {call.path || UNREADABLE}
      </span>
    ),
  },
  {
    key: "api",
    title: "API",
    width: "minmax(90px, 150px)",
    cell: (call) => (
      <span className={call.api_name ? "t2" : "t3"}>{call.api_name ?? (call.api_id === null ? "no API" : "deleted API")}</span>
    ),
  },
  {
    key: "client",
    title: "Client",
    width: "minmax(80px, 108px)",
    cell: (call) => <span className={call.client_name ? "t2" : "t3"}>{call.client_name ?? "unknown"}</span>,
  },
  { key: "status", title: "Status", width: "76px", cell: (call) => <CallStatus {...call} /> },
  {
    key: "refused_by",
    title: "Refused by",
    width: "minmax(90px, 146px)",
    cell: (call) =>
      isOfTheGateway(call) ? (
        <span className="t3" title="The gateway itself refused it; its detail says why">
          gateway
        </span>
      ) : call.refused_by === null && call.would_refuse_by !== null ? (
        <span className="t3" title={`In shadow, ${call.would_refuse_by} would have refused it`}>
          would: {call.would_refuse_by}
        </span>
      ) : (
        <span className="cr">{call.refused_by}</span>
      ),
  },
  {
    key: "duration",
    title: <span className="duration-title">Duration</span>,
    width: "134px",
    cell: (call) => <DurationBar duration_us={call.duration_us} />,
  },
  { key: "size", title: "Size", width: "70px", number: true, cell: (call) => <span className="t2">{bytes(call.response_bytes)}</span> },
];
