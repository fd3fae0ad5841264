/** The names that gRPC gives its status codes, by number. */
const NAMES = [
  "OK",
  "CANCELLED",
  "UNKNOWN",
  "INVALID_ARGUMENT",
  "DEADLINE_EXCEEDED",
  "NOT_FOUND",
  "ALREADY_EXISTS",
  "PERMISSION_DENIED",
  "RESOURCE_EXHAUSTED",
  "FAILED_PRECONDITION",
  "ABORTED",
  "OUT_OF_RANGE",
  "UNIMPLEMENTED",
  "INTERNAL",
  "UNAVAILABLE",
  "DATA_LOSS",
  "UNAUTHENTICATED",
];

/** Those that are the server's fault, and so count like a 5xx; the others are the caller's. */
const OF_THE_SERVER = new Set([2, 4, 12, 13, 14, 15]);

/** "gRPC 5 NOT_FOUND". */
export const grpcWords = (status: number): string => ["gRPC", status, NAMES[status]].filter((word) => word !== undefined).join(" ");

/** The class of HTTP status that a gRPC status amounts to. */
export function grpcClass(status: number): "2" | "4" | "5" {
  if (status === 0) return "2";
  return OF_THE_SERVER.has(status) || status >= NAMES.length ? "5" : "4";
}
