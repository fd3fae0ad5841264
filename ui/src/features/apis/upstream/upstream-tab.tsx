import type { Api } from "@/api/types";
import { TargetsCard } from "./targets-card";
import { UpstreamEditor } from "./upstream-editor";

/** What is behind an API: how its targets are, and how calls are sent to them. */
export function UpstreamTab({ api }: { api: Api }) {
  return (
    <div className="pad col stack">
      <TargetsCard api={api} />
      <UpstreamEditor key={api.updated_at} api={api} />
    </div>
  );
}
