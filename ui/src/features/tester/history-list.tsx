import { Trash2 } from "lucide-react";
import { useState } from "react";
import { ago, clock, micros } from "@/shared/format";
import { CallStatus, Confirm, IconButton, Method } from "@/shared/ui";
import type { Entry } from "./history";
import { forgetHistory, restore, useTester } from "./store";

const DAY_MS = 86_400_000;

/** Where a request went, in short: the path below its API, or the URL without its scheme. */
export const targetOf = ({ draft }: Pick<Entry, "draft">): string =>
  draft.api_id === null ? draft.url.replace(/^https?:\/\//, "") : draft.path || "(base path)";

function EntryLine({ entry }: { entry: Entry }) {
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
        <span className="path trunc grow">{targetOf(entry)}</span>
        <CallStatus status={entry.status ?? 0} refused_by={entry.refused_by} />
      </button>
    </li>
  );
}

/** The requests sent from here, newest first; a click puts one back into the form. */
export function HistoryList() {
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
            <EntryLine key={entry.id} entry={entry} />
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
