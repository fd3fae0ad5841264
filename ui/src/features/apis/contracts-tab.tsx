import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Handshake, Plus } from "lucide-react";
import { useState } from "react";
import { actions } from "@/api/actions";
import { messageOf } from "@/api/errors";
import { queries } from "@/api/queries";
import type { Api, Contract } from "@/api/types";
import { moment } from "@/shared/format";
import { Button, Confirm, Empty, ErrorNote, Select, StatusChip, toast } from "@/shared/ui";

/** Which client apps may call this API. Contracts count where a policy asks for a client ID. */
export function ContractsTab({ api }: { api: Api }) {
  const contracts = useQuery(queries.contracts({ api_id: api.id }));
  return (
    <div className="pad col stack">
      <Grant api={api} contracts={contracts.data ?? []} />
      {contracts.error && (
        <ErrorNote title="The contracts could not be read" error={contracts.error} onRetry={() => void contracts.refetch()} />
      )}
      {contracts.data?.length === 0 && (
        <Empty icon={Handshake} title="No client app has a contract yet">
          Choose a client app above. Its client ID and secret then open this API, where a policy asks for them.
        </Empty>
      )}
      {contracts.data && contracts.data.length > 0 && <ContractTable contracts={contracts.data} />}
    </div>
  );
}

function Grant({ api, contracts }: { api: Api; contracts: Contract[] }) {
  const clients = useQuery(queries.clients()).data ?? [];
  const [chosen, setChosen] = useState("");
  const [busy, setBusy] = useState(false);
  const free = clients.filter((client) => !contracts.some((contract) => contract.client_app_id === client.id));
  const grant = async () => {
    setBusy(true);
    try {
      const contract = await actions.addContract(Number(chosen), api.id);
      toast(`${contract.client_name} may call ${api.name} now.`);
      setChosen("");
    } catch (failure) {
      toast(messageOf(failure), "error");
    } finally {
      setBusy(false);
    }
  };
  if (clients.length === 0) {
    return (
      <p className="small t2">
        There is no client app yet. <Link to="/clients">Add one</Link>, then give it a contract here.
      </p>
    );
  }
  const options = [
    { value: "", label: free.length > 0 ? "Choose a client app" : "Every client app has a contract" },
    ...free.map((client) => ({ value: String(client.id), label: client.name })),
  ];
  return (
    <div className="row">
      <Select
        aria-label="Client app"
        value={chosen}
        options={options}
        onChange={setChosen}
        style={{ width: 260 }}
        disabled={free.length === 0}
      />
      <Button icon={Plus} disabled={chosen === ""} busy={busy} onClick={grant}>
        Give access
      </Button>
      <span className="small t3">Approved at once, and in force at once.</span>
    </div>
  );
}

function ContractTable({ contracts }: { contracts: Contract[] }) {
  const [removing, setRemoving] = useState<Contract | null>(null);
  const act = (work: Promise<unknown>, done: string) =>
    work.then(
      () => toast(done),
      (failure: unknown) => toast(messageOf(failure), "error"),
    );
  return (
    <section className="card scroll-card">
      <table className="table">
        <thead>
          <tr>
            <th>Client app</th>
            <th>State</th>
            <th>Since</th>
            <th style={{ width: 200 }}>
              <span className="sr-only">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {contracts.map((contract) => (
            <tr key={contract.id}>
              <td>
                <Link to="/clients/$id" params={{ id: contract.client_app_id }} className="row-link strong">
                  {contract.client_name}
                </Link>
              </td>
              <td>
                {contract.state === "approved" ? <StatusChip of="2">Approved</StatusChip> : <StatusChip of="refused">Revoked</StatusChip>}
              </td>
              <td className="t2">{moment(contract.updated_at)}</td>
              <td>
                <div className="row row-1 end">
                  {contract.state === "approved" ? (
                    <Button
                      size="s"
                      onClick={() => act(actions.revokeContract(contract.id), `${contract.client_name} is refused from now on.`)}
                    >
                      Revoke
                    </Button>
                  ) : (
                    <Button size="s" onClick={() => act(actions.restoreContract(contract.id), `${contract.client_name} may call again.`)}>
                      Restore
                    </Button>
                  )}
                  <Button size="s" look="ghost" className="btn-danger" onClick={() => setRemoving(contract)}>
                    Remove
                  </Button>
                </div>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
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
