import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { History } from "lucide-react";
import { useState } from "react";
import { queries } from "@/api/queries";
import type { PolicyPreview as Previewed, PreviewedCall } from "@/api/types";
import { clock, plural } from "@/shared/format";
import { Button, CallStatus, Dialog, Empty, ErrorNote, Method } from "@/shared/ui";
import { type Draft, inputOf } from "./draft";

type Outcome = PreviewedCall["outcome"];

/** What each outcome is called, in the order of what matters before a save. */
const WORDS: [Outcome, string][] = [
  ["refused", "Would be refused"],
  ["failed", "Would fail"],
  ["answered", "Would be answered by it"],
  ["changed", "Would be changed"],
  ["cannot_tell", "Cannot tell"],
  ["passed", "Would pass"],
  ["out_of_scope", "Out of scope"],
  ["not_reached", "Not reached"],
];

const TONES: Partial<Record<Outcome, string>> = {
  refused: "cr",
  failed: "c5",
  answered: "c3",
  changed: "c3",
  cannot_tell: "c4",
  passed: "c2",
};

type PolicyPreviewProps = { api_id: number; draft: Draft; replaces: number | undefined; disabled: boolean };

/** Runs the policy as it stands in the form over the API's last calls; nothing is saved or sent by it. */
export function PolicyPreview({ api_id, draft, replaces, disabled }: PolicyPreviewProps) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button size="s" icon={History} disabled={disabled} onClick={() => setOpen(true)}>
        Try on the last calls
      </Button>
      <Dialog
        open={open}
        onClose={() => setOpen(false)}
        title={`${draft.policy} on the last calls`}
        description="What it would have done, had it stood where it stands now. Nothing is saved, and nobody is called. It counts from the oldest of these calls on."
        width={940}
      >
        {open && <Result api_id={api_id} draft={draft} replaces={replaces} />}
      </Dialog>
    </>
  );
}

function Result({ api_id, draft, replaces }: Omit<PolicyPreviewProps, "disabled">) {
  const { data, error, refetch } = useQuery(queries.policyPreview(api_id, replaces, inputOf(draft)));
  const [chosen, setChosen] = useState<Outcome | null>(null);
  if (error) return <ErrorNote title="It could not be tried" error={error} onRetry={() => void refetch()} />;
  if (!data)
    return (
      <p className="t2" role="status">
        Running it over the last calls…
      </p>
    );
  if (data.calls.length === 0)
    return (
      <Empty title="No call to try it on">No call of this API is recorded yet. Send one from the tester, then try the policy again.</Empty>
    );
  const shown = chosen === null ? notable(data) : data.calls.filter((call) => call.outcome === chosen);
  return (
    <>
      <Counts data={data} chosen={chosen} onChoose={(outcome) => setChosen(outcome === chosen ? null : outcome)} />
      {data.left_out > 0 && <p className="small c4">There was no time left for {plural(data.left_out, "call")}.</p>}
      {shown.length === 0 ? <p className="t2">Every call would have passed as it is.</p> : <Calls calls={shown} />}
    </>
  );
}

/** What a save would change: calls that pass as they are say nothing. */
export function notable({ calls }: Previewed): PreviewedCall[] {
  const quiet: Outcome[] = ["passed", "out_of_scope", "not_reached"];
  return calls.filter((call) => !quiet.includes(call.outcome));
}

type CountsProps = { data: Previewed; chosen: Outcome | null; onChoose: (outcome: Outcome) => void };

function Counts({ data, chosen, onChoose }: CountsProps) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset cannot be laid out as a row in WebKitGTK
    <div className="row wrap" role="group" aria-label={`Of ${plural(data.calls.length, "call")}; choose which to show`}>
      {WORDS.filter(([outcome]) => data.counts[outcome] > 0).map(([outcome, words]) => (
        <button
          key={outcome}
          type="button"
          className="chip chip-toggle"
          aria-pressed={chosen === outcome}
          onClick={() => onChoose(outcome)}
        >
          <b className={TONES[outcome]}>{data.counts[outcome]}</b>&nbsp;{words}
        </button>
      ))}
    </div>
  );
}

function Calls({ calls }: { calls: PreviewedCall[] }) {
  return (
    <div className="preview-calls">
      <table className="table">
        <thead>
          <tr>
            <th>Time</th>
            <th>Request</th>
            <th>Was</th>
            <th>With the policy</th>
          </tr>
        </thead>
        <tbody>
          {calls.map((call) => (
            <tr key={call.id}>
              <td className="num">
                <Link to="/traffic" search={{ call: call.id }}>
                  {clock(call.at_us / 1_000)}
                </Link>
              </td>
              <td>
                <Method method={call.method} />{" "}
                <span className="mono small" title={call.path}>
                  {call.path}
                </span>
              </td>
              <td>
                <CallStatus status={call.was} refused_by={null} grpc_status={null} />
              </td>
              <td>
                <span className={TONES[call.outcome]}>{wordsOf(call)}</span>
                {reasonsOf(call).map((reason) => (
                  <div className="small t2" key={reason}>
                    {reason}
                  </div>
                ))}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const wordsOf = ({ outcome, status }: PreviewedCall): string => {
  const words = WORDS.find(([known]) => known === outcome)?.[1] ?? outcome;
  return status === null ? words : `${words} with ${status}`;
};

export const reasonsOf = ({ why, changes }: PreviewedCall): string[] => (why === "" ? changes : [why, ...changes]);
