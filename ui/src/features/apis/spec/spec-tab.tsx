import { useQuery } from "@tanstack/react-query";
import { Download, FileJson2, Plus, Replace, Trash2 } from "lucide-react";
import { useMemo, useState } from "react";
import { actions } from "@/api/actions";
import { messageOf } from "@/api/errors";
import { queries } from "@/api/queries";
import type { Api, Operation, Spec } from "@/api/types";
import { bytes, moment, plural } from "@/shared/format";
import { saveFile } from "@/shared/save-file";
import { type VirtualColumn, VirtualTable } from "@/shared/table";
import { Button, Confirm, Empty, ErrorNote, Method, TextInput, toast } from "@/shared/ui";
import { SpecDialog } from "./spec-dialog";

/** The API's own OpenAPI document: what it describes, and the ways to bring another or take it away. */
export function SpecTab({ api }: { api: Api }) {
  const [giving, setGiving] = useState(false);
  const spec = useQuery({ ...queries.spec(api.id), enabled: api.has_spec });
  return (
    <div className="pad col stack spec-tab">
      {!api.has_spec && (
        <Empty
          icon={FileJson2}
          title="This API has no specification yet"
          action={
            <Button look="primary" icon={Plus} onClick={() => setGiving(true)}>
              Add a specification
            </Button>
          }
        >
          With its OpenAPI document the policy schema-validation can refuse what the API does not describe, and policies can be put on
          operations by name.
        </Empty>
      )}
      {api.has_spec && spec.error && (
        <ErrorNote title="The specification could not be read" error={spec.error} onRetry={() => void spec.refetch()} />
      )}
      {api.has_spec && spec.data && <Described api={api} spec={spec.data} onReplace={() => setGiving(true)} />}
      {giving && <SpecDialog api={api} onClose={() => setGiving(false)} />}
    </div>
  );
}

const keyOf = (operation: Operation) => `${operation.method} ${operation.path}`;

const matches = (operation: Operation, words: string) =>
  `${keyOf(operation)} ${operation.operation_id} ${operation.summary}`.toLowerCase().includes(words.toLowerCase());

function Described({ api, spec, onReplace }: { api: Api; spec: Spec; onReplace: () => void }) {
  const [words, setWords] = useState("");
  const [removing, setRemoving] = useState(false);
  const shown = useMemo(() => spec.operations.filter((operation) => matches(operation, words.trim())), [spec, words]);
  const download = async () => {
    try {
      await saveFile(await actions.readSpec(api.id), `${api.asset_id}-${api.version}.${spec.format}`);
    } catch (failure) {
      toast(messageOf(failure), "error");
    }
  };
  return (
    <>
      <div className="row wrap">
        <div className="grow">
          <div className="strong">
            {spec.title || "Untitled"} <span className="chip">{spec.version}</span>
          </div>
          <div className="small t3">
            OpenAPI {spec.openapi}, {spec.format.toUpperCase()}, {bytes(spec.bytes)}, since {moment(spec.updated_at)}
          </div>
        </div>
        <Button icon={Download} onClick={() => void download()}>
          Download
        </Button>
        <Button icon={Replace} onClick={onReplace}>
          Replace
        </Button>
        <Button look="danger" icon={Trash2} onClick={() => setRemoving(true)}>
          Remove
        </Button>
      </div>
      <TextInput
        className="clients-find"
        aria-label="Find an operation"
        placeholder={`Find in ${plural(spec.operations.length, "operation")}`}
        value={words}
        onChange={(event) => setWords(event.target.value)}
      />
      <section className="card grow" aria-label="Operations">
        <VirtualTable
          label="Operations"
          columns={COLUMNS}
          rows={shown}
          rowKey={keyOf}
          rowHeight={34}
          empty={<Empty title="No operation matches">{words.trim() !== "" && <>None has “{words.trim()}”.</>}</Empty>}
        />
      </section>
      <Confirm
        open={removing}
        onClose={() => setRemoving(false)}
        title={`Remove the specification of ${api.name}?`}
        act="Remove the specification"
        onConfirm={() => actions.removeSpec(api.id)}
      >
        Policies keep their scopes. While one checks by this document, it cannot be removed.
      </Confirm>
    </>
  );
}

const COLUMNS: VirtualColumn<Operation>[] = [
  { key: "method", title: "Method", width: "84px", cell: ({ method }) => <Method method={method} /> },
  {
    key: "path",
    title: "Path",
    width: "minmax(180px, 1fr)",
    cell: ({ path }) => (
      <span className="mono trunc select-text" title={path}>
        {path}
      </span>
    ),
  },
  {
    key: "summary",
    title: "What it does",
    width: "minmax(160px, 1fr)",
    cell: ({ summary, operation_id, deprecated }) => (
      <span className="row row-1 trunc">
        <span className="trunc t2" title={summary || operation_id}>
          {summary || operation_id}
        </span>
        {deprecated && <span className="chip">deprecated</span>}
      </span>
    ),
  },
];
