import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Lock, LockOpen, Pencil } from "lucide-react";
import { useState } from "react";
import { queries } from "@/api/queries";
import type { Certificate, Listener } from "@/api/types";
import { ago, plural, sentences } from "@/shared/format";
import { Button, StatusChip } from "@/shared/ui";
import { useNow } from "@/shared/use-now";
import { ListenerDialog } from "./listener-dialog";
import { expiryTone, greeting, LISTENER_STATES, until } from "./words";

/** How often words such as "3 s ago" are made anew, in milliseconds. */
const EVERY_MS = 5_000;

/** Every address and port that calls come in at, how it is, and how it greets. */
export function ListenersCard({ listeners, certificates }: { listeners: Listener[]; certificates: Certificate[] }) {
  const [edited, setEdited] = useState<string | null>(null);
  const listener = listeners.find(({ address }) => address === edited);
  return (
    <section className="card" aria-labelledby="listeners">
      <div className="card-head ruled">
        <h2 id="listeners">Listeners</h2>
        <span className="push small t3 trunc">An API's settings say where it listens; all APIs at one port share its TLS</span>
      </div>
      {listeners.length === 0 && <p className="settings-row t3">None. The first API that is added opens one.</p>}
      <ul>
        {listeners.map((known) => (
          <Line key={known.address} listener={known} onEdit={() => setEdited(known.address)} />
        ))}
      </ul>
      {listener && <ListenerDialog listener={listener} certificates={certificates} onClose={() => setEdited(null)} />}
    </section>
  );
}

function Line({ listener, onEdit }: { listener: Listener; onEdit: () => void }) {
  const { address, tls, state, message, advice, api_ids, certificates, uncovered_hosts, handshake_failures: failures } = listener;
  const now = useNow(EVERY_MS);
  const shown = LISTENER_STATES[state];
  return (
    <li className="listener" aria-label={`Listener ${address}`}>
      <div className="row">
        <span className="mono strong select-text">{address}</span>
        <span className={tls ? "chip chip-accent" : "chip"}>
          {tls ? <Lock className="i" aria-hidden /> : <LockOpen className="i" aria-hidden />}
          {tls ? "HTTPS" : "HTTP"}
        </span>
        <StatusChip of={shown.of}>{shown.words}</StatusChip>
        <Button size="s" className="push" icon={Pencil} onClick={onEdit} aria-label={`${tls ? "Change TLS" : "Use HTTPS"} at ${address}`}>
          {tls ? "Change TLS" : "Use HTTPS"}
        </Button>
      </div>
      {(message || advice) && <p className="small c5">{sentences(message, advice)}</p>}
      <dl className="kv">
        <dt>APIs</dt>
        <dd>
          <ApiLinks ids={api_ids} />
        </dd>
        {tls && (
          <>
            <dt>Shows</dt>
            <dd className="row wrap">
              {certificates.map((certificate) => (
                <span className="row row-1" key={certificate.id} title={certificate.hosts.join(", ")}>
                  <span className="strong">{certificate.name}</span>
                  <StatusChip of={expiryTone(certificate.expiry)}>{until(certificate.not_after, now)}</StatusChip>
                </span>
              ))}
              {certificates.length === 0 && <span className="c5">No certificate is there to be shown</span>}
            </dd>
            <dt>Speaks</dt>
            <dd className="t2">{greeting(tls)}</dd>
            <dt>Failed greetings</dt>
            <dd className="t2">
              {failures.count === 0 ? "none" : plural(failures.count, "greeting")}
              {failures.last_at !== null && (
                <span className="t3">
                  , the last {ago(failures.last_at, now)} of {failures.last_remote}: {failures.last_reason}
                </span>
              )}
            </dd>
          </>
        )}
      </dl>
      {uncovered_hosts.length > 0 && (
        <div className="note note-warn">
          <div>
            No certificate here is for {uncovered_hosts.join(", ")}: callers that ask for {uncovered_hosts.length === 1 ? "it" : "them"}{" "}
            will not trust the answer.
          </div>
        </div>
      )}
    </li>
  );
}

/** APIs by name, each a way to its own screen. */
export function ApiLinks({ ids }: { ids: readonly number[] }) {
  const apis = useQuery(queries.apis()).data ?? [];
  const known = apis.filter(({ id }) => ids.includes(id));
  if (ids.length === 0) return <span className="t3">none</span>;
  return (
    <span className="row wrap">
      {known.map(({ id, name, version }) => (
        <Link key={id} to="/apis/$id" params={{ id }} search={{ tab: "settings" }}>
          {name} {version}
        </Link>
      ))}
    </span>
  );
}
