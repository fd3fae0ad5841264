import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { queries } from "@/api/queries";
import type { ExpressionAnswer, ExpressionQuestion } from "@/api/types";
import { METHODS } from "@/shared/call/query";
import { clock } from "@/shared/format";
import { Button, Dialog, ErrorNote, Field, Segments, Select, TextArea, TextInput } from "@/shared/ui";
import { useRested } from "@/shared/use-rested";
import { headersOf } from "./headers";
import { endPlay, type Play, usePlay } from "./store";

/** How many of the last calls are offered. */
const OFFERED = 30;

const START = "#[attributes.headers['user-agent']]";

/** Type an expression, see what it comes to on a recorded call or a made-up one. The gateway evaluates it. */
export function Playground() {
  const play = usePlay((state) => state.play);
  return (
    <Dialog
      open={play !== null}
      onClose={endPlay}
      title="Try an expression"
      description="The gateway evaluates it as a policy would. Nothing is saved or sent."
      width={620}
    >
      {play && <Bench play={play} />}
    </Dialog>
  );
}

type Side = NonNullable<ExpressionQuestion["side"]>;

function Bench({ play }: { play: Play }) {
  const [text, setText] = useState(play.text === "" && !play.onUse ? START : play.text);
  const [side, setSide] = useState<Side>("request");
  const [source, setSource] = useState<"recorded" | "made_up">("recorded");
  const [chosen, setChosen] = useState<number | null>(null);
  const [method, setMethod] = useState("GET");
  const [path, setPath] = useState("/orders?page=2");
  const [headers, setHeaders] = useState("user-agent: curl/8.14");
  const [body, setBody] = useState("");
  const [status, setStatus] = useState("200");
  const calls = useQuery(queries.calls({ limit: OFFERED })).data?.calls ?? [];
  const call = chosen ?? calls[0]?.id;
  const recorded = source === "recorded" && call !== undefined;
  const made_up = { method, path, headers: headersOf(headers), body, status: Number(status) || 200 };
  const question: ExpressionQuestion = useRested({ expression: text, side, ...(recorded ? { call_id: call } : { request: made_up }) });
  const { data, error } = useQuery({ ...queries.expression(question), placeholderData: keepPreviousData });
  return (
    <div className="form playground">
      <Field label="Expression" help="Text stands as it is; what is between #[ and ] is evaluated.">
        {(ids) => <TextArea {...ids} mono rows={3} value={text} onChange={(event) => setText(event.target.value)} />}
      </Field>
      {error ? <ErrorNote title="It cannot be told" error={error} /> : data && <Answer answer={data} text={question.expression} />}
      <div className="row wrap">
        <Segments
          label="Looks at"
          value={side}
          onChange={setSide}
          options={[
            { value: "request", label: "The request" },
            { value: "response", label: "The answer" },
          ]}
        />
        <Segments
          label="Of"
          value={source}
          onChange={setSource}
          options={[
            { value: "recorded", label: "A recorded call" },
            { value: "made_up", label: "One that is made up" },
          ]}
        />
      </div>
      {source === "recorded" &&
        (call === undefined ? (
          <p className="small t3">No call is recorded yet: it is tried on the one that is made up.</p>
        ) : (
          <Field label="Call">
            {(ids) => (
              <Select
                {...ids}
                value={String(call)}
                options={calls.map((each) => ({
                  value: String(each.id),
                  label: `${clock(each.at_us / 1_000)}  ${each.status}  ${each.method} ${each.path}`,
                }))}
                onChange={(id) => setChosen(Number(id))}
              />
            )}
          </Field>
        ))}
      {!recorded && (
        <>
          <div className="playground-line">
            <Field label="Method">
              {(ids) => <Select {...ids} value={method} options={METHODS.map((value) => ({ value, label: value }))} onChange={setMethod} />}
            </Field>
            <Field label="Path and query">
              {(ids) => <TextInput {...ids} mono value={path} onChange={(event) => setPath(event.target.value)} />}
            </Field>
            {side === "response" && (
              <Field label="Status">
                {(ids) => <TextInput {...ids} inputMode="numeric" value={status} onChange={(event) => setStatus(event.target.value)} />}
              </Field>
            )}
          </div>
          <Field label="Headers" help="One on a line, such as x-user: ann">
            {(ids) => <TextArea {...ids} mono rows={3} value={headers} onChange={(event) => setHeaders(event.target.value)} />}
          </Field>
          {side === "request" && (
            <Field label="Body">
              {(ids) => <TextArea {...ids} mono rows={2} value={body} onChange={(event) => setBody(event.target.value)} />}
            </Field>
          )}
        </>
      )}
      {play.onUse && (
        <div className="row">
          <span className="push" />
          <Button
            look="primary"
            onClick={() => {
              play.onUse?.(text);
              endPlay();
            }}
          >
            Use it
          </Button>
        </div>
      )}
    </div>
  );
}

/** The value, or the fault at its place. */
function Answer({ answer, text }: { answer: ExpressionAnswer; text: string }) {
  const { value, fault, unrecorded } = answer;
  return (
    <div className="playground-answer" role="status">
      {fault ? (
        <>
          <code className="mono select-text">
            {text.slice(0, fault.from)}
            <mark>{text.slice(fault.from, fault.to) || " "}</mark>
            {text.slice(fault.to)}
          </code>
          <span className="c5">{fault.message}</span>
        </>
      ) : value === null ? (
        <span className="t2">It has no value here: what it names is not there.</span>
      ) : (
        <code className="mono select-text">{value === "" ? <span className="t3">empty text</span> : value}</code>
      )}
      {unrecorded.map((what) => (
        <span className="small c4" key={what}>
          Not recorded: {what}. With it the value may be another.
        </span>
      ))}
    </div>
  );
}
