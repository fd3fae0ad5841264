import { useState } from "react";
import { actions } from "@/api/actions";
import { messageOf } from "@/api/errors";
import type { Settings } from "@/api/types";
import { Screen } from "@/shared/screen";
import { Button, toast } from "@/shared/ui";
import { COUNTED, doneSteps } from "./progress";
import { TourChart, TourLane } from "./tour-picture";
import { TourSteps } from "./tour-steps";
import { useFacts } from "./use-facts";

/** The first run: protect a sample API, step by step, with the real thing. */
export function Tour({ settings }: { settings: Settings }) {
  const facts = useFacts();
  const [seen, setSeen] = useState(false);
  const done = doneSteps(facts, seen);
  const counted = Math.min(done, COUNTED);
  const leave = () =>
    actions.saveSettings({ ...settings, tour_done: true }).catch((failure: unknown) => toast(messageOf(failure), "error"));
  return (
    <Screen title="Overview" className="tour">
      <div className="col tour-left">
        <div>
          <h2 className="tour-title">Protect an API in five minutes</h2>
          <p className="t2">Everything stays on this computer. No account, and no call you did not ask for.</p>
        </div>
        <section className="card" aria-label="Steps">
          <div className="row tour-progress">
            <span className="small strong">
              {counted} of {COUNTED} done
            </span>
            <span
              className="meter grow"
              role="progressbar"
              aria-label="Progress"
              aria-valuemin={0}
              aria-valuemax={COUNTED}
              aria-valuenow={counted}
            >
              <i style={{ width: `${(counted / COUNTED) * 100}%` }} />
            </span>
            <Button size="s" look={counted === COUNTED ? "primary" : "ghost"} onClick={leave}>
              {counted === COUNTED ? "Finish" : "Skip the tour"}
            </Button>
          </div>
          <TourSteps facts={facts} done={done} onSeen={() => setSeen(true)} onFinish={leave} />
        </section>
      </div>
      <div className="col tour-right">
        <TourLane facts={facts} done={done} />
        <TourChart facts={facts} />
      </div>
    </Screen>
  );
}
