import { useState } from "react";
import { actions } from "@/api/actions";
import type { Api, AppliedPolicy } from "@/api/types";
import { plural } from "@/shared/format";
import { Button, classes, Dialog, ErrorNote, toast } from "@/shared/ui";
import { forgetDraft, useDrafts } from "./drafts";
import { changesOf, type Edit, editsOf, whyNot, withEdits } from "./pending";

type PendingEditsProps = { api: Api; policies: AppliedPolicy[]; onOpen: (edit: Edit) => void };

/** The edits of several policies that wait: reviewed, taken back, or put in force together. */
export function PendingEdits({ api, policies, onOpen }: PendingEditsProps) {
  const drafts = useDrafts((state) => state.drafts);
  const edits = editsOf(api.id, policies, drafts);
  const [reviewing, setReviewing] = useState(false);
  if (edits.length === 0) return null;
  return (
    <section className="row pending-edits" aria-label="Edits not in force">
      <span className="strong small">{plural(edits.length, "edit")} not in force</span>
      <span className="row wrap pending-names">
        {edits.map((edit) => (
          <button type="button" key={edit.key} className="chip mono" onClick={() => onOpen(edit)}>
            {edit.draft.policy}
            {edit.saved === null && " (new)"}
          </button>
        ))}
      </span>
      <span className="push" />
      <Button size="s" onClick={() => setReviewing(true)}>
        Review and apply
      </Button>
      {reviewing && <Review api={api} policies={policies} edits={edits} onClose={() => setReviewing(false)} />}
    </section>
  );
}

type ReviewProps = { api: Api; policies: AppliedPolicy[]; edits: Edit[]; onClose: () => void };

function Review({ api, policies, edits, onClose }: ReviewProps) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const forget = () => {
    for (const { key } of edits) forgetDraft(key);
  };
  const apply = async () => {
    setBusy(true);
    setError(null);
    try {
      await actions.applyPolicyDraft(api.id, withEdits(policies, edits));
      forget();
      toast(`${plural(edits.length, "edit")} of ${api.name} ${edits.length === 1 ? "is" : "are"} in force.`);
      onClose();
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={`${plural(edits.length, "edit")} of ${api.name}`}
      width={680}
      foot={
        <>
          <Button
            look="ghost"
            className="btn-danger"
            onClick={() => {
              forget();
              onClose();
            }}
          >
            Take all back
          </Button>
          <span className="push" />
          <Button onClick={onClose}>Cancel</Button>
          <Button look="primary" busy={busy} onClick={() => void apply()}>
            Apply together
          </Button>
        </>
      }
    >
      {error !== null && <ErrorNote title="Nothing was applied" message={whyNot(error, withEdits(policies, edits))} />}
      <p className="small t2">They come in force in one step: no call meets some of them without the others.</p>
      {edits.map((edit) => (
        <section key={edit.key} className="edit" aria-label={`Changes of ${edit.draft.policy}`}>
          <h4 className="row mono">
            {edit.draft.policy}
            <span className="chip chip-accent scope-chip">{edit.saved ? "Changed" : "New"}</span>
          </h4>
          <pre className="line-changes">
            {changesOf(edit).map(({ mark, text }, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: lines have no other name
              <span key={index} className={classes(mark === "+" && "line-added", mark === "-" && "line-gone")}>
                {`${mark} ${text}`}
              </span>
            ))}
          </pre>
        </section>
      ))}
    </Dialog>
  );
}
