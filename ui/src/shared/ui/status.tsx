import type { ReactNode } from "react";
import { grpcClass, grpcWords } from "./grpc";

/** The class of an answer, as shown everywhere: glyph, colour and word together. */
export type StatusClass = "2" | "3" | "4" | "5" | "refused" | "none";

/** Refused comes first: a 429 of a policy is "refused", a 404 of the upstream is "4xx". */
export function classOf(status: number, refused_by: string | null | undefined): StatusClass {
  if (refused_by) return "refused";
  const first = String(status)[0];
  return first === "2" || first === "3" || first === "4" || first === "5" ? first : "none";
}

const TONE: Record<StatusClass, string> = { "2": "s2", "3": "s3", "4": "s4", "5": "s5", refused: "sr", none: "s0" };

function Glyph({ of }: { of: StatusClass }) {
  return (
    <svg viewBox="0 0 9 9" fill="currentColor" aria-hidden="true">
      {of === "2" && <circle cx="4.5" cy="4.5" r="3.5" />}
      {of === "3" && <path d="M5 1.2 8.4 4.5 5 7.8V5.4H.8V3.6H5z" />}
      {of === "4" && <path d="M4.5.6 8.7 8.2H.3z" />}
      {of === "5" && <path d="M1.6.4 4.5 3.3 7.4.4 8.6 1.6 5.7 4.5 8.6 7.4 7.4 8.6 4.5 5.7 1.6 8.6.4 7.4 3.3 4.5.4 1.6z" />}
      {of === "refused" && <path fillRule="evenodd" d="M4.5.3a4.2 4.2 0 1 1 0 8.4 4.2 4.2 0 0 1 0-8.4ZM2 3.8v1.4h5V3.8z" />}
      {of === "none" && <circle cx="4.5" cy="4.5" r="2.5" />}
    </svg>
  );
}

/** A chip with the glyph and colour of a class around any words. */
export function StatusChip({ of, children, title }: { of: StatusClass; children: ReactNode; title?: string }) {
  return (
    <span className={`status ${TONE[of]}`} title={title}>
      <Glyph of={of} />
      {children}
    </span>
  );
}

/** The status code of one call. A gRPC call tells how it ended behind its 200. */
export function CallStatus({
  status,
  refused_by,
  grpc_status,
}: {
  status: number;
  refused_by?: string | null;
  grpc_status?: number | null;
}) {
  if (!refused_by && status === 200 && grpc_status) {
    return (
      <StatusChip of={grpcClass(grpc_status)} title={grpcWords(grpc_status)}>
        gRPC {grpc_status}
      </StatusChip>
    );
  }
  return (
    <StatusChip of={classOf(status, refused_by)} {...(refused_by && { title: `Refused by ${refused_by}` })}>
      {status === 0 ? "no answer" : status}
    </StatusChip>
  );
}

const READS = new Set(["GET", "HEAD", "OPTIONS"]);

export function Method({ method }: { method: string }) {
  return <span className={READS.has(method) ? "method" : "method w"}>{method}</span>;
}
