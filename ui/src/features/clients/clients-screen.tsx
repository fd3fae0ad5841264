import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { KeyRound, Plus } from "lucide-react";
import { useMemo, useState } from "react";
import { queries } from "@/api/queries";
import type { ClientApp, ClientFigures } from "@/api/types";
import { useParts } from "@/api/use-parts";
import { count, day, percent } from "@/shared/format";
import { Screen } from "@/shared/screen";
import { type VirtualColumn, VirtualTable } from "@/shared/table";
import { Button, Empty, ErrorNote, TextInput } from "@/shared/ui";
import { useRested } from "@/shared/use-rested";
import { CreateClientDialog } from "./create-client";
import { useUsage } from "./use-usage";

interface Row {
  client: ClientApp;
  usage: ClientFigures | undefined;
}

const keyOf = (row: Row) => row.client.id;

const approvedApis = (client: ClientApp) => client.contracts.filter((contract) => contract.state === "approved");

/** Names in a row, the rest as a number: "Orders, Posts and 3 more". */
export function listed(names: readonly string[], most = 2): string {
  if (names.length <= most) return names.join(", ");
  return `${names.slice(0, most).join(", ")} and ${names.length - most} more`;
}

const columns: readonly VirtualColumn<Row>[] = [
  {
    key: "name",
    title: "Name",
    width: "minmax(150px, 1.2fr)",
    cell: ({ client }) => (
      <Link className="strong client-link" to="/clients/$id" params={{ id: client.id }} tabIndex={-1}>
        {client.name}
      </Link>
    ),
  },
  {
    key: "client_id",
    title: "Client ID",
    width: "minmax(160px, 1.2fr)",
    cell: ({ client }) => (
      <span className="mono t2" title={client.credentials.map((credential) => credential.client_id).join(", ")}>
        {client.credentials[0]?.client_id ?? "none"}
        {client.credentials.length > 1 && <span className="t3"> and {client.credentials.length - 1} more</span>}
      </span>
    ),
  },
  {
    key: "apis",
    title: "May call",
    width: "minmax(160px, 1.4fr)",
    cell: ({ client }) => {
      const names = approvedApis(client).map((contract) => `${contract.api_name} ${contract.api_version}`);
      return (
        <span className={names.length > 0 ? "t2" : "t3"} title={names.join(", ")}>
          {names.length > 0 ? listed(names) : "nothing yet"}
        </span>
      );
    },
  },
  {
    key: "calls",
    title: "Calls, 24 h",
    width: "104px",
    number: true,
    cell: ({ usage }) => <span className={usage?.calls ? "strong" : "t3"}>{count(usage?.calls ?? 0)}</span>,
  },
  {
    key: "refused",
    title: "Refused",
    width: "84px",
    number: true,
    cell: ({ usage }) =>
      usage?.refused ? <span className="cr strong">{percent(usage.refused, usage.calls)}</span> : <span className="t3">0</span>,
  },
  { key: "created", title: "Created", width: "104px", cell: ({ client }) => <span className="t3">{day(client.created_at)}</span> },
];

export function ClientsScreen() {
  const navigate = useNavigate();
  const [text, setText] = useState("");
  const search = useRested(text.trim());
  const clients = useParts<ClientApp>("/clients", search === "" ? {} : { search });
  const total = useQuery(queries.status()).data?.catalog.clients;
  const usage = useUsage();
  const [creating, setCreating] = useState(false);
  const [selected, setSelected] = useState<number | null>(null);
  const rows = useMemo(() => {
    const by_id = new Map(usage?.by_client.map((each) => [each.client_app_id, each]));
    return (clients.rows ?? []).map((client): Row => ({ client, usage: by_id.get(client.id) }));
  }, [clients.rows, usage]);
  const none = search === "" && clients.rows?.length === 0;
  const create = (
    <Button look="primary" icon={Plus} onClick={() => setCreating(true)}>
      New client app
    </Button>
  );

  return (
    <Screen title="Clients" actions={none ? null : create}>
      {clients.error && <ErrorNote title="The client apps could not be read" error={clients.error} onRetry={clients.refetch} />}
      {none && (
        <Empty icon={KeyRound} title="No client apps yet" action={create}>
          A client app is an application that calls your APIs. It gets a client ID and a secret, and access to the APIs you choose.
        </Empty>
      )}
      {!none && clients.rows && (
        <>
          <div className="row">
            <TextInput
              className="clients-find"
              aria-label="Find a client app"
              placeholder="Find by name or client ID"
              value={text}
              onChange={(event) => setText(event.target.value)}
            />
          </div>
          <section className="card grow" aria-label="Client apps">
            <VirtualTable
              label="Client apps"
              columns={columns}
              rows={rows}
              rowKey={keyOf}
              rowHeight={34}
              selected={selected}
              onSelect={(row) => setSelected(row.client.id)}
              onEndReached={clients.loadMore}
              total={search === "" ? (total ?? rows.length) : clients.has_more ? -1 : rows.length}
              onOpen={(row) => void navigate({ to: "/clients/$id", params: { id: row.client.id } })}
              empty={<Empty title="No client app matches">Neither a name nor a client ID contains “{search}”.</Empty>}
            />
          </section>
        </>
      )}
      <CreateClientDialog open={creating} onClose={() => setCreating(false)} />
    </Screen>
  );
}
