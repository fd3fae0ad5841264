import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Handshake, Plus } from "lucide-react";
import { useMemo, useState } from "react";
import { actions } from "@/api/actions";
import { messageOf } from "@/api/errors";
import { queries } from "@/api/queries";
import type { Api, Contract } from "@/api/types";
import { type Parts, useParts } from "@/api/use-parts";
import { ClientSelect } from "@/shared/client";
import { moment } from "@/shared/format";
import { type VirtualColumn, VirtualTable } from "@/shared/table";
import { Button, Confirm, Empty, ErrorNote, StatusChip, TextInput, toast } from "@/shared/ui";
import { useRested } from "@/shared/use-rested";

const keyOf = (contract: Contract) => contract.id;

const act = (work: Promise<unknown>, done: string) =>
  void work.then(
    () => toast(done),
    (failure: unknown) => toast(messageOf(failure), "error"),
  );

/** Which client apps may call this API. Contracts count where a policy asks for a client ID. */
export function ContractsTab({ api }: { api: Api }) {
  const [text, setText] = useState("");
  const search = useRested(text.trim());
  const contracts = useParts<Contract>("/contracts", { api_id: api.id, ...(search !== "" && { search }) });
  const none = search === "" && contracts.rows?.length === 0;
  return (
    <div className="pad col stack contracts-tab">
      <Grant api={api} />
      {contracts.error && <ErrorNote title="The contracts could not be read" error={contracts.error} onRetry={contracts.refetch} />}
      {none && (
        <Empty icon={Handshake} title="No client app has a contract yet">
          Choose a client app above. Its client ID and secret then open this API, where a policy asks for them.
        </Empty>
      )}
      {!none && contracts.rows && (
        <>
          <TextInput
            className="clients-find"
            aria-label="Find a contract"
            placeholder="Find by client app"
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
          <ContractTable contracts={contracts} search={search} />
        </>
      )}
    </div>
  );
}

function Grant({ api }: { api: Api }) {
  const [chosen, setChosen] = useState<number | null>(null);
  const [busy, setBusy] = useState(false);
  const catalog = useQuery(queries.status()).data?.catalog;
  const free = useQuery(queries.clients({ without_api_id: api.id })).data;
  const grant = async () => {
    if (chosen === null) return;
    setBusy(true);
    try {
      const contract = await actions.addContract(chosen, api.id);
      toast(`${contract.client_name} may call ${api.name} now.`);
      setChosen(null);
    } catch (failure) {
      toast(messageOf(failure), "error");
    } finally {
      setBusy(false);
    }
  };
  if (catalog?.clients === 0) {
    return (
      <p className="small t2">
        There is no client app yet. <Link to="/clients">Add one</Link>, then give it a contract here.
      </p>
    );
  }
  const none_left = free?.length === 0;
  return (
    <div className="row wrap">
      <ClientSelect
        aria-label="Client app"
        without_api_id={api.id}
        value={chosen}
        nobody={none_left ? "Every client app has a contract" : "Choose a client app"}
        onChange={setChosen}
        style={{ width: 260 }}
        disabled={none_left}
      />
      <Button icon={Plus} disabled={chosen === null} busy={busy} onClick={grant}>
        Give access
      </Button>
      <span className="small t3">Approved at once, and in force at once.</span>
    </div>
  );
}

function columnsOf(onRemove: (contract: Contract) => void): VirtualColumn<Contract>[] {
  return [
    {
      key: "client",
      title: "Client app",
      width: "minmax(160px, 1fr)",
      cell: (contract) => (
        <Link to="/clients/$id" params={{ id: contract.client_app_id }} className="row-link strong">
          {contract.client_name}
        </Link>
      ),
    },
    {
      key: "state",
      title: "State",
      width: "112px",
      cell: ({ state }) =>
        state === "approved" ? <StatusChip of="2">Approved</StatusChip> : <StatusChip of="refused">Revoked</StatusChip>,
    },
    { key: "since", title: "Since", width: "150px", cell: (contract) => <span className="t2">{moment(contract.updated_at)}</span> },
    {
      key: "actions",
      title: <span className="sr-only">Actions</span>,
      width: "180px",
      cell: (contract) => (
        <div className="row row-1 end">
          {contract.state === "approved" ? (
            <Button size="s" onClick={() => act(actions.revokeContract(contract.id), `${contract.client_name} is refused from now on.`)}>
              Revoke
            </Button>
          ) : (
            <Button size="s" onClick={() => act(actions.restoreContract(contract.id), `${contract.client_name} may call again.`)}>
              Restore
            </Button>
          )}
          <Button size="s" look="ghost" className="btn-danger" onClick={() => onRemove(contract)}>
            Remove
          </Button>
        </div>
      ),
    },
  ];
}

function ContractTable({ contracts, search }: { contracts: Parts<Contract>; search: string }) {
  const [removing, setRemoving] = useState<Contract | null>(null);
  const [selected, setSelected] = useState<number | null>(null);
  const columns = useMemo(() => columnsOf(setRemoving), []);
  const rows = contracts.rows ?? [];
  return (
    <section className="card grow" aria-label="Contracts">
      <VirtualTable
        label="Contracts"
        columns={columns}
        rows={rows}
        rowKey={keyOf}
        rowHeight={36}
        selected={selected}
        onSelect={(contract) => setSelected(contract.id)}
        onEndReached={contracts.loadMore}
        total={contracts.has_more ? -1 : rows.length}
        empty={<Empty title="No contract matches">No client app with a contract is called “{search}”.</Empty>}
      />
      <Confirm
        open={removing !== null}
        onClose={() => setRemoving(null)}
        title={`Remove the contract of ${removing?.client_name}?`}
        act="Remove the contract"
        onConfirm={() => actions.deleteContract(removing?.id ?? 0)}
      >
        Its calls are refused where a policy asks for a client ID. The client app itself stays.
      </Confirm>
    </section>
  );
}
