import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { Send } from "lucide-react";
import { ApiError } from "@/api/errors";
import { queries } from "@/api/queries";
import type { ClientApp } from "@/api/types";
import { ago } from "@/shared/format";
import { Screen } from "@/shared/screen";
import { Empty, ErrorNote } from "@/shared/ui";
import { AboutCard } from "./about-card";
import { AccessCard } from "./access-card";
import { CredentialsCard } from "./credentials-card";
import { RefusedCard } from "./refused-card";
import { UsageCard } from "./usage-card";
import { useLastCall } from "./use-usage";

const route = getRouteApi("/clients/$id");
const crumbs = [
  <Link key="clients" to="/clients" className="t3">
    Clients
  </Link>,
];

function LastCall({ client }: { client: ClientApp }) {
  const at_ms = useLastCall(client.id);
  return <span className="small t3 trunc">{at_ms === null ? "No calls recorded" : `Last call ${ago(at_ms)}`}</span>;
}

/** The way to the tester as this app, at the first API it may call. */
function CallAsLink({ client }: { client: ClientApp }) {
  const api = client.contracts.find((contract) => contract.state === "approved")?.api_id;
  return (
    <Link className="btn btn-s" to="/tester" search={{ client: client.id, ...(api !== undefined && { api }) }}>
      <Send className="i i-s" aria-hidden />
      Call as this app
    </Link>
  );
}

export function ClientScreen() {
  const { id } = route.useParams();
  const client = useQuery(queries.client(id));
  if (client.data) {
    return (
      <Screen
        title={client.data.name}
        crumbs={crumbs}
        chips={<LastCall client={client.data} />}
        actions={<CallAsLink client={client.data} />}
        className="client-view"
      >
        <div className="col client-left">
          <CredentialsCard client={client.data} />
          <AccessCard client={client.data} />
        </div>
        <div className="col client-right">
          <UsageCard client={client.data} />
          <RefusedCard client={client.data} />
          <AboutCard client={client.data} />
        </div>
      </Screen>
    );
  }
  const gone = client.error instanceof ApiError && client.error.status === 404;
  return (
    <Screen title="Client app" crumbs={crumbs}>
      {gone ? (
        <Empty title="This client app is not there" action={<Link to="/clients">Go to all client apps</Link>}>
          It may have been deleted.
        </Empty>
      ) : (
        client.isError && <ErrorNote title="The client app could not be read" error={client.error} onRetry={() => void client.refetch()} />
      )}
    </Screen>
  );
}
