import { Link } from "@tanstack/react-router";
import { Check } from "lucide-react";
import { type FormEvent, type ReactNode, useState } from "react";
import { actions } from "@/api/actions";
import type { BurstResult } from "@/api/types";
import { Button, CopyButton, classes, ErrorNote, Field, StatusChip, TextInput } from "@/shared/ui";
import { CallStep } from "./call-step";
import { type Facts, isTourApi, LIMITING, PROTECTING, STEPS, type StepId } from "./progress";

type StepsProps = { facts: Facts; done: number; onSeen: () => void; onFinish: () => void };

const TITLES: Record<StepId, string> = {
  sample: "Start the sample API",
  api: "Add it to the gateway",
  protect: "Require a client ID",
  credentials: "Issue credentials",
  call: "Call it, with and without the secret",
  chart: "See both calls in the chart",
  limit: "Limit it to 5 calls a minute, and see the 429",
};

export function TourSteps({ facts, done, onSeen, onFinish }: StepsProps) {
  return (
    <ol className="tour-steps">
      {STEPS.map((id, index) => {
        const state = index < done ? "done" : index === done ? "now" : "todo";
        return (
          <li key={id} className={classes("step", state)} aria-current={state === "now" ? "step" : undefined}>
            <span className="no">
              {state === "done" ? <Check className="i i-s" aria-label="Done" /> : id === "limit" ? "+" : index + 1}
            </span>
            <div className={state === "now" ? "step-wide" : undefined}>
              <div className="ttl">{TITLES[id]}</div>
              {state === "done" && <div className="small t3 step-note">{doneNote(id, facts)}</div>}
              {state === "now" && <Now id={id} facts={facts} onSeen={onSeen} onFinish={onFinish} />}
            </div>
            {state === "done" && <StepLink id={id} facts={facts} />}
            {state === "todo" && <span className="small t3">{id === "limit" ? "extra" : ""}</span>}
          </li>
        );
      })}
    </ol>
  );
}

function doneNote(id: StepId, { sample, api, client, calls }: Facts): ReactNode {
  switch (id) {
    case "sample":
      return (
        <>
          <span className="mono">{sample.url?.replace("http://", "")}</span> answers
        </>
      );
    case "api":
      return (
        <>
          <span className="mono">{api?.proxy_url}</span>, in force
        </>
      );
    case "protect":
      return `${PROTECTING}, in force`;
    case "credentials":
      return (
        <span className="row row-1">
          {client?.name}: <span className="mono">{client?.credentials[0]?.client_id}</span>
          <CopyButton text={client?.credentials[0]?.client_id ?? ""} label="Copy the client ID" />
        </span>
      );
    case "call":
      return "One was refused with 401, one passed";
    case "chart":
      return "Refused calls are violet and hatched";
    case "limit":
      return (
        <span className="row row-1">
          {/* How many were over the limit, as the gateway recorded them. */}
          <StatusChip of="refused">{calls.filter((call) => call.refused_by === LIMITING).length} × 429</StatusChip>
          <span>The sixth call within a minute gets 429</span>
        </span>
      );
  }
}

function StepLink({ id, facts }: { id: StepId; facts: Facts }) {
  if (id === "call") {
    return (
      <Link className="small" to="/traffic">
        Open Traffic
      </Link>
    );
  }
  if (id === "credentials" && facts.client) {
    return (
      <Link className="small" to="/clients/$id" params={{ id: facts.client.id }}>
        Open
      </Link>
    );
  }
  if (facts.api && (id === "api" || id === "protect" || id === "limit")) {
    return (
      <Link className="small" to="/apis/$id" params={{ id: facts.api.id }}>
        Open
      </Link>
    );
  }
  return null;
}

function Now({ id, facts, onSeen, onFinish }: { id: StepId; facts: Facts; onSeen: () => void; onFinish: () => void }) {
  switch (id) {
    case "sample":
      return (
        <Act
          words="A small API on this computer, to have something to protect. It makes no calls of its own."
          act="Start"
          run={actions.startSample}
        >
          {facts.sample.message && <ErrorNote title="The sample API does not run" message={facts.sample.message} />}
        </Act>
      );
    case "api":
      return <AddSample facts={facts} />;
    case "protect":
      return (
        <Act
          words="Calls without the ID and secret of a client app are refused with 401, and go no further."
          act="Put it on"
          run={() => (facts.api ? protect(facts) : Promise.resolve())}
        />
      );
    case "credentials":
      return <Issue facts={facts} />;
    case "call":
      return <CallStep facts={facts} />;
    case "chart":
      return (
        <Act
          words="On the right: the call that passed is green, the one that was refused is violet and hatched."
          act="I see them"
          run={async () => onSeen()}
        />
      );
    case "limit":
      return <Limit facts={facts} onFinish={onFinish} />;
  }
}

