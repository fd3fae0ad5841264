import { Send } from "lucide-react";
import { Empty, ErrorNote } from "@/shared/ui";
import { BurstView } from "./burst-view";
import { ResponseView } from "./response-view";
import { send, useTester } from "./store";
import { useSlow } from "./use-slow";

/** What came of the last send: the old answer stays in sight while a new one is awaited. */
export function OutcomeView() {
  const outcome = useTester((state) => state.outcome);
  const slow = useSlow(useTester((state) => state.under_way !== null));
  return (
    <div className={slow ? "col grow tester-outcome waiting" : "col grow tester-outcome"} aria-busy={slow} aria-live="polite">
      {slow && <div className="progress" role="progressbar" aria-label="Waiting for the answer" />}
      {outcome.kind === "none" && (
        <Empty icon={Send} title="Send a request">
          The answer appears here, and beside it what each policy decided.
        </Empty>
      )}
      {outcome.kind === "error" && (
        <div className="tester-error">
          <ErrorNote title="No answer" error={outcome.error} onRetry={() => void send()} />
        </div>
      )}
      {outcome.kind === "response" && <ResponseView key={outcome.at_ms} response={outcome.response} at_ms={outcome.at_ms} />}
      {outcome.kind === "burst" && <BurstView key={outcome.at_ms} result={outcome.result} at_ms={outcome.at_ms} />}
    </div>
  );
}
