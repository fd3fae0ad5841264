import { actions } from "@/api/actions";
import { Button, CallStatus, CopyButton, ErrorNote } from "@/shared/ui";
import { type Facts, passedCall, refusedCall } from "./progress";
import { useAct } from "./tour-steps";

/** Two calls of the same address: the one without credentials is refused, the one with them passes. */
export function CallStep({ facts }: { facts: Facts }) {
  const send = (call_as: number | null) => async () => {
    if (facts.api) await actions.send({ method: "GET", api_id: facts.api.id, path: "/1", headers: [], body: null, call_as });
  };
  const without = useAct(send(null));
  const withSecret = useAct(send(facts.client?.id ?? null));
  const refused = refusedCall(facts);
  const passed = passedCall(facts);
  const error = without.error ?? withSecret.error;
  const curl = `curl -i ${facts.api?.proxy_url}/1`;
  return (
    <>
      <p className="small t2 step-note">Send both from here, or the first from a terminal:</p>
      <div className="row row-1">
        <span className="mono small trunc select-text">{curl}</span>
        <CopyButton text={curl} label="Copy the curl command" />
      </div>
      {error !== null && <ErrorNote title="The call was not sent" error={error} />}
      <div className="row step-act wrap">
        <Button look={refused ? "plain" : "primary"} busy={without.busy} onClick={without.start}>
          Call without the secret
        </Button>
        {refused && <CallStatus status={refused.status} refused_by={refused.refused_by} />}
        <Button look={refused && !passed ? "primary" : "plain"} busy={withSecret.busy} onClick={withSecret.start}>
          Call as {facts.client?.name}
        </Button>
        {passed && <CallStatus status={passed.status} refused_by={null} />}
      </div>
    </>
  );
}