/** A policy that is there but off is switched on; else it is added. */
async function protect({ api, policies }: Facts): Promise<void> {
  const there = policies.find((policy) => policy.policy === PROTECTING);
  if (!api) return;
  if (there) await actions.savePolicy(api.id, there.id, { policy: PROTECTING, config: there.config, only: there.only, enabled: true });
  else await actions.addPolicy(api.id, { policy: PROTECTING, config: {}, enabled: true });
}

type ActProps = { words: string; act: string; run: () => Promise<unknown>; children?: ReactNode };

/** Words, one button, and why it did not work when it did not. */
function Act({ words, act, run, children }: ActProps) {
  const { busy, error, start } = useAct(run);
  return (
    <>
      <p className="small t2 step-note">{words}</p>
      {children}
      {error !== null && <ErrorNote title="That did not work" error={error} />}
      <div className="row step-act">
        <Button look="primary" busy={busy} onClick={start}>
          {act}
        </Button>
      </div>
    </>
  );
}

export function useAct(run: () => Promise<unknown>) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const start = async () => {
    setBusy(true);
    setError(null);
    try {
      await run();
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };
  return { busy, error, start };
}

function AddSample({ facts }: { facts: Facts }) {
  const url = `${facts.sample.url}/posts`;
  const failed = facts.api?.state === "failed" ? facts.api : undefined;
  if (failed && isTourApi(failed, facts.sample.url)) {
    return (
      <>
        <ErrorNote title="It is added, and cannot be served yet" message={failed.fault ?? "Its listener does not listen."} />
        <p className="small t2 step-note">
          Free the port, or give it another one in{" "}
          <Link to="/apis/$id" params={{ id: failed.id }} search={{ tab: "settings" }}>
            its settings
          </Link>
          .
        </p>
      </>
    );
  }
  return (
    <Act
      words={`A name and a URL are enough. The gateway then answers at :8081/posts/v1 in the place of ${url}.`}
      act="Add Posts API"
      run={() => actions.addApi({ name: "Posts", version: "v1", upstream: { url } })}
    />
  );
}

function Issue({ facts }: { facts: Facts }) {
  const [name, setName] = useState("MyTestApp");
  const { busy, error, start } = useAct(async () => {
    if (!facts.api) return;
    if (facts.contract) return actions.restoreContract(facts.contract.id);
    const client = await actions.addClient({ name: name.trim() });
    return actions.addContract(client.id, facts.api.id);
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void start();
  };
  return (
    <form onSubmit={submit}>
      <p className="small t2 step-note">A client app stands for whoever calls. It gets an ID and a secret, and a contract with this API.</p>
      <Field label="Name of the client app" className="step-act">
        {(ids) => (
          <div className="row">
            <TextInput {...ids} className="grow" value={name} onChange={(event) => setName(event.target.value)} />
            <Button type="submit" look="primary" kbd="⏎" busy={busy} disabled={name.trim() === ""}>
              Issue ID and secret
            </Button>
          </div>
        )}
      </Field>
      {error !== null && <ErrorNote title="The credentials were not issued" error={error} />}
    </form>
  );
}

/** One more than the limit lets pass. */
const BURST = 6;

function Limit({ facts, onFinish }: { facts: Facts; onFinish: () => void }) {
  const [result, setResult] = useState<BurstResult | null>(null);
  const { busy, error, start } = useAct(async () => {
    if (!facts.api || !facts.client) return;
    if (!facts.policies.some((policy) => policy.policy === LIMITING))
      await actions.addPolicy(facts.api.id, { policy: LIMITING, config: { limits: [{ requests: BURST - 1, per: "1m" }] } });
    const request = { method: "GET", api_id: facts.api.id, path: "/1", headers: [], body: null, call_as: facts.client.id };
    setResult(await actions.burst({ request, count: BURST, concurrency: 1 }));
  });
  return (
    <>
      <p className="small t2 step-note">
        Adds rate-limiting below the client ID, and sends {BURST} calls. Five pass, the sixth is refused.
      </p>
      {error !== null && <ErrorNote title="That did not work" error={error} />}
      <div className="row step-act">
        <Button busy={busy} onClick={start}>
          Limit it, and send {BURST} calls
        </Button>
        <Button look="primary" onClick={onFinish}>
          Finish without it
        </Button>
        {result?.by_status.map((row) => (
          <StatusChip key={row.status} of={row.status === 429 ? "refused" : row.status < 300 ? "2" : "5"}>
            {row.calls} × {row.status}
          </StatusChip>
        ))}
      </div>
    </>
  );
}
