import { useQuery } from "@tanstack/react-query";
import { Trash2 } from "lucide-react";
import { useState } from "react";
import { queries } from "@/api/queries";
import type { ApiSummary } from "@/api/types";
import { ago, clock, micros } from "@/shared/format";
import { CallStatus, Confirm, IconButton, Method } from "@/shared/ui";
import type { Draft } from "./draft";
import type { Entry } from "./history";
import { forgetHistory, restore, useTester } from "./store";

const DAY_MS = 86_400_000;

/** Where a request went, in short: the path with its API's base path, or the URL without its scheme. */
export function targetOf(draft: Draft, apis: readonly ApiSummary[]): string {
  if (draft.api_id === null) return draft.url.replace(/^https?:\/\//, "");
  const base_path = apis.find((api) => api.id === draft.api_id)?.listen.base_path ?? "";
  return `${base_path === "/" ? "" : base_path}${draft.path}` || "/";
}

function EntryLine({ entry, apis }: { entry: Entry; apis: readonly ApiSummary[] }) {
  const when = Date.now() - entry.at_ms < DAY_MS ? clock(entry.at_ms) : ago(entry.at_ms);
  const took = entry.duration_us === null ? "" : `, ${micros(entry.duration_us)}`;
  return (
    <li>
      <button
        type="button"
        className="history-item"
        title={`${when}${took}${entry.redacted ? ", kept without its secrets" : ""}${entry.error ? `: ${entry.error}` : ""}`}
        onClick={() => restore(entry)}
      >
        <Method method={entry.draft.method} />
        <span className="path trunc grow">{targetOf(entry.draft, apis)}</span>
        <CallStatus status={entry.status ?? 0} refused_by={entry.refused_by} />
      </button>
    </li>
  );
}

/** The requests sent from here, newest first; a click puts one back into the form. */
export function HistoryList() {
  const apis = useQuery(queries.apis()).data ?? [];
  const history = useTester((state) => state.history);
  const [asking, setAsking] = useState(false);
  return (
    <aside className="tester-history" aria-label="History">
      <div className="row history-head">
        <h2>History</h2>
        <span className="t3 small">{history.length > 0 ? history.length : ""}</span>
        {history.length > 0 && <IconButton className="push" icon={Trash2} label="Clear the history" onClick={() => setAsking(true)} />}
      </div>
      {history.length === 0 ? (
        <p className="small t3 history-none">What you send is listed here, without its secrets.</p>
      ) : (
        <ul>
          {history.map((entry) => (
            <EntryLine key={entry.id} entry={entry} apis={apis} />
          ))}
        </ul>
      )}
      <Confirm
        open={asking}
        onClose={() => setAsking(false)}
        title="Clear the history?"
        act="Clear the history"
        onConfirm={async () => forgetHistory()}
      >
        The requests listed here are forgotten. The calls they made stay in Traffic.
      </Confirm>
    </aside>
  );
}
