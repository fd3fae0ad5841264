import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Ellipsis, Plus, Waypoints } from "lucide-react";
import { useState } from "react";
import { actions } from "@/api/actions";
import { messageOf } from "@/api/errors";
import { queries } from "@/api/queries";
import type { ApiSummary, ClientApp, Contract } from "@/api/types";
import { day } from "@/shared/format";
import { Button, Confirm, Empty, IconButton, Menu, StatusChip, toast } from "@/shared/ui";

async function report(work: Promise<unknown>, done: string): Promise<void> {
  try {
    await work;
    toast(done);
  } catch (error) {
    toast(messageOf(error), "error");
  }
}

/** The APIs that a client app has no contract with yet. */
export function withoutContract(apis: readonly ApiSummary[], contracts: readonly Contract[]): ApiSummary[] {
  return apis.filter((api) => !contracts.some((contract) => contract.api_id === api.id));
}

function GrantButton({ client, apis }: { client: ClientApp; apis: readonly ApiSummary[] }) {
  const open = withoutContract(apis, client.contracts);
  const items = open.map((api) => ({
    label: `${api.name} ${api.version}`,
    icon: Waypoints,
    run: () => void report(actions.addContract(client.id, api.id), `${client.name} may call ${api.name} from now on.`),
  }));
  return (
    <Menu
      items={items}
      trigger={
        <Button
          size="s"
          icon={Plus}
          disabled={items.length === 0}
          title={items.length === 0 ? "It has a contract with every API" : undefined}
        >
          Give access
        </Button>
      }
    />
  );
}

function ContractLine({ contract, onRemove }: { contract: Contract; onRemove: () => void }) {
  const approved = contract.state === "approved";
  return (
    <tr>
      <td>
        <Link className="strong" to="/apis/$id" params={{ id: contract.api_id }}>
          {contract.api_name}
        </Link>{" "}
        <span className="small t3">{contract.api_version}</span>
      </td>
      <td>
        <StatusChip of={approved ? "2" : "none"}>{approved ? "Approved" : "Revoked"}</StatusChip>
      </td>
      <td className="t3">{day(approved ? contract.created_at : contract.updated_at)}</td>
      <td>
        <span className="row row-1 end">
          {approved ? (
            <Button
              size="s"
              aria-label={`Revoke access to ${contract.api_name}`}
              onClick={() =>
                void report(actions.revokeContract(contract.id), `${contract.client_name} can no longer call ${contract.api_name}.`)
              }
            >
              Revoke
            </Button>
          ) : (
            <Button
              size="s"
              aria-label={`Restore access to ${contract.api_name}`}
              onClick={() =>
                void report(actions.restoreContract(contract.id), `${contract.client_name} may call ${contract.api_name} again.`)
              }
            >
              Restore
            </Button>
          )}
          <Menu
            items={[{ label: "Remove the contract", danger: true, run: onRemove }]}
            trigger={<IconButton icon={Ellipsis} label={`More for ${contract.api_name}`} />}
          />
        </span>
      </td>
    </tr>
  );
}

/** Which APIs a client app may call. */
export function AccessCard({ client }: { client: ClientApp }) {
  const apis = useQuery(queries.apis()).data ?? [];
  const [removing, setRemoving] = useState<Contract | null>(null);
  return (
    <section className="card" aria-label="Access to APIs">
      <div className="card-head">
        <h2>Access to APIs</h2>
        <span className="t3 small">{client.contracts.length}</span>
        <span className="push">
          <GrantButton client={client} apis={apis} />
        </span>
      </div>
      {client.contracts.length === 0 ? (
        <div className="card-empty">
          <Empty icon={Waypoints} title="It may call no API yet">
            {apis.length === 0 ? "Add an API first." : "Give it access to an API, and its credentials work there at once."}
          </Empty>
        </div>
      ) : (
        <table className="table">
          <colgroup>
            <col />
            <col style={{ width: 112 }} />
            <col style={{ width: 112 }} />
            <col style={{ width: 132 }} />
          </colgroup>
          <thead>
            <tr>
              <th scope="col">API</th>
              <th scope="col">State</th>
              <th scope="col">Since</th>
              <th scope="col">
                <span className="unseen">Actions</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {client.contracts.map((contract) => (
              <ContractLine key={contract.id} contract={contract} onRemove={() => setRemoving(contract)} />
            ))}
          </tbody>
        </table>
      )}
      <Confirm
        open={removing !== null}
        onClose={() => setRemoving(null)}
        title="Remove this contract?"
        act="Remove the contract"
        onConfirm={async () => {
          if (removing) await actions.deleteContract(removing.id);
        }}
      >
        {client.name} loses its access to {removing?.api_name}. Access can be given again at any time.
      </Confirm>
    </section>
  );
}
