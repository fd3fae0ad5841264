import type { Api } from "@/api/types";
import { RoutePreviewCard } from "./route-preview-card";
import { TargetsCard } from "./targets-card";
import { UpstreamEditor } from "./upstream-editor";

/** What is behind an API: how its targets are, how calls are sent to them, and where a certain call would go. */
export function UpstreamTab({ api }: { api: Api }) {
  return (
    <div className="pad col stack">
      <TargetsCard api={api} />
      <div className="upstream-columns">
        <UpstreamEditor key={api.updated_at} api={api} />
        <RoutePreviewCard api={api} />
      </div>
    </div>
  );
}
