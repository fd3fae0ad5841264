import { useQuery } from "@tanstack/react-query";
import { queries } from "@/api/queries";
import type { Api, Target } from "@/api/types";
import { clock, count, percent } from "@/shared/format";
import { StatusChip } from "@/shared/ui";
import { useNow } from "@/shared/use-now";

/** How often the state of the targets is asked for while it is in sight, in milliseconds. */
const EVERY_MS = 1_000;

/** The state of every target of an API, live. */
export function TargetsCard({ api }: { api: Api }) {
  const { data: targets, error } = useQuery({ ...queries.targets(api.id), refetchInterval: EVERY_MS });
  const now = useNow(EVERY_MS);
  const total = (route: string | null) =>
    (targets ?? []).filter((target) => target.route === route).reduce((sum, target) => sum + target.weight, 0);
  return (
    <section className="card" aria-labelledby="targets">
      <div className="card-head ruled">
        <h2 id="targets">Targets</h2>
        <span className="push small t3">{error ? "Their state is not known at the moment" : "Live"}</span>
      </div>
      <div className="targets-scroll">
        <table className="table targets-table">
          <thead>
            <tr>
              <th scope="col">Target</th>
              <th scope="col">State</th>
              <th scope="col" className="num">
                Share
              </th>
              <th scope="col" className="num">
                Under way
              </th>
              <th scope="col" className="num">
                Connections
              </th>
              <th scope="col" className="num">
                Calls
              </th>
              <th scope="col" className="num">
                Failed
              </th>
              <th scope="col">Last failure</th>
            </tr>
          </thead>
          <tbody>
            {(targets ?? []).map((target) => (
              <tr key={`${target.route ?? ""} ${target.url}`}>
                <td className="mono select-text" title={target.url}>
                  {target.route && <span className="chip target-route">{target.route}</span>}
                  {target.url}
                </td>
                <td>
                  <State target={target} now={now} />
                </td>
                <td className="num">{percent(target.weight, total(target.route))}</td>
                <td className="num">{count(target.outstanding)}</td>
                <td className="num">{count(target.connections)}</td>
                <td className="num">{count(target.calls)}</td>
                <td className="num">{count(target.failures)}</td>
                <td className="t2" title={target.last_failure?.message}>
                  {target.last_failure ? `${clock(target.last_failure.at)} ${target.last_failure.message}` : "none"}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

/** A word, a glyph and a colour for how a target is. */
function State({ target, now }: { target: Target; now: number }) {
  if (target.ejected_until !== null && target.ejected_until > now)
    return (
      <StatusChip of="5" title="It failed too many calls in a row">
        Left out for {Math.ceil((target.ejected_until - now) / 1_000)} s
      </StatusChip>
    );
  if (target.health === "unhealthy") return <StatusChip of="5">Unhealthy</StatusChip>;
  if (target.health === "healthy") return <StatusChip of="2">Healthy</StatusChip>;
  return (
    <StatusChip of="none" title="No health check, or none has answered yet">
      Not checked
    </StatusChip>
  );
}
