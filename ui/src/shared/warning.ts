import type { Warning } from "@/api/types";

const FAILING = new Set<Warning["kind"]>(["not_accepting", "listener_failed", "calls_not_kept", "calls_panicked", "certificate_expired"]);

/** The colour of a warning: something fails already, or it only should be known. */
export const warningTone = ({ kind }: Pick<Warning, "kind">): "c5" | "c4" => (FAILING.has(kind) ? "c5" : "c4");
