import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Plus, Trash2 } from "lucide-react";
import { useState } from "react";
import { faultsOf } from "@/api/errors";
import { queries } from "@/api/queries";
import type { Api, RouteAnswer, RouteQuestion } from "@/api/types";
import { METHODS } from "@/shared/call/query";
import { Button, CopyButton, ErrorNote, Field, IconButton, Select, StatusChip, TextInput } from "@/shared/ui";
import { useRested } from "@/shared/use-rested";

type HeaderLine = { key: number; name: string; value: string };

/** Ask where a request would go; the gateway answers by what is in force, and sends nothing. */
export function RoutePreviewCard({ api }: { api: Api }) {
  const base = api.listen.base_path === "/" ? "" : api.listen.base_path;
  const [method, setMethod] = useState("GET");
  const [path, setPath] = useState(`${base}/`);
  const [host, setHost] = useState("");
  const [headers, setHeaders] = useState<HeaderLine[]>([]);
  const named = headers.filter(({ name }) => name.trim() !== "");
  const question: RouteQuestion = useRested({
    method,
    path,
    ...(host.trim() !== "" && { host: host.trim() }),
    headers: named.map(({ name, value }) => ({ name: name.trim(), value })),
  });
  const { data, error } = useQuery({ ...queries.routePreview(api.id, question), placeholderData: keepPreviousData, retry: false });
  const fault = (field: string) => faultsOf(error).find((found) => found.field === field)?.message;
  const put = (line: HeaderLine) => setHeaders(headers.map((known) => (known.key === line.key ? line : known)));
  return (
    <section className="card route-preview" aria-labelledby="route-preview">
      <div className="card-head ruled">
        <h2 id="route-preview">Which route would take it?</h2>
      </div>
      <div className="settings-body form">
        <p className="help small t3">Asked of what is in force. Nothing is sent, and policies are not asked.</p>
        <div className="route-preview-line">
          <Field label="Method" fault={fault("method")}>
            {(ids) => <Select {...ids} value={method} options={METHODS.map((value) => ({ value, label: value }))} onChange={setMethod} />}
          </Field>
          <Field label="Path" fault={fault("path")}>
            {(ids) => <TextInput {...ids} mono value={path} onChange={(event) => setPath(event.target.value)} />}
          </Field>
        </div>
        <Field label="Host" fault={fault("host")}>
          {(ids) => (
            <TextInput
              {...ids}
              mono
              placeholder={new URL(api.proxy_url).host}
              value={host}
              onChange={(event) => setHost(event.target.value)}
            />
          )}
        </Field>
        {headers.map((line, place) => (
          <div key={line.key} className="row route-preview-header">
            <TextInput
              mono
              aria-label={`Name of header ${place + 1}`}
              placeholder="name"
              value={line.name}
              onChange={(event) => put({ ...line, name: event.target.value })}
            />
            <TextInput
              mono
              className="grow"
              aria-label={`Value of header ${place + 1}`}
              placeholder="value"
              value={line.value}
              onChange={(event) => put({ ...line, value: event.target.value })}
            />
            <IconButton
              icon={Trash2}
              label={`Remove header ${place + 1}`}
              onClick={() => setHeaders(headers.filter(({ key }) => key !== line.key))}
            />
          </div>
        ))}
        <div>
          <Button
            size="s"
            look="ghost"
            icon={Plus}
            className="add-link"
            onClick={() => setHeaders([...headers, { key: Math.max(0, ...headers.map(({ key }) => key)) + 1, name: "", value: "" }])}
          >
            Add header
          </Button>
        </div>
        {error ? <ErrorNote title="It cannot be told" error={error} /> : data && <AnswerView answer={data} api={api} />}
      </div>
    </section>
  );
}

/** Where the request goes, or why it goes nowhere. */
function AnswerView({ answer, api }: { answer: RouteAnswer; api: Api }) {
  const other = answer.api !== null && answer.api.id !== api.id ? answer.api : null;
  return (
    <div className="route-preview-answer" role="status">
      {other && (
        <p>
          Another API takes it:{" "}
          <Link className="strong" to="/apis/$id" params={{ id: other.id }}>
            {other.name}
          </Link>{" "}
          <span className="t3">{other.version}</span>
        </p>
      )}
      {answer.status === null ? (
        <>
          <p className="row">
            {answer.route === null ? (
              <span className="strong">No route: the API's own upstream</span>
            ) : (
              <>
                Route <span className="chip chip-accent">{answer.route}</span>
              </>
            )}
          </p>
          <p className="small t3">{answer.urls.length > 1 ? "It goes to one of" : "It goes to"}</p>
          {answer.urls.map((url) => (
            <div key={url} className="row">
              <span className="mono small select-text route-preview-url">{url}</span>
              <CopyButton text={url} label={`Copy ${url}`} />
            </div>
          ))}
        </>
      ) : (
        <p className="row">
          <StatusChip of={answer.status >= 500 ? "5" : "4"}>{answer.status}</StatusChip>
          <span>{answer.reason}</span>
        </p>
      )}
      {answer.hint && (
        <p className="small t2">
          {api.name} does not take it: {answer.hint}.
        </p>
      )}
    </div>
  );
}
