import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Check, Minus, TriangleAlert } from "lucide-react";
import { useState } from "react";
import { queries } from "@/api/queries";
import type { InScope, Only } from "@/api/types";
import { METHODS } from "@/shared/call/query";
import { plural } from "@/shared/format";
import { ErrorNote, Method, Select, TextInput } from "@/shared/ui";
import { useRested } from "@/shared/use-rested";

/** Which requests a scope takes: one that is typed, and those that came last. The gateway's own matcher tells. */
export function ScopePreview({ api_id, only }: { api_id: number; only: Only[] }) {
  const base_path = useQuery(queries.api(api_id)).data?.listen.base_path ?? "";
  const [method, setMethod] = useState("GET");
  /** What was typed; until then where the API is. */
  const [typedPath, setPath] = useState<string | null>(null);
  const path = typedPath ?? `${base_path === "/" ? "" : base_path}/`;
  const question = useRested({ only, requests: [{ method, path }] });
  const { data, error } = useQuery({ ...queries.scopePreview(api_id, question), placeholderData: keepPreviousData, retry: false });
  const typed = data?.requests[0];
  const taken = data?.recorded.filter((request) => request.taken).length ?? 0;
  return (
    <section className="scope-preview" aria-label="What the scope takes">
      <div className="scope-preview-line">
        <Select
          aria-label="Method to try"
          value={method}
          options={METHODS.map((value) => ({ value, label: value }))}
          onChange={setMethod}
        />
        <TextInput mono aria-label="Path to try" value={path} onChange={(event) => setPath(event.target.value)} />
      </div>
      {error ? <ErrorNote title="It cannot be told" error={error} /> : typed && <p role="status">{inWords(typed)}</p>}
      {data && data.recorded.length > 0 && (
        <>
          <span className="help">
            It takes {taken} of {plural(data.recorded.length, "request")} that came lately:
          </span>
          <ul className="scope-preview-list">
            {data.recorded.map((request) => (
              <li key={`${request.method} ${request.path}`} className={request.taken ? undefined : "t3"}>
                <Mark request={request} />
                <Method method={request.method} />
                <span className="mono trunc grow" title={request.path}>
                  {request.path}
                </span>
                {request.row !== null && only.length > 1 && <span className="small t3">row {request.row + 1}</span>}
              </li>
            ))}
          </ul>
        </>
      )}
      {data?.recorded.length === 0 && <span className="help">No call of this API is recorded yet.</span>}
    </section>
  );
}

function Mark({ request }: { request: InScope }) {
  if (request.fault !== null) return <TriangleAlert className="i i-s c4" aria-label={request.fault} />;
  return request.taken ? (
    <Check className="i i-s c2" aria-label="The policy is for it" />
  ) : (
    <Minus className="i i-s" aria-label="The policy is not for it" />
  );
}

const inWords = ({ taken, row, fault }: InScope): string => {
  if (fault !== null) return `There is no such request here: ${fault}.`;
  if (!taken) return "The policy is not for it.";
  return row === null ? "The policy is for it." : `The policy is for it, by row ${row + 1}.`;
};
