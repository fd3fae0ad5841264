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

export const columns: readonly VirtualColumn<CallSummary>[] = [
  { key: "time", title: "Time", width: "104px", cell: (call) => <span className="mono t3">{preciseClock(call.at_us)}</span> },
  { key: "method", title: "Method", width: "66px", cell: (call) => <Method method={call.method} /> },
  {
    key: "path",
    title: "Path",
    width: "minmax(150px, 1fr)",
    cell: (call) => (
      <span className="path" title={call.path}>
        {call.path}
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
  { key: "status", title: "Status", width: "68px", cell: (call) => <CallStatus status={call.status} refused_by={call.refused_by} /> },
  {
    key: "refused_by",
    title: "Refused by",
    width: "minmax(90px, 146px)",
    cell: (call) => <span className="cr">{call.refused_by}</span>,
  },
  {
    key: "duration",
    title: <span className="duration-title">Duration</span>,
    width: "134px",
    cell: (call) => <DurationBar duration_us={call.duration_us} />,
  },
  { key: "size", title: "Size", width: "70px", number: true, cell: (call) => <span className="t2">{bytes(call.response_bytes)}</span> },
];
