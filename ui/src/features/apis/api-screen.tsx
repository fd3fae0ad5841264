import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { queries } from "@/api/queries";
import type { ApiTab } from "@/app/router";
import { Screen } from "@/shared/screen";
import { ErrorNote } from "@/shared/ui";
import { ApiState } from "./apis-screen";

export function ApiScreen({ id }: { id: number; tab: ApiTab; policy: number | undefined }) {
  const api = useQuery(queries.api(id));
  return (
    <Screen
      title={api.data?.name ?? "API"}
      crumbs={[
        <Link key="apis" to="/apis">
          APIs
        </Link>,
      ]}
      chips={api.data && <ApiState api={api.data} />}
    >
      {api.error && <ErrorNote title="The API could not be read" error={api.error} onRetry={() => void api.refetch()} />}
    </Screen>
  );
}
