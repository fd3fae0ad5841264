import { useQuery } from "@tanstack/react-query";
import { ChevronDown, KeyRound, Repeat2, X } from "lucide-react";
import { type ReactNode, useState } from "react";
import { queries } from "@/api/queries";
import type { ApiSummary } from "@/api/types";
import { ClientSelect } from "@/shared/client";
import { Button, IconButton } from "@/shared/ui";
import { faultOf, METHODS, prefixOf } from "./draft";
import { SendManyDialog } from "./send-many";
import { cancel, change, send, useTester } from "./store";
import { useSlow } from "./use-slow";

const ANY_URL = "";

const apiOptions = (apis: readonly ApiSummary[]) => [
  ...apis.map((api) => ({ value: String(api.id), label: `${api.name} ${api.version}` })),
  { value: ANY_URL, label: "Any URL" },
];

const asId = (value: string) => (value === "" ? null : Number(value));

/** A select without a frame, inside a field that has one. */
function Bare({ children }: { children: ReactNode }) {
  return (
    <span className="bare-select">
      {children}
      <ChevronDown className="i i-xs" aria-hidden />
    </span>
  );
}

/** Method, target, whom to call as, and the buttons that send. */
export function RequestLine() {
  const apis = useQuery(queries.apis()).data ?? [];
  const draft = useTester((state) => state.draft);
  const slow = useSlow(useTester((state) => state.under_way !== null));
  const [many, setMany] = useState(false);
  const [tried, setTried] = useState(false);
  const fault = faultOf(draft);
  const api = apis.find((each) => each.id === draft.api_id);

  const trySend = () => {
    setTried(fault !== null);
    if (fault === null) void send();
  };
  return (
    <form
      className="tester-line"
      onSubmit={(event) => {
        event.preventDefault();
        trySend();
      }}
    >
      <div className="tester-target">
        <Bare>
          <select
            className="method w"
            aria-label="Method"
            value={draft.method}
            onChange={(event) => change({ method: event.target.value })}
          >
            {METHODS.map((method) => (
              <option key={method}>{method}</option>
            ))}
          </select>
        </Bare>
        <Bare>
          <select
            className="tester-api"
            aria-label="API"
            value={draft.api_id === null ? ANY_URL : String(draft.api_id)}
            onChange={(event) => change({ api_id: asId(event.target.value) })}
          >
            {apiOptions(apis).map((option) => (
              <option key={option.value} value={option.value}>
                {option.label}
              </option>
            ))}
          </select>
        </Bare>
        {api && (
          <span className="path t3 tester-prefix trunc cut-start" title={api.proxy_url}>
            <bdi>{prefixOf(api)}</bdi>
          </span>
        )}
        {draft.api_id === null ? (
          <input
            className="path"
            aria-label="URL"
            placeholder="http://127.0.0.1:8081/..."
            value={draft.url}
            aria-invalid={(tried && fault !== null) || undefined}
            onChange={(event) => change({ url: event.target.value })}
            spellCheck={false}
            autoComplete="off"
          />
        ) : (
          <input
            className="path"
            aria-label="Path"
            placeholder="/path?query"
            value={draft.path}
            aria-invalid={(tried && fault !== null) || undefined}
            onChange={(event) => change({ path: event.target.value })}
            spellCheck={false}
            autoComplete="off"
          />
        )}
      </div>
      <span className="tester-as">
        <KeyRound className="i i-s" aria-hidden />
        <ClientSelect
          aria-label="Call as"
          title="Call as: whose client ID and secret go with the call"
          nobody="No credentials"
          value={draft.call_as}
          onChange={(call_as) => change({ call_as })}
        />
      </span>
      {slow ? (
        <Button icon={X} onClick={cancel}>
          Cancel
        </Button>
      ) : null}
      <Button look="primary" type="submit" kbd="Ctrl ⏎">
        Send
      </Button>
      <IconButton icon={Repeat2} size="m" look="plain" label="Send many" onClick={() => setMany(true)} />
      {tried && fault && (
        <p className="tester-fault small c5" role="alert">
          {fault}
        </p>
      )}
      <SendManyDialog open={many} onClose={() => setMany(false)} fault={fault} />
    </form>
  );
}
